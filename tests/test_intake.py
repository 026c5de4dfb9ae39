"""What comes from outside is named, weighed and recognized before any parser sees it."""

import hashlib
import io
import json
import struct
import tracemalloc
import unicodedata
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kimi_docs.errors import Damaged, DocumentError, EmptyDocument, TooLarge, UnsupportedFormat
from kimi_docs.extract import archive, ole
from kimi_docs.intake import FORMATS, MAX_NAME_BYTES, clean_name, take

from .extract import made

MAX = 50 * 1024**2
TYPES = "[Content_Types].xml"


def stored(parts: dict[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return target.getvalue()


def picture(format: str, size: tuple[int, int] = (8, 8)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "white").save(target, format)
    return target.getvalue()


def compound(*names: str) -> bytes:
    """An old Office file with these streams, empty."""
    entries = b""
    for number, name in enumerate(("Root Entry", *names)):
        raw = name.encode("utf-16-le")
        right = number + 1 if 0 < number < len(names) else 0xFFFFFFFF
        links = struct.pack("<III", 0xFFFFFFFF, right, 1 if number == 0 else 0xFFFFFFFF)
        entries += raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2, 5 if number == 0 else 2, 1) + links
        entries += bytes(36) + struct.pack("<III", 0xFFFFFFFE, 0, 0)
    head = ole.MAGIC + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE).ljust(512, b"\xff")
    return head[:512] + table + entries.ljust(512, b"\0")


