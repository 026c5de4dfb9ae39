"""A store of each kind, empty, to run the contract on."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.engine import open_engine, writing
from storage.migrate import upgrade
from storage.open import open_storage
from storage.tables import metadata
from tests.fakes import MemoryStorage
from tests.s3 import S3Server

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


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A store that speaks S3."""
    for module in ("botocore", "moto.server", "flask_cors"):
        pytest.importorskip(module, reason="the packages of the extra s3 and its tests are not installed")
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """That store, nothing to fail at first, and the settings that point at it and at nothing of this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    s3_server.reset()
    return s3_server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The address of an empty place in it."""
    return f"s3://{s3.bucket()}/team/docs"


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    url = request.getfixturevalue("emptied_database") if request.param == "postgres" else ""
    with open_storage(database_url=url, blobs_url="", home=tmp_path / "home") as opened:
        yield opened
