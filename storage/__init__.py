"""The kept things: SQLAlchemy Core tables, one query layer, blobs by hash, migrations."""
