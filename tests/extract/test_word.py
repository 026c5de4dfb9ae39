"""Word packages → what stands in them, each thing once, in its order."""

from pathlib import Path

import pytest

from kimi_docs.domain.text import BlockKind, Extraction
from kimi_docs.errors import Damaged, NoText
from kimi_docs.extract import word
from kimi_docs.extract.wire import partitioned

from . import made
from .made import paragraph

STYLES = (
    made.style("Heading1", "heading 1")
    + made.style("2", "标题 2")
    + made.style("Mine", "Mine", '<w:basedOn w:val="Heading1"/>')
    + made.style("Title", "Title")
)
TABLE = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc><w:p/><w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>"


def read(tmp_path: Path, content: bytes) -> Extraction:
    path = tmp_path / "a.docx"
    path.write_bytes(content)
    return word.read(path, "id")


BODIES = [
    ("a table and one in it", TABLE.format(*(paragraph(text) for text in "abc")), "a | b, c", ""),
    ("an insertion", f"<w:p><w:ins><w:r><w:t>kept</w:t></w:r></w:ins></w:p>{paragraph('x')}", "kept", ""),
    ("a deletion", f"<w:p><w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del></w:p>{paragraph('x')}", "x", "gone"),
    ("a content control", f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('inside')}</w:sdtContent></w:sdt>", "inside", ""),
    ("an equation", "<w:p><m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath></w:p>", "E=mc", ""),
    ("a link", "<w:p><w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>", "link", ""),
    ("a tab", "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p>", "a\tb", "\ta"),
    ("hidden text", f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r></w:p>{paragraph('x')}", "x", "secret"),
    ("a field", "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t></w:r></w:p>", "7", "PAGE"),
    (
        "ruby",
        "<w:p><w:r><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>",
        "漢",
        "kan",
    ),
]


@pytest.mark.parametrize(("body", "found", "absent"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES])
def test_what_must_and_must_not_be_found(tmp_path: Path, body: str, found: str, absent: str) -> None:
    text = read(tmp_path, made.word(body)).text
    assert found in text
    assert not absent or absent not in text


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    box = f"<w:txbxContent>{paragraph('in the box')}</w:txbxContent>"
    choices = f"<mc:Choice><wps:txbx>{box}</wps:txbx></mc:Choice><mc:Fallback><v:textbox>{box}</v:textbox></mc:Fallback>"
    both = f"<mc:AlternateContent>{choices}</mc:AlternateContent>"
    found = read(tmp_path, made.word(f"<w:p><w:r><w:t>before</w:t></w:r><w:r>{both}</w:r></w:p>"))
    assert found.text == "before\n\nin the box\n"


def test_sections_are_cut_at_headings_and_labelled_with_their_path(tmp_path: Path) -> None:
    body = (
        paragraph("The Whole", "Title") + paragraph("First", "Mine") + paragraph("one") + paragraph("Sub", "2") + paragraph("two")
        + paragraph("Second", "Heading1") + paragraph("three")
    )  # fmt: skip
    found = read(tmp_path, made.word(body, styles=STYLES))
    assert found.title == "The Whole"
    assert [page.label for page in found.pages] == ["First", "First › Sub", "Second"]
    assert [block.span.of(found.text) for block in found.blocks] == ["The Whole", "First", "Sub", "Second"]
    assert partitioned(found)


def test_notes_comments_and_headers_have_sections_of_their_own(tmp_path: Path) -> None:
    note = f'<w:footnote w:type="separator">{paragraph("---")}</w:footnote><w:footnote>{paragraph("see there")}</w:footnote>'
    comment = f"<w:comment>{paragraph('really?')}</w:comment>"
    found = read(tmp_path, made.word(paragraph("body"), footnotes=note, comments=comment, header1=paragraph("top")))
    assert [page.label for page in found.pages] == ["", "Footnotes", "Comments", "Headers and footers"]
    assert [found.page_text(number).strip() for number in range(1, 5)] == ["body", "[1] see there", "[1] really?", "top"]


def test_without_headings_sections_end_after_about_three_thousand_characters(tmp_path: Path) -> None:
    found = read(tmp_path, made.word("".join(paragraph(f"{number} " + "word " * 80) for number in range(60))))
    assert all(2500 < len(page.span) < 3600 for page in found.pages[:-1])
    assert partitioned(found)


def test_an_endless_paragraph_is_cut(tmp_path: Path) -> None:
    found = read(tmp_path, made.word(paragraph("字" * 20_000)))
    assert max(len(page.span) for page in found.pages) <= 6002
    assert found.text.count("字") == 20_000


def test_lists_are_marked(tmp_path: Path) -> None:
    item = '<w:p><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr><w:r><w:t>milk</w:t></w:r></w:p>'
    found = read(tmp_path, made.word(item))
    assert found.blocks[0].kind is BlockKind.LIST
    assert found.text == "- milk\n"


def test_entities_are_not_expanded_and_files_not_read(tmp_path: Path) -> None:
    evil = (
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        f'<w:document xmlns:w="{made.WORD}"><w:body>{paragraph("a&x;b")}</w:body></w:document>'
    )
    found = read(tmp_path, made.archive({"word/document.xml": evil}))
    assert found.text.strip() in {"a", "ab", "b"}


def test_nothing_and_nonsense_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoText):
        read(tmp_path, made.word("<w:p/>"))
    with pytest.raises(Damaged):
        read(tmp_path, made.archive({"word/document.xml": "<w:nothing"}))
    with pytest.raises(Damaged):
        read(tmp_path, b"PK\x03\x04 and so on")


