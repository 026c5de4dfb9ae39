"""A locked document is asked for its password: on the command line, at a terminal, on the screen. It is kept nowhere."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kimi_docs.domain.document import Document
from kimi_docs.errors import DocumentError, PasswordNeeded
from kimi_docs.extract.sandbox import Pool
from kimi_docs.intake import take
from tests import locked
from tests.extract import made
from tests.locked import PASSWORD, WORDS
from tests.test_cli import as_json

MAKERS = {"a.pdf": locked.pdf, "a.docx": locked.word, "a.xlsx": locked.workbook}
OFFICE = [
    ("msoffcrypto/example_password.docx", "Password1234_"),
    ("msoffcrypto/example_password.xlsx", "Password1234_"),
    ("msoffcrypto/rc4cryptoapi_password.doc", "Password1234_"),
    ("msoffcrypto/rc4cryptoapi_password.ppt", "Password1234_"),
    ("msoffcrypto/rc4cryptoapi_password.xls", "Password1234_"),
    ("poi-password/bug53475-password-is-solrcell.docx", "solrcell"),
    ("poi-password/password_tika_binaryrc4.doc", "tika"),
    ("poi-password/protected_passtika.xlsb", "tika"),
    ("poi-password/xor-encryption-abc.xls", "abc"),
    ("tika/testPPT_protected_passtika.pptx", "tika"),
]
STRANGE = "sheetjs/password_2002_40_xor.xls"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as opened:
        yield opened


def text(pool: Pool, path: Path, password: str = "") -> str:
    found = take(path, max_bytes=10**8)
    document = Document(id=found.id, name=found.name, format=found.format, bytes=found.bytes)
    return pool.extract(path, document, password).text


@pytest.mark.parametrize("name", MAKERS)
def test_only_the_right_password_opens_it(tmp_path: Path, pool: Pool, name: str) -> None:
    path = MAKERS[name](tmp_path / name)
    for wrong in ("", "wrong", PASSWORD.upper()):
        with pytest.raises(PasswordNeeded):
            text(pool, path, wrong)
    assert WORDS in text(pool, path, PASSWORD)


def test_a_password_for_a_document_that_needs_none_does_no_harm(tmp_path: Path, pool: Pool) -> None:
    (tmp_path / "a.pdf").write_bytes(made.pdf([made.lines(WORDS)]))
    assert WORDS in text(pool, tmp_path / "a.pdf", PASSWORD)


@pytest.mark.parametrize("place", [600, 2000, 5000])
def test_a_broken_lock_is_a_sentence(tmp_path: Path, pool: Pool, place: int) -> None:
    path = locked.word(tmp_path / "a.docx")
    content = bytearray(path.read_bytes())
    content[place : place + 64] = bytes(64)
    path.write_bytes(content)
    with suppress(DocumentError):
        assert text(pool, path, PASSWORD)


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
@pytest.mark.parametrize(("name", "password"), OFFICE)
def test_office_files_of_every_age_are_opened(pool: Pool, name: str, password: str) -> None:
    for wrong in ("", "wrong"):
        with pytest.raises(PasswordNeeded):
            text(pool, made.CORPUS / "hostile" / name, wrong)
    assert text(pool, made.CORPUS / "hostile" / name, password).strip()


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
def test_a_lock_nobody_here_can_open_says_so(pool: Pool) -> None:
    with pytest.raises(PasswordNeeded, match="locked in a way"):
        text(pool, made.CORPUS / "hostile" / STRANGE, "password")


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
def test_the_command_line_takes_it_as_an_option_or_from_the_environment(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = MAKERS[name](tmp_path / name)
    assert as_json("extract", path, code=65)["error"]["code"] == "password_needed"
    assert as_json("extract", path, "--password", "wrong", code=65)["error"]["code"] == "password_needed"
    monkeypatch.setenv("KIMI_DOCS_PASSWORD", PASSWORD)
    assert WORDS in as_json("summarize", path)["sections"][0]["claims"][0]["text"]
    monkeypatch.delenv("KIMI_DOCS_PASSWORD")
    other = MAKERS[name](tmp_path / f"b{path.suffix}")  # locked with other numbers: another document
    assert WORDS in as_json("extract", other, "--password", PASSWORD)["pages"][0]["text"]
    assert locked.holding_the_password(home) == []


def test_at_a_terminal_it_is_asked_for_and_not_shown(home: Path, tmp_path: Path) -> None:
    path = locked.pdf(tmp_path / "a.pdf")
    main, side = pty.openpty()
    command = [sys.executable, "-m", "kimi_docs", "extract", str(path)]
    with subprocess.Popen(command, stdin=side, stderr=side, stdout=subprocess.PIPE, start_new_session=True, text=True) as process:
        os.close(side)
        said = _typed(main, ["wrong", PASSWORD])
        assert process.stdout
        assert WORDS in process.stdout.read()
    assert process.returncode == 0
    assert "does not open" in said
    assert PASSWORD not in said
    assert locked.holding_the_password(home) == []


def _typed(terminal: int, answers: list[str]) -> str:
    """What a terminal shows while these are typed, each after a question."""
    said, waiting, answered = "", list(answers), 0
    while True:
        try:
            piece = os.read(terminal, 4096).decode()
        except OSError:  # the other side is closed
            return said
        said += piece
        question = said[answered:]  # it may come in pieces
        if waiting and question.endswith(": ") and "Password" in question:  # what is typed before the space is thrown away
            os.write(terminal, f"{waiting.pop(0)}\n".encode())
            answered = len(said)
        if not piece:
            return said
