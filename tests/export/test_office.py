"""LibreOffice opens the Word and Excel files and shows their text."""

import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pypdfium2
import pytest

from kimi_docs.export import formats
from kimi_docs.export.nouns import Report
from tests.export.examples import HOSTILE, hostile, ordinary
from tests.export.tables import batch, table

SOFFICE = shutil.which("soffice")
REPORTS = {
    "summary": ordinary(),
    "batch": batch(),
    "table": table(),
    "hostile": hostile(HOSTILE[-2]),
    "formula": hostile(HOSTILE[6]),
}
pytestmark = [
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is missing: apt-get install libreoffice-writer libreoffice-calc"),
    pytest.mark.xdist_group("office"),
]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each report as a PDF that LibreOffice made; it is started once for all of them."""
    folder = tmp_path_factory.mktemp("office")
    for name, report in REPORTS.items():
        for ending in (".docx", ".xlsx"):
            (folder / f"{name}_{ending[1:]}{ending}").write_bytes(formats.to_bytes(report, ending))
    files = sorted(str(path) for path in folder.glob("*.*x"))
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.strip() and "javaldx" not in line]  # it does without Java
    assert said == []
    return folder


def shown(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"\s|\ufffe", "", unicodedata.normalize("NFKC", text))


def squeezed(text: str) -> str:
    return re.sub(r"\s|-", "", unicodedata.normalize("NFKC", text))


def claims(report: Report) -> list[str]:
    return [statement.text for leaf in report.leaves for statement in leaf.statements]


@pytest.mark.parametrize("name", REPORTS)
def test_a_word_file_shows_its_claims_footnotes_and_contents(converted: Path, name: str) -> None:
    text = shown(converted / f"{name}_docx.pdf").replace("-", "")
    report = REPORTS[name]
    assert [claim for claim in claims(report) if squeezed(claim) not in text] == []
    quotes = [source.quote for leaf in report.leaves for source in leaf.sources]
    assert [quote for quote in quotes if squeezed(quote) not in text] == []
    assert text.count("Receipt") >= 2  # in the contents and as a heading


@pytest.mark.parametrize("name", ["summary", "table", "batch"])
def test_a_workbook_shows_its_values_and_signs(converted: Path, name: str) -> None:
    text = shown(converted / f"{name}_xlsx.pdf")
    wanted = {"summary": ["Shadepaysrent.", "✗notverified"], "table": ["=1+1✗", "notstated", "2021-07-03", "树荫降温✗", "1,200"]}
    for expected in wanted.get(name, ["Summary1", "=1+1✗", "Shadepaysrent."]):
        assert expected in text
    assert "Err:" not in text
    assert "#NAME" not in text