def level(number: int, form: str, text: str, extra: str = "") -> str:
    return f'<w:lvl w:ilvl="{number}"><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>{extra}</w:lvl>'


def numbering(*lists: str) -> str:
    """Lists 1, 2 … of these levels, and one more that counts like the first and begins anew."""
    kinds = "".join(f'<w:abstractNum w:abstractNumId="{id}">{levels}</w:abstractNum>' for id, levels in enumerate(lists))
    used = "".join(f'<w:num w:numId="{id + 1}"><w:abstractNumId w:val="{id}"/></w:num>' for id, _ in enumerate(lists))
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    return f'{kinds}{used}<w:num w:numId="{len(lists) + 1}"><w:abstractNumId w:val="0"/>{anew}</w:num>'


NUMBERING = numbering(
    level(0, "decimal", "%1.") + level(1, "lowerLetter", "%1.%2)"),
    level(0, "chineseCounting", "第%1条"),
    level(0, "upperRoman", "%1", '<w:pStyle w:val="H"/>'),
)


def item(text: str, number: int, level: int = 0) -> str:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return f"<w:p><w:pPr>{place}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_numbers_that_word_draws_are_written(tmp_path: Path) -> None:
    style = made.style("H", "heading 1", '<w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>')
    body = (
        item("a", 1) + item("b", 1) + item("c", 1, 1) + item("d", 1, 1) + item("e", 1) + item("f", 1, 1)
        + item("甲", 2) + item("乙", 2) + item("new", 4) + item("none", 0) + paragraph("Head", "H") + paragraph("Next", "H")
    )  # fmt: skip
    found = read(tmp_path, made.word(body, numbering=NUMBERING, styles=style))
    lines = [line for line in found.text.split("\n") if line]
    assert lines[:9] == ["1. a", "2. b", "2.a) c", "2.b) d", "3. e", "3.a) f", "第一条 甲", "第二条 乙", "1. new"]
    assert lines[9:] == ["none", "I Head", "II Next"]
    assert partitioned(found)


def run(text: str, properties: str) -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def test_text_that_nobody_sees_is_listed_and_left_out(tmp_path: Path) -> None:
    white = '<w:color w:val="FFFFFF"/>'
    runs = (
        run("gone", "<w:vanish/>")
        + run("pale", white)
        + run("hair", '<w:sz w:val="2"/>')
        + run("seen", white + '<w:shd w:fill="000000"/>')
    )
    table = f"<w:tbl><w:tr><w:tc><w:p>{run('header', white)}</w:p></w:tc></w:tr></w:tbl>"
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    found = read(tmp_path, made.word(f"<w:p>{runs}</w:p>{table}{paragraph('plain' + tags, 'Heading1')}", styles=STYLES))
    assert found.text == "seen\n\nheader\nplain\n"
    assert {(hidden.kind.value, hidden.text) for hidden in found.hidden} == {
        ("marked", "gone"), ("colour", "pale"), ("tiny", "hair"), ("unseen", "obey"),
    }  # fmt: skip
    assert [block.span.of(found.text) for block in found.blocks] == ["header", "plain"]


