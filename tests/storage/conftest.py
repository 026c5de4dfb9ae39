"""A store of each kind, empty, to run the contract on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.engine import open_engine, writing
from storage.migrate import upgrade
from storage.open import open_storage
from storage.tables import metadata
from tests.fakes import MemoryStorage

KINDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def shared_database(new_database: Callable[[], str]) -> str:
    """The address of a PostgreSQL database that has the schema."""
    url = new_database()
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def emptied_database(shared_database: str) -> str:
    """The address of that database, with no row in it: emptying takes a tenth of the time of making one."""
    engine = open_engine(shared_database)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)} CASCADE")
    engine.dispose()
    return shared_database


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    url = request.getfixturevalue("emptied_database") if request.param == "postgres" else ""
    with open_storage(database_url=url, blobs_url="", home=tmp_path / "home") as opened:
        yield opened
