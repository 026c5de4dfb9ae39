"""Old, new, foreign and half-changed databases, and six programs that start at once."""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from kimi_docs.errors import Misconfigured
from storage.engine import open_engine, reading, writing
from storage.migrate import MIGRATIONS, current, upgrade, versions
from storage.open import open_storage
from storage.tables import metadata
from tests.storage.conftest import KINDS
from tests.storage.things import (
    ALICE,
    ALICE_ELSEWHERE,
    ANSWER,
    CALL,
    DEPARTURE,
    DOCUMENT,
    EXTRACTION,
    RUN,
    SESSION,
    SUMMARY,
    later,
)

OLD = sorted((Path(__file__).parent / "old").glob("*.sql"))

NEXT = '''"""A change to come."""

import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "HEAD"


def upgrade() -> None:
    with op.batch_alter_table("documents", recreate="auto") as table:
        table.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="red"))
        table.alter_column("name", new_column_name="file_name")
    STEP


def downgrade() -> None:
    pass
'''


@pytest.fixture(params=[kind for kind in KINDS if kind != "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "postgres":
        make: Callable[[], str] = request.getfixturevalue("new_database")
        return make()
    return f"sqlite:///{tmp_path}/file.sqlite3"


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    opened = open_engine(url)
    yield opened
    opened.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def lay_old(home: Path, dump: Path) -> Path:
    """A home as an older version of the program left it. Gives its database."""
    blob = dump.with_suffix(".blob").read_bytes()
    name = hashlib.sha256(blob).hexdigest()
    place = home / "blobs" / name[:2] / name
    place.parent.mkdir(parents=True)
    place.write_bytes(blob)
    file = home / "kimi-docs.sqlite3"
    connection = sqlite3.connect(file)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    return file


def migrations_to_come(folder: Path, step: str = "pass") -> Path:
    """The migrations of a later version, which has one more."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    content = NEXT.replace("STEP", step).replace("HEAD", versions()[-1])
    (folder / "versions" / "9998_next.py").write_text(content, encoding="utf-8")
    return folder


def version_of(engine: sa.Engine) -> str | None:
    with reading(engine) as connection:
        return current(connection)


def columns(engine: sa.Engine, table: str) -> set[str]:
    with reading(engine) as connection:
        return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def count(engine: sa.Engine, table: str) -> int:
    with reading(engine) as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_a_fresh_database_is_what_the_tables_say(engine: sa.Engine) -> None:
    upgrade(engine)
    with reading(engine) as connection:
        opts = {"compare_type": True, "include_name": not_of_the_index}
        assert compare_metadata(MigrationContext.configure(connection, opts=opts), metadata) == []


def not_of_the_index(name: str | None, kind: str, _parents: object) -> bool:
    """The words of the search and what SQLite keeps them in: each kind of database has its own."""
    return kind != "table" or not str(name).startswith("words")


def test_versions_form_one_line_and_the_last_is_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert versions() == sorted(found.revision for found in script.walk_revisions())
    assert script.get_heads() == [versions()[-1]]


def test_every_version_has_an_old_database_to_try() -> None:
    assert [dump.stem for dump in OLD] == versions()


@pytest.mark.parametrize("dump", OLD, ids=lambda dump: dump.stem)
def test_an_old_database_is_brought_up_to_date_with_all_that_is_in_it(home: Path, dump: Path) -> None:
    lay_old(home, dump)
    with open_storage(database_url="", blobs_url="", home=home) as storage:
        store = storage.of(ALICE)
        assert store.get_document(DOCUMENT.id) == DOCUMENT
        assert store.find_extraction(DOCUMENT.id) == EXTRACTION
        assert list(store.list_summaries(DOCUMENT.id)) == [SUMMARY]
        assert store.get_session(SESSION.id).updated_at == later(1)
        assert list(store.list_answers(SESSION.id)) == [ANSWER]
        assert list(store.list_runs()) == [RUN]
        assert list(store.list_calls()) == [CALL]
        assert list(store.list_departures()) == [DEPARTURE]
        assert storage.of(ALICE_ELSEWHERE).count_documents(deleted=True) == 1
        assert len(store.list_sessions(search="利润")) == store.count_documents(search="年度") == 1
        assert [message.id for message in storage.integrity()] == ["Files missing on the disk: {count}"]  # the PDF itself
        assert version_of(storage.engine) == versions()[-1]


def test_a_database_with_data_is_copied_before_it_is_changed(home: Path, tmp_path: Path) -> None:
    file = lay_old(home, OLD[0])
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine, migrations_to_come(tmp_path / "later"))
    assert {"colour", "file_name"} <= columns(engine, "documents")
    assert (version_of(engine), count(engine, "documents"), count(engine, "extractions")) == ("9998", 2, 1)
    engine.dispose()

    copy = open_engine(f"sqlite:///{file}.before-upgrade-from-0001")
    assert (version_of(copy), count(copy, "documents"), count(copy, "extractions")) == ("0001", 2, 1)
    assert Path(str(copy.url.database)).stat().st_mode & 0o777 == 0o600
    copy.dispose()
    assert len(list(home.glob("*.part"))) == 0


def test_a_ready_database_is_not_touched(home: Path) -> None:
    file = lay_old(home, OLD[-1])
    engine = open_engine(f"sqlite:///{file}")
    before = file.read_bytes()
    for _ in range(2):
        upgrade(engine)
    assert file.read_bytes() == before
    assert sorted(found.name for found in home.iterdir()) == ["blobs", file.name]
    engine.dispose()


def test_an_upgrade_that_breaks_off_has_changed_nothing_and_can_be_done_again(engine: sa.Engine, tmp_path: Path) -> None:
    upgrade(engine)
    broken = migrations_to_come(tmp_path / "later", "raise ZeroDivisionError")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            upgrade(engine, broken)
        assert version_of(engine) == versions()[-1]
        assert "colour" not in columns(engine, "documents")
    upgrade(engine, migrations_to_come(tmp_path / "later"))
    assert version_of(engine) == "9998"
    assert "colour" in columns(engine, "documents")


def test_an_upgrade_that_would_lose_what_others_refer_to_is_not_done(home: Path, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{lay_old(home, OLD[0])}")
    with pytest.raises(Misconfigured, match="refer to nothing"):
        upgrade(engine, migrations_to_come(tmp_path / "later", 'op.execute("DELETE FROM documents")'))
    assert (version_of(engine), count(engine, "documents")) == ("0001", 2)
    engine.dispose()


def test_references_are_watched_again_after_an_upgrade(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/file.sqlite3")
    upgrade(engine)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_a_newer_schema_is_refused_and_nothing_is_written(engine: sa.Engine) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    file = Path(str(engine.url.database))
    before = file.read_bytes() if file.exists() else b""
    with pytest.raises(Misconfigured, match="newer version"):
        upgrade(engine)
    assert version_of(engine) == "9999"
    assert not before or file.read_bytes() == before


def test_tables_of_another_program_are_left_alone(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE documents (x INTEGER)")
    with pytest.raises(Misconfigured, match="another program"):
        upgrade(engine)
    assert columns(engine, "documents") == {"x"}
    assert version_of(engine) is None


def start(url: str, migrations: Path) -> None:
    engine = open_engine(url)
    upgrade(engine, migrations)
    engine.dispose()


def test_of_six_programs_that_start_at_once_one_upgrades_and_all_go_on(url: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    step = f"import time; time.sleep(0.3)\n    with open({str(mark)!r}, 'a') as file: file.write('x')"
    migrations = migrations_to_come(tmp_path / "later", step)
    context = get_context("forkserver")
    context.set_forkserver_preload(["storage.open", "alembic.command", "tests.storage.things"])
    with ProcessPoolExecutor(6, mp_context=context) as pool:
        for done in [pool.submit(start, url, migrations) for _ in range(6)]:
            done.result()
    assert mark.read_text() == "x"
