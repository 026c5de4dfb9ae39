"""Word and Excel files of before 2007 → what stands in them; broken ones end well."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_docs.domain.text import BlockKind
from kimi_docs.errors import DocumentError, PasswordNeeded
from kimi_docs.extract import biff, ole, sheet, slides_binary, word_binary
from kimi_docs.extract.wire import partitioned

from . import made

DOC, XLS, PPT = made.CORPUS / "docx" / "poi-doc", made.CORPUS / "sheet" / "poi-xls", made.CORPUS / "pptx" / "poi-ppt"
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not DOC.exists(), reason="the shared corpus is not on this machine")]


def test_headings_lists_and_sections_of_word() -> None:
    found = word_binary.read(DOC / "Lists.doc", "id")
    assert found.blocks[0].kind is BlockKind.HEADING
    assert "- UL 2\n" in found.text
    found = word_binary.read(DOC / "HeaderFooterUnicode.doc", "id")
    assert [page.label for page in found.pages] == ["", "Molière", "Headers and footers"]
    assert "a € euro symbol" in found.page_text(3)


def test_tables_of_word_are_rows() -> None:
    assert "C | D | E | F\n" in word_binary.read(DOC / "table-merges.doc", "id").text


def test_russian_and_the_oldest() -> None:
    assert word_binary.read(DOC / "o_kurs.doc", "id").language == "ru"
    assert "Paragraph 3. Has some RED text and some BLUE BOLD text in it." in word_binary.read(DOC / "Word95.doc", "id").text


def test_locked_ones_ask_for_their_password() -> None:
    for name in ("password_tika_binaryrc4.doc", "password_password_cryptoapi.doc"):
        with pytest.raises(PasswordNeeded):
            word_binary.read(made.CORPUS / "hostile/poi-password" / name, "id")


def test_a_sheet_of_excel_4() -> None:
    found = sheet.read(XLS / "testEXCEL_4.xls", "id")
    assert found.text.startswith("Table 10 -- Examination Coverage:")
    assert len(found.text.splitlines()) > 60


def test_error_cells_of_excel_97() -> None:
    path = next((made.CORPUS / "sheet").rglob("FormulaEvalTestData.xls"))
    errors = biff.extras(path.read_bytes())
    assert {text for one in errors.values() for row in one.errors.values() for text in row.values()} >= {"#NUM!", "#VALUE!"}


FILES = [(word_binary, DOC / "FancyFoot.doc"), (slides_binary, PPT / "basic_test_ppt_file.ppt")]


@pytest.mark.parametrize(("reader", "path"), FILES, ids=["doc", "ppt"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, reader, path: Path, data: st.DataObject
) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = tmp_path_factory.mktemp("old") / "a"
    broken.write_bytes(content[: data.draw(st.integers(600, len(content)))])
    with suppress(DocumentError):
        assert partitioned(reader.read(broken, "id"))


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_compound_file_or_none(content: bytes) -> None:
    compound = ole.Compound(ole.MAGIC + content)
    for name in compound.streams:
        compound.read(name)
    ole.properties(compound)
    biff.old_sheet(content)