def test_what_styles_hide_is_listed_and_what_they_show_stays(tmp_path: Path) -> None:
    styles = (
        made.style("Ghost", "Ghost", "<w:rPr><w:vanish/></w:rPr>")
        + made.style("Heir", "Heir", '<w:basedOn w:val="Ghost"/>')
        + made.style("Pale", "Pale", '<w:rPr><w:color w:val="FFFFFF"/></w:rPr>')
        + made.style("Banner", "Banner", '<w:basedOn w:val="Pale"/><w:pPr><w:shd w:fill="000000"/></w:pPr>')
    )
    runs = run("by letters", '<w:rStyle w:val="Heir"/>') + run("shown", '<w:rStyle w:val="Ghost"/><w:vanish w:val="0"/>')
    body = f"<w:p>{runs}</w:p>" + paragraph("by paragraph", "Heir") + paragraph("pale", "Pale") + paragraph("banner", "Banner")
    found = read(tmp_path, made.word(body, styles=styles))
    assert found.text == "shown\n\nbanner\n"
    assert [(hidden.kind.value, hidden.text) for hidden in found.hidden] == [
        ("marked", "by letters"), ("marked", "by paragraph"), ("colour", "pale"),
    ]  # fmt: skip


def test_cells_stay_below_their_headers(tmp_path: Path) -> None:
    def row(*cells: str, before: str = "") -> str:
        return f"<w:tr>{before}{''.join(cells)}</w:tr>"

    def cell(text: str, span: int = 1) -> str:
        return f'<w:tc><w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>{paragraph(text)}</w:tc>'

    skipped = '<w:trPr><w:gridBefore w:val="2"/></w:trPr>'
    table = row(*map(cell, "abc")) + row(cell("sum", 2), cell("9")) + row(cell("late"), before=skipped)
    assert read(tmp_path, made.word(f"<w:tbl>{table}</w:tbl>")).text == "a | b | c\nsum |  | 9\n |  | late\n"


def test_a_list_may_begin_at_another_number_and_be_written_otherwise(tmp_path: Path) -> None:
    def used(id: int, override: str) -> str:
        return f'<w:num w:numId="{id}"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">{override}</w:lvlOverride></w:num>'

    later = used(5, '<w:startOverride w:val="7"/>')
    letters = used(6, '<w:startOverride w:val="2"/>' + level(0, "upperLetter", "(%1)"))
    body = item("a", 1) + item("b", 5) + item("c", 5) + item("d", 5, 1) + item("e", 6)
    found = read(tmp_path, made.word(body, numbering=NUMBERING + later + letters))
    assert [line for line in found.text.split("\n") if line] == ["1. a", "7. b", "8. c", "8.a) d", "(B) e"]


def test_equations_are_written_in_one_line(tmp_path: Path) -> None:
    def math(name: str, **parts: str) -> str:
        return f"<m:{name}>{''.join(f'<m:{part}>{text}</m:{part}>' for part, text in parts.items())}</m:{name}>"

    def said(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = math("f", num=said("a+b"), den=said("2"))
    powers = math("sSubSup", e=said("x"), sub=said("i"), sup=said("n+1"))
    root = math("rad", deg="", e=said("y"))
    total = math("nary", naryPr='<m:chr m:val="∑"/>', sub=said("i=1"), sup=said("n"), e=said("k"))
    found = read(
        tmp_path, made.word(f"<w:p><m:oMath>{fraction}{said('=')}{powers}{said('+')}{root}{said('+')}{total}</m:oMath></w:p>")
    )
    assert found.text == "(a+b)/2=x_i^(n+1)+√(y)+∑_(i=1)^nk\n"
