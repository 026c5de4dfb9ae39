"""Presentations → what stands on each slide, the title first."""

from pathlib import Path

import pytest

from kimi_docs.domain.text import BlockKind, Extraction, PageKind
from kimi_docs.errors import Damaged, NoText, PasswordNeeded
from kimi_docs.extract import slides, slides_binary
from kimi_docs.extract.wire import partitioned

from . import made
from .made import relation, shape
from .made import slides as presentation

CHART = (
    '<c:chartSpace xmlns:c="urn:c" xmlns:a="urn:a"><c:title><a:t>Sales</a:t></c:title>'
    '<c:ser><c:tx><c:pt idx="0"><c:v>2024</c:v></c:pt></c:tx>'
    '<c:cat><c:pt idx="0"><c:v>north</c:v></c:pt><c:pt idx="1"><c:v>south</c:v></c:pt></c:cat>'
    '<c:val><c:pt idx="0"><c:v>8.2000000000000011</c:v></c:pt><c:pt idx="1"><c:v>3</c:v></c:pt></c:val></c:ser></c:chartSpace>'
)
FRAME = (
    '<p:graphicFrame><a:graphic><a:graphicData><x:chart xmlns:x="urn:x" r:id="c1"/></a:graphicData></a:graphic></p:graphicFrame>'
)


def read(tmp_path: Path, content: bytes) -> Extraction:
    (tmp_path / "a.pptx").write_bytes(content)
    found = slides.read(tmp_path / "a.pptx", "id")
    assert partitioned(found)
    return found


def test_each_slide_is_a_page_with_its_title_first(tmp_path: Path) -> None:
    found = read(tmp_path, presentation(shape("body", "more") + shape("The  title", holder="title"), shape("two")))
    assert [(page.label, page.kind) for page in found.pages] == [("The title", PageKind.SLIDE), ("", PageKind.SLIDE)]
    assert found.page_text(1) == "The title\n\nbody\nmore\n"
    assert [(block.kind, block.span.of(found.text)) for block in found.blocks] == [(BlockKind.HEADING, "The title")]
    assert found.title == "The title"


def test_groups_tables_and_alternatives_are_read_once(tmp_path: Path) -> None:
    table = "".join(
        f"<a:tr>{''.join(f'<a:tc><a:txBody><a:p><a:r><a:t>{cell}</a:t></a:r></a:p></a:txBody></a:tc>' for cell in row)}</a:tr>"
        for row in ("ab", "cd")
    )
    frame = f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{table}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    choices = f"<mc:Choice>{shape('new')}</mc:Choice><mc:Fallback>{shape('old')}</mc:Fallback>"
    either = f'<mc:AlternateContent xmlns:mc="urn:mc">{choices}</mc:AlternateContent>'
    odd = f'<q:odd xmlns:q="urn:q">{shape("within the unknown")}</q:odd>'
    found = read(tmp_path, presentation(f"<p:grpSp><p:grpSp>{shape('deep')}</p:grpSp></p:grpSp>{frame}{either}{odd}"))
    assert found.text == "deep\n\na | b\nc | d\n\nnew\n\nwithin the unknown\n"
    assert [block.kind for block in found.blocks] == [BlockKind.TABLE]


def test_charts_notes_and_hidden_slides_are_said(tmp_path: Path) -> None:
    spoken = shape("say this", holder="body") + shape("7", holder="sldNum")
    notes = f"<p:notes SPACES><p:cSld><p:spTree>{spoken}</p:spTree></p:cSld></p:notes>"
    links = relation("c1", "chart", "../charts/chart1.xml") + relation("n", "notesSlide", "../notesSlides/notes1.xml")
    content = presentation(FRAME, attributes='show="0"', relations={1: links}, charts__chart1=CHART, notesSlides__notes1=notes)
    found = read(tmp_path, content)
    assert found.text == "Sales\n| 2024\nnorth | 8.2\nsouth | 3\n\nNotes: say this\n"
    assert [notice.code for notice in found.notices] == ["hidden_slide"]


def test_a_damaged_slide_does_not_cost_the_others(tmp_path: Path) -> None:
    content = presentation(shape("one"), shape("two"))
    broken = made.archive({**parts(content), "ppt/slides/slide1.xml": "<broken"})
    found = read(tmp_path, broken)
    assert [page.state for page in found.pages] == ["failed", "read"]
    assert [(notice.code, notice.page) for notice in found.notices] == [("failed_slide", 1)]


def test_shapes_that_are_switched_off_are_listed(tmp_path: Path) -> None:
    off = made.shape("off").replace("<p:nvSpPr/>", '<p:nvSpPr><p:cNvPr id="2" name="x" hidden="1"/></p:nvSpPr>')
    group = f'<p:grpSp><p:nvGrpSpPr><p:cNvPr id="3" name="y" hidden="true"/></p:nvGrpSpPr>{made.shape("in it")}</p:grpSp>'
    found = read(tmp_path, made.slides(made.shape("first"), made.shape("seen") + off + group))
    assert found.text == "first\nseen\n"
    assert [(entry.page, entry.text) for entry in found.hidden] == [(2, "off"), (2, "in it")]


def test_nothing_and_nonsense_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoText):
        read(tmp_path, presentation(shape("")))
    with pytest.raises(Damaged):
        read(tmp_path, made.archive({"ppt/presentation.xml": "<p"}))


def test_entities_are_not_expanded_and_files_not_read(tmp_path: Path) -> None:
    evil = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY y "expanded">]>'
    content = parts(presentation(shape("a&x;b&y;c")))
    content["ppt/slides/slide1.xml"] = evil + content["ppt/slides/slide1.xml"]
    found = read(tmp_path, made.archive(content))
    assert "expanded" not in found.text
    assert (Path("/etc/hostname").read_text().strip() or "-") not in found.text


def parts(content: bytes) -> dict[str, str]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


OLD = made.CORPUS / "pptx" / "poi-ppt"


@pytest.mark.corpus
@pytest.mark.skipif(not OLD.exists(), reason="the shared corpus is not on this machine")
class TestOldPresentations:
    def test_slides_titles_and_notes(self) -> None:
        found = slides_binary.read(OLD / "basic_test_ppt_file.ppt", "id")
        assert [page.label for page in found.pages] == ["This is a test title", "This is the title on page 2"]
        assert "Notes: These are the notes for page 1" in found.page_text(1)
        assert "It has several blocks of text" in found.page_text(2)

    def test_a_locked_one_asks_for_its_password(self) -> None:
        with pytest.raises(PasswordNeeded):
            slides_binary.read(made.CORPUS / "hostile/msoffcrypto/rc4cryptoapi_password.ppt", "id")
