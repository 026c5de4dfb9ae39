"""The pool keeps its promise: a file can crash, hang or attack its reader, and only that file fails."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pypdf
import pytest

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import PageState
from kimi_docs.errors import Damaged, DocumentError, NotFound, TooLarge, UnsupportedFormat, WrongUse
from kimi_docs.extract import pdf, progress, sandbox, wire
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from kimi_docs.language import say

from . import made


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(2, wall_seconds=20) as opened:
        yield opened


def document(content: bytes, format: str = "pdf") -> Document:
    return Document(id="a" * 64, name="a", format=format, bytes=len(content))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(made.pdf([made.lines("Hello there, sandbox")]))
    return path


def test_an_extraction_and_a_picture_come_back_whole(pool: Pool, good: Path) -> None:
    found = pool.extract(good, document(b""))
    assert found.text == "Hello there, sandbox\n"
    assert found.document == "a" * 64
    picture = pool.picture(good, document(b""), 1, 300, 0, 5)
    assert picture.jpeg.startswith(b"\xff\xd8")
    assert (picture.width, len(picture.boxes)) == (300, 1)


def test_errors_cross_with_their_class_and_values(pool: Pool, tmp_path: Path, good: Path) -> None:
    (tmp_path / "bad").write_bytes(b"%PDF-1.4 broken")
    with pytest.raises(Damaged) as caught:
        pool.extract(tmp_path / "bad", document(b""))
    assert caught.value.document == "a" * 64
    assert caught.value.advice.text()
    with pytest.raises(UnsupportedFormat):
        pool.extract(good, document(b"", "exe"))
    with pytest.raises(NotFound, match="no page 9"):
        pool.picture(good, document(b""), 9)
    with pytest.raises(UnsupportedFormat):
        pool.picture(good, document(b"", "docx"), 1)


def test_a_warm_extraction_costs_little(pool: Pool, good: Path) -> None:
    pool.extract(good, document(b""))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        pool.extract(good, document(b""))
        times.append(time.perf_counter() - start)
    assert min(times) < 0.15


def test_many_threads_share_it(pool: Pool, good: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: pool.extract(good, document(b"")).text, range(40)))
    assert set(texts) == {"Hello there, sandbox\n"}


def test_a_child_outlives_the_thread_that_asked_for_it(good: Path) -> None:
    with Pool(1) as own:
        for _ in range(3):
            thread = threading.Thread(target=own.extract, args=(good, document(b"")))
            thread.start()
            thread.join()
        first = {child._process.pid for child in own._all}
        own.extract(good, document(b""))
        assert {child._process.pid for child in own._all} == first


def test_a_killed_child_costs_that_file_alone(good: Path) -> None:
    with Pool(1) as own:
        own.extract(good, document(b""))
        (child,) = own._all
        held = own._take()
        held._process.kill()
        held._process.wait()
        assert held.ask({"verb": "extract"}, 5) is None
        own._drop(child)
        assert own.extract(good, document(b"")).text


def test_taking_too_long_ends_the_child(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with Pool(1, wall_seconds=5) as own:
        own.extract(good, document(b""))
        own._wall_seconds = 0.5
        with pytest.raises(Damaged, match=r"longer than 0\.5 seconds"):
            own.extract(path, document(b"", "txt"))
        own._wall_seconds = 20
        assert own.extract(good, document(b"")).text


def test_more_memory_than_allowed_is_an_error_of_that_file(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(600 * 1024**2)
    with Pool(1, memory_mb=500) as own:
        with pytest.raises(DocumentError) as caught:
            own.extract(path, document(b"", "txt"))
        assert isinstance(caught.value, TooLarge | Damaged)
        assert own.extract(good, document(b"")).text


def test_after_closing_nothing_is_read_and_no_process_is_left(good: Path) -> None:
    own = Pool(2)
    own.extract(good, document(b""))
    children = list(own._all)
    own.close()
    with pytest.raises(WrongUse):
        own.extract(good, document(b""))
    assert not any(child.alive for child in children)
    assert not any(Path(child._scratch).exists() for child in children)


PROBES = {
    "connect": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "resolve": "import socket; socket.getaddrinfo('localhost', 80)",
    "bind": "import socket; socket.socket().bind(('127.0.0.1', 0))",
    "run": "import subprocess; subprocess.run(['true'])",
    "system": "import os; os.system('true')",
    "fork": "import os; os.fork()",
    "write": "open('/tmp/kimi-docs-probe', 'w')",
    "remove": "import os; os.remove('/tmp/kimi-docs-probe')",
    "escape": "open('../kimi-docs-probe', 'w')",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_a_parser_taken_over_cannot(tmp_path: Path, probe: str) -> None:
    code = (
        "import os, sys; from pathlib import Path; from kimi_docs.extract import confine\n"
        "confine.for_life(scratch=Path.cwd(), memory_bytes=2**31, parent=os.getppid())\n"
        f"open('inside', 'w').close()\ntry:\n    {probe}\nexcept PermissionError:\n    sys.exit(7)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, check=False, timeout=30)
    assert done.returncode == 7


TWINS = {
    "gives its result": ("[os.getppid(), progress.page(9), b'x' * 10**6][0]", "parent"),
    "breaks down": ("os.abort()", "None"),
    "fails": ("1 / 0", "None"),
    "never ends": ("[progress.page(9, 0.2), [0 for _ in iter(int, 1)]]", "None"),
}


@pytest.mark.parametrize(("work", "expected"), TWINS.values(), ids=TWINS.keys())
def test_a_copy_works_beside_the_process_and_can_only_fail_for_itself(tmp_path: Path, work: str, expected: str) -> None:
    code = (
        "import os, sys; from pathlib import Path; from kimi_docs.extract import confine, progress, twin\n"
        f"def work():\n    return {work}\n"
        "progress.start(); twin._started[:] = [True]\n"
        "confine.for_life(scratch=Path.cwd(), memory_bytes=2**31, parent=os.getppid())\n"
        "progress.page(3)\ncopy = twin.Twin(work, pieces=0)\n"
        "found = copy.result(); print('parent' if found == os.getpid() else found)\n"
        "try:\n    os.fork()\nexcept PermissionError:\n    print('alone again')\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(root)}, check=True, timeout=30, capture_output=True
    )
    assert done.stdout.decode().split("\n")[:2] == [expected, "alone again"]
    assert progress.last(tmp_path) == 3


@pytest.mark.parametrize("pages", [11, 12, 13, 40])
def test_halves_of_a_long_document_are_read_side_by_side_and_put_together(pool: Pool, tmp_path: Path, pages: int) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(made.pdf([made.lines(f"Page {number} says this", "and more of it.") for number in range(1, pages + 1)]))
    found = pool.extract(path, document(b""))
    assert found == pdf.read(path, "a" * 64)
    assert [found.page_text(number).split()[1] for number in range(1, pages + 1)] == [str(number) for number in range(1, pages + 1)]


def test_a_child_knows_no_secrets_and_dies_with_its_parent(tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-secret")
    with Pool(1) as own:
        own.extract(good, document(b""))  # it is there, and its environment its own
        (child,) = own._all
        environment = Path(f"/proc/{child._process.pid}/environ")
        if environment.exists():
            assert b"secret" not in environment.read_bytes()
            assert b"ORT_DISABLE_TELEMETRY=1" in environment.read_bytes()
            assert f"HOME={child._scratch}\0".encode() in environment.read_bytes()
    code = (
        "from kimi_docs.extract.sandbox import Pool; import os, time; p = Pool(1)\n"
        "print([c._process.pid for c in p._all][0], flush=True); time.sleep(1); os._exit(0)"
    )
    root = Path(__file__).resolve().parents[2]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=30)
    for _ in range(50):
        if not Path(f"/proc/{int(done.stdout)}").exists() or "zombie" in Path(f"/proc/{int(done.stdout)}/status").read_text():
            return
        time.sleep(0.1)
    pytest.fail("the child is still there")


def test_what_a_child_answers_is_not_believed() -> None:
    page = {"number": 1, "label": "1", "kind": "page", "span": {"start": 0, "end": 99}, "state": "read"}
    lies: list[object] = [
        {}, [], {"result": 3}, {"result": {"document": "x"}}, {"error": {"code": "damaged"}},
        {"result": {"document": "id", "extractor": "x", "text": "short", "pages": [page]}},
        {"result": {"document": "other", "extractor": "x", "text": "", "pages": []}},
    ]  # fmt: skip
    for lie in lies:
        with pytest.raises(Damaged):
            wire.load_extraction(json.dumps(lie).encode(), "id")
    with pytest.raises(Damaged):
        wire.load_extraction(b"\xff", "id")
    with pytest.raises(TooLarge, match="7 of them"):
        wire.load_extraction(wire.dump_error(TooLarge(say("{n} of them", n=7))), "id")


def _hostile() -> list[Path]:
    """All but the two that take the ten seconds a page may take."""
    slow = {"pdf_xobject_exponential.pdf", "pdf_xobject_recursion.pdf"}
    return [path for path in sorted((made.CORPUS / "hostile").rglob("*")) if path.is_file() and path.name not in slow]


def _between(path: Path, target: Path) -> None:
    """The first page of a file between two good pages, in a file of its own."""
    writer = pypdf.PdfWriter()
    for content in (made.pdf([made.lines("The page before")]), path.read_bytes(), made.pdf([made.lines("The page after")])):
        writer.add_page(pypdf.PdfReader(io.BytesIO(content)).pages[0])
    writer.write(target)


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
@pytest.mark.parametrize("name", ["pdf_flate_bomb_2x_1GiB.pdf", "pdf_xobject_exponential.pdf"])
def test_a_page_that_brings_its_reader_down_costs_that_page_alone(tmp_path: Path, pool: Pool, name: str) -> None:
    _between(made.CORPUS / "hostile" / "generated" / name, tmp_path / "a.pdf")
    found = pool.extract(tmp_path / "a.pdf", document(b""))
    assert [page.state for page in found.pages] == [PageState.READ, PageState.FAILED, PageState.READ]
    assert found.text == "The page before\nThe page after\n"
    assert [(notice.code, notice.page) for notice in found.notices] == [("page_failed", 2)]


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
def test_every_hostile_file_is_read_or_refused_and_gives_nothing_away(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.ocr, "available", lambda: False)  # `tests.bench.extract_pdf` reads them with it
    hostname = Path("/etc/hostname").read_text().strip() if Path("/etc/hostname").exists() else ""

    def try_it(path: Path) -> str:
        try:
            found = take(path, max_bytes=100 * 1024**2)
            text = pool.extract(path, Document(id=found.id, name=found.name, format=found.format, bytes=found.bytes)).text
        except DocumentError as error:
            return error.code
        assert not hostname or hostname not in text or "xxe" not in path.name
        return "read"

    start = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(try_it, _hostile()))
    assert len(results) > 250
    assert time.monotonic() - start < 45
