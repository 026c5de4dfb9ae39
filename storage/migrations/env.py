"""An open connection (given by `storage.migrate`) → the schema changed on it, in its transaction."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=True,
    compare_type=True,
)
context.run_migrations()
