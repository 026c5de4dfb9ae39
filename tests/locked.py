"""Documents behind a password, made anew."""

import io
from pathlib import Path

import docx
import msoffcrypto
import openpyxl
import pypdf
from msoffcrypto.format.ooxml import OOXMLFile

from tests.extract import made

PASSWORD = "open sesame 7319"  # nothing else on the machine holds these words
WORDS = "The bridge was closed in March."


def pdf(path: Path) -> Path:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(made.pdf([made.lines(WORDS)])))
    writer.encrypt(PASSWORD, algorithm="AES-256")
    writer.write(path)
    return path


def word(path: Path) -> Path:
    document = docx.Document()
    document.add_paragraph(WORDS)
    document.save(str(plain := path.with_suffix(".plain")))
    return _office(plain, path)


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["what", WORDS])
    book.save(plain := path.with_suffix(".plain"))
    return _office(plain, path)


def _office(plain: Path, path: Path) -> Path:
    with plain.open("rb") as source, path.open("wb") as target:
        file = msoffcrypto.OfficeFile(source)
        assert isinstance(file, OOXMLFile)
        file.encrypt(PASSWORD, target)
    plain.unlink()
    return path


def holding_the_password(folder: Path) -> list[Path]:
    """The files there that it can be read in."""
    secret = (PASSWORD.encode(), PASSWORD.encode("utf-16-le"))
    return [path for path in folder.rglob("*") if path.is_file() and any(one in path.read_bytes() for one in secret)]