CONTENTS: dict[str, bytes] = {
    "pdf": made.pdf([made.lines("x")]),
    "docx": made.word(made.paragraph("x")),
    "doc": compound("WordDocument", "1Table"),
    "odt": stored({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}),
    "rtf": rb"{\rtf1 x}",
    "pptx": made.archive({TYPES: "<Types/>", "ppt/presentation.xml": "<p/>"}),
    "ppt": compound("PowerPoint Document", "Current User"),
    "odp": stored({"mimetype": "application/vnd.oasis.opendocument.presentation", "content.xml": "<x/>"}),
    "epub": stored({"mimetype": "application/epub+zip", "META-INF/container.xml": "<x/>"}),
    "eml": b"From: a@b.c\r\nTo: d@e.f\r\nMIME-Version: 1.0\r\n\r\nBody",
    "xlsx": made.archive({TYPES: "<Types/>", "xl/workbook.xml": "<workbook/>"}),
    "xlsm": made.archive({TYPES: "<Types/>", "xl/workbook.xml": "<workbook/>", "xl/vbaProject.bin": "x"}),
    "xlsb": made.archive({TYPES: "<Types/>", "xl/workbook.bin": "x"}),
    "xls": compound("Workbook"),
    "ods": stored({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
    "html": b"<!DOCTYPE html><html><body>x</body></html>",
    "json": b'{"a": [1, 2]}',
    "png": picture("PNG"),
    "jpg": picture("JPEG"),
    "gif": picture("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "webp": picture("WEBP"),
}
REFUSED: dict[str, bytes] = {
    "zip": made.archive({"a.txt": "x"}),
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "msg": compound("__properties_version1.0"),
    "unknown compound": compound("Something"),
    "a program": b"MZ\x90\0" + bytes(60),
    "noise": bytes(range(256)) * 4,
}
ENDINGS = ["", *(f"x.{ending}" for ending in ("pdf", "docx", "xlsx", "pptx", "doc", "html", "png", "csv", "txt", "exe", "")), "x"]


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("format", CONTENTS)
def test_the_content_decides_whatever_the_name_says(format: str, name: str) -> None:
    found = take(CONTENTS[format], name, max_bytes=MAX)
    assert found.format == (format if (format, name) != ("json", "x.csv") else "csv")
    assert found.id == hashlib.sha256(CONTENTS[format]).hexdigest()
    assert found.bytes == len(CONTENTS[format])


@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_are_refused_with_advice(kind: str) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        take(REFUSED[kind], "file", max_bytes=MAX)
    assert caught.value.advice.text()


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.txt", "txt"), ("a.md", "md"), ("a.csv", "csv"), ("a.tsv", "tsv"), ("a.py", "txt"), ("a", "txt"), ("a.JSON", "json")],
)
def test_between_kinds_of_text_the_ending_decides(name: str, format: str) -> None:
    assert take("甲,1\n乙,2\n".encode(), name, max_bytes=MAX).format == format


MEMO = b"To: all\nFrom: finance\nDate: 12 May\nSubject: budget\nDeadline: 30 June\n\nMIME-Version: no header\n"
SPOKEN = [
    (MEMO, "a.txt", "txt"), (MEMO, "a.md", "md"), (MEMO, "a", "txt"), (MEMO, "a.eml", "eml"),
    (b"A PDF begins with %PDF-1.7.", "a.txt", "txt"), (b"\0\1junk\n%PDF-1.7", "a", "pdf"), (b"\r\n%PDF-1.7", "a", "pdf"),
    (b"HTTP/1.1 200 OK\n\n%PDF-1.7", "a.pdf", "pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "name", "format"), SPOKEN)
def test_a_text_that_speaks_of_another_kind_is_a_text(content: bytes, name: str, format: str) -> None:
    assert take(content, name, max_bytes=MAX).format == format


@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\0\0"])
def test_nothing_is_empty(content: bytes) -> None:
    with pytest.raises(EmptyDocument):
        take(content, "a.txt", max_bytes=MAX)


def test_a_name_that_promises_a_document_and_holds_text_or_a_zip_is_damaged() -> None:
    for content, name in ((b"%", "a.pdf"), (REFUSED["zip"], "a.docx"), (b"PK\x03\x04" + bytes(50), "a.xlsx")):
        with pytest.raises(Damaged):
            take(content, name, max_bytes=MAX)


def test_a_file_is_weighed_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)
    with pytest.raises(TooLarge, match=r"10240\.0 MB"):
        take(path, max_bytes=MAX)


def test_a_bomb_is_refused_whatever_its_header_says() -> None:
    bomb = made.archive({TYPES: "<Types/>", "word/document.xml": bytes(30 * 1024**2)})
    with pytest.raises(TooLarge):
        take(bomb, "a.docx", max_bytes=MAX)
    lying = bytearray(bomb)
    place = lying.rindex(b"PK\x01\x02")
    struct.pack_into("<I", lying, place + 24, 100)
    with pytest.raises(DocumentError) as caught:
        take(bytes(lying), "a.docx", max_bytes=MAX)
    assert isinstance(caught.value, TooLarge)


def test_archives_in_archives_and_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    nested = made.archive({"x": "y"})
    for _ in range(archive.MAX_DEPTH):
        nested = made.archive({"inner.zip": nested})
    with pytest.raises(TooLarge, match="deep"):
        take(nested, "a.zip", max_bytes=MAX)
    with pytest.raises(TooLarge, match="10000 parts"):
        take(made.archive({str(number): "" for number in range(10_001)}), "a.docx", max_bytes=MAX)
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(TooLarge, match="larger"):
        take(made.archive({"x": "y" * 2000}), "a.docx", max_bytes=MAX)


POLYGLOTS = [
    ("a PDF with a zip behind it", CONTENTS["pdf"] + REFUSED["zip"], "a.docx", "pdf"),
    ("a zip that holds a PDF's first line", stored({"a.txt": "%PDF-1.7"}) + CONTENTS["pdf"], "a.pdf", ""),
    ("a Word file with a PDF behind it", CONTENTS["docx"] + CONTENTS["pdf"], "a.pdf", "docx"),
    ("a picture that speaks of PDF", CONTENTS["gif"] + b"%PDF-1.7", "a.gif", "gif"),
    ("a picture before a PDF", b"GIF89a" + bytes(20) + CONTENTS["pdf"], "a.pdf", "pdf"),
    ("a page that is named like a PDF", CONTENTS["html"], "a.pdf", "html"),
    ("a program named like a document", REFUSED["a program"], "a.docx", ""),
    ("a script in a picture's name", b"<html><script>alert(1)</script></html>", "a.png", "html"),
]


@pytest.mark.parametrize(("content", "name", "format"), [case[1:] for case in POLYGLOTS], ids=[case[0] for case in POLYGLOTS])
def test_files_of_two_kinds_are_taken_for_one_of_them_or_refused(content: bytes, name: str, format: str) -> None:
    try:
        assert take(content, name, max_bytes=MAX).format == format
    except (UnsupportedFormat, Damaged):
        assert not format


def sized(format: str, width: int, height: int) -> bytes:
    """A picture that says it is that large."""
    content = bytearray(CONTENTS[format])
    if format == "png":
        struct.pack_into(">II", content, 16, width, height)
    elif format == "gif":
        struct.pack_into("<HH", content, 6, width, height)
    elif format == "bmp":
        struct.pack_into("<ii", content, 18, width, -height)
    elif format == "jpg":
        struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    elif format == "tiff":
        for tag, value in ((256, width), (257, height)):
            struct.pack_into("<HHII", content, content.index(struct.pack("<H", tag), 8), tag, 4, 1, value)
    return bytes(content)


@pytest.mark.parametrize("format", ["png", "gif", "bmp", "jpg", "tiff"])
@pytest.mark.parametrize("size", [(30_000, 30_000), (1, 65_535), (65_535, 1)])
def test_floods_of_pixels_are_refused_by_what_they_say_of_themselves(format: str, size: tuple[int, int]) -> None:
    with pytest.raises(TooLarge):
        take(sized(format, *size), f"a.{format}", max_bytes=MAX)


@given(st.sampled_from(["png", "gif", "bmp", "jpg", "tiff", "webp"]), st.integers(1, 200))
def test_a_picture_that_is_cut_off_is_taken_or_refused(format: str, size: int) -> None:
    with suppress(DocumentError):
        take(CONTENTS[format][:size], f"a.{format}", max_bytes=MAX)


def test_overlapping_parts_are_refused() -> None:
    content = bytearray(stored({"a": b"x" * 100, "b": b"y" * 100}))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 1)
    for place in (first, second):
        struct.pack_into("<I", content, place + 20, 400)
    with pytest.raises(DocumentError):
        take(bytes(content), "a.docx", max_bytes=MAX)


NAMES = [
    ("../../etc/passwd", "passwd"), ("..\\..\\a.pdf", "a.pdf"), ("C:\\x\\b.docx", "b.docx"), ("a\x00b.pdf", "ab.pdf"),
    ("evil\u202efdp.exe", "evilfdp.exe"), ("cafe\u0301.pdf", "café.pdf"), ("", "document"), ("..", "document"), ("/", "document"),
    ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("报告.pdf", "报告.pdf"), ("a\nb.txt", "ab.txt"),
    ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ('a<b>:"|?*.pdf', "a_b______.pdf"), ("name.", "name"), (" spaced   name .pdf", "spaced name .pdf"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cleaned"), NAMES)
def test_names_are_cleaned(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@given(st.text(max_size=400))
def test_any_name_is_one_that_can_be_kept_and_cleaning_twice_is_cleaning_once(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned
    assert cleaned not in {".", ".."}
    assert not any(letter in cleaned for letter in '/\\\0<>:"|?*\u202e')
    assert len(cleaned.encode()) <= MAX_NAME_BYTES
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean_name(cleaned) == cleaned


@given(st.binary(max_size=2000), st.sampled_from(["a.pdf", "a.docx", "a.csv", "a.txt", "a"]))
def test_any_bytes_are_taken_or_refused(content: bytes, name: str) -> None:
    with suppress(DocumentError):
        assert take(content, name, max_bytes=MAX).format in FORMATS


@given(st.sampled_from([CONTENTS["docx"], REFUSED["zip"]]), st.data())
def test_a_damaged_archive_is_taken_or_refused(content: bytes, data: st.DataObject) -> None:
    broken = bytearray(content)
    for _ in range(5):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DocumentError):
        take(bytes(broken), "a.docx", max_bytes=MAX)


HOSTILE = [
    ("generated/bomb_xlsx_sharedstrings_1GiB.xlsx", TooLarge),
    ("generated/bomb_pptx_1GiB.pptx", TooLarge),
    ("generated/bomb_overlap_entries.zip", TooLarge),
    ("generated/truncated_50.docx", Damaged),
    ("generated/empty_zip.docx", Damaged),
    ("generated/zip_without_document.docx", Damaged),
    ("generated/one_byte.pdf", Damaged),
    ("generated/only_bom.txt", EmptyDocument),
    ("generated/whitespace.txt", EmptyDocument),
    ("generated/exe_named.docx", UnsupportedFormat),
    ("generated/image_bomb_40000x40000.png", TooLarge),
]


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
class TestOnRealFiles:
    @pytest.mark.parametrize(("name", "error"), HOSTILE, ids=[name for name, _ in HOSTILE])
    def test_hostile_files_are_refused_for_what_they_are(self, name: str, error: type[DocumentError]) -> None:
        with pytest.raises(error):
            take(made.CORPUS / "hostile" / name, max_bytes=MAX)

    def test_upload_names_are_safe(self) -> None:
        names = json.loads((made.CORPUS / "hostile/generated/upload_filenames.json").read_text())
        for name in names if isinstance(names, list) else names.values():
            cleaned = clean_name(str(name))
            assert cleaned == Path(cleaned).name
            assert len(cleaned.encode()) <= MAX_NAME_BYTES

    def test_real_files_are_what_their_endings_say(self) -> None:
        odd = {"MSWriteOld.wri", "testEXCEL_4.xls", "example_05.html"}
        for folder in ("docx", "sheet", "pdf", "md", "html"):
            for path in sorted((made.CORPUS / folder).rglob("*")):
                ending = path.suffix.lower().lstrip(".")
                if path.is_file() and ending in FORMATS and path.name not in odd:
                    assert take(path, max_bytes=MAX).format in {ending, "xlsm" if ending == "xlsx" else ending}, path


def test_a_table_of_sectors_that_names_one_without_end_costs_nothing() -> None:
    chain = b"".join(struct.pack("<128I", *[0] * 127, number + 1) for number in range(1, 401))
    content = compound("WordDocument")
    content = content[:68] + struct.pack("<I", 1) + content[72:512] + bytes(512) + chain
    tracemalloc.start()
    with suppress(DocumentError):
        take(content, "a.doc", max_bytes=MAX)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * len(content)


def test_the_parts_of_an_archive_are_counted_before_they_are_parsed() -> None:
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, *[0] * 7, 4, *[0] * 6) + b"name"
    directory = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), 30, 0)
    content = b"PK\3\4" + bytes(26) + directory + end
    tracemalloc.start()
    with pytest.raises(TooLarge):
        take(content, "a.docx", max_bytes=MAX)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * 1024**2
