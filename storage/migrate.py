"""A database of any known version, or an empty one → the schema of today, by one process while the others wait."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kimi_docs.errors import Misconfigured
from kimi_docs.language import say
from storage.engine import reading, writing
from storage.failures import disk_failure, shown, worded
from storage.snapshot import copy_sqlite
from storage.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x4B494D49  # any number no other program on the same server uses for its advisory lock


def versions(migrations: Path = MIGRATIONS) -> list[str]:
    """The known versions, oldest first. Read from the names of files, so that a ready store opens without Alembic."""
    names = (re.match(r"(\d{4})\w*\.py$", file.name) for file in (migrations / "versions").iterdir())
    return sorted(name[1] for name in names if name)


def current(connection: Connection) -> str | None:
    """The version of the database; None where it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def upgrade(engine: Engine, migrations: Path = MIGRATIONS) -> None:
    """Bring the schema up to date. Any number of processes may call it at once. All happens in one transaction, so one that is
    interrupted has changed nothing. Before a SQLite file that holds data is changed, a copy is laid beside it.

    Raises: Misconfigured (a newer schema, tables of another program, a damaged or read-only database), KimiDocsError (disk full).
    """
    known = versions(migrations)
    with reading(engine) as connection:
        if _up_to_date(connection, known, engine):
            return
    with _alone(engine) as connection:
        version = current(connection)
        if _up_to_date(connection, known, engine):  # another process was faster
            return
        if version is None:
            _refuse_foreign_tables(connection, engine)
        elif engine.dialect.name == "sqlite":
            _copy(Path(engine.url.database or ""), version)
        _run(connection, migrations)
        _check_references(connection)


def _up_to_date(connection: Connection, known: list[str], engine: Engine) -> bool:
    version = current(connection)
    if version is not None and version not in known:
        raise Misconfigured(
            say("The database {database} was made by a newer version of this program.", database=shown(engine.url)),
            say("Nothing was changed. Install the newer version, or set KIMI_DOCS_HOME to another folder."),
        )
    return version == known[-1]


def _refuse_foreign_tables(connection: Connection, engine: Engine) -> None:
    if taken := set(sa.inspect(connection).get_table_names()) & set(metadata.tables):
        raise Misconfigured(
            say(
                "The database {database} holds tables of another program: {tables}.",
                database=shown(engine.url),
                tables=", ".join(sorted(taken)),
            ),
            say("Nothing was changed. Set KIMI_DOCS_DATABASE_URL to a database of its own."),
        )


def make(engine: Engine, version: str) -> None:
    """An empty database as it was at a version before today's."""
    with _alone(engine) as connection:
        _run(connection, MIGRATIONS, version)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that no other process migrates beside: SQLite's own write lock, PostgreSQL's advisory one."""
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
        return
    # A table that is made anew is dropped first, which must not take the rows that refer to it along.
    with worded(engine.url), engine.connect() as held:
        driver = held.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with held.begin():
                yield held
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _copy(file: Path, version: str) -> None:
    """The database as it was at `version`, beside it; a copy made by an attempt that failed is made again."""
    target = file.with_name(f"{file.name}.before-upgrade-from-{version}")
    temporary = target.with_name(f"{target.name}.part")
    try:
        copy_sqlite(file, temporary)
        temporary.replace(target)
    except OSError as error:
        raise disk_failure(error, str(file.parent)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _run(connection: Connection, migrations: Path, version: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, version)


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and (lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise Misconfigured(
            say("The database holds rows of {table} that refer to nothing.", table=str(lost[0])),
            say("Nothing was changed. Run “kimi-docs doctor”, or restore a backup."),
        )
