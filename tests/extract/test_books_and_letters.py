"""EPUB, e-mail, RTF and OpenDocument → their text in its order."""

from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from kimi_docs.domain.text import BlockKind, PageKind
from kimi_docs.errors import Damaged, DocumentError, NoText
from kimi_docs.extract import book, mail, opendocument, rtf
from kimi_docs.extract.wire import partitioned

from . import made

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/a.opf"/></rootfiles></container>'


def epub(tmp_path: Path, chapters: dict[str, str], *, spine: str = "", extra: str = "", **parts: str) -> Path:
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters)
    order = spine or "".join(f'<itemref idref="{name}"/>' for name in chapters)
    about = "<metadata><title>The Book</title><creator>One</creator><creator>Two</creator></metadata>"
    files = {"META-INF/container.xml": CONTAINER} | {
        f"OEBPS/{name}.xhtml": f"<html><body>{text}</body></html>" for name, text in chapters.items()
    }
    files["OEBPS/a.opf"] = f"<package>{about}<manifest>{items}{extra}</manifest><spine>{order}</spine></package>"
    path = tmp_path / "a.epub"
    path.write_bytes(made.archive(files | {f"OEBPS/{name}": text for name, text in parts.items()}))
    return path


def test_chapters_come_in_the_order_of_the_spine_with_their_names(tmp_path: Path) -> None:
    nav = '<html><body><nav><a href="b.xhtml">Second &amp; last</a></nav></body></html>'
    path = epub(
        tmp_path,
        {"b": "<p>later</p>", "a": "<h1>First</h1><p>earlier</p>"},
        spine='<itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/><itemref idref="a"/><itemref idref="gone"/>',
        extra='<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        **{"nav.xhtml": nav},
    )
    found = book.read(path, "id")
    assert [page.label for page in found.pages] == ["First", "Second & last"]
    assert found.text == "First\n\nearlier\nlater\n"
    assert (found.title, found.metadata["author"]) == ("The Book", "One; Two")
    assert partitioned(found)


def test_a_book_reads_nothing_outside_itself(tmp_path: Path) -> None:
    outside = '<item id="x" href="../../../../etc/hostname" media-type="application/xhtml+xml"/>'
    path = epub(tmp_path, {"a": "<p>in</p>"}, extra=outside, spine='<itemref idref="a"/><itemref idref="x"/>')
    found = book.read(path, "id")
    assert found.text == "in\n"
    assert [notice.code for notice in found.notices] == ["missing_chapter"]
    (tmp_path / "b.epub").write_bytes(made.archive({"META-INF/container.xml": CONTAINER}))
    with pytest.raises(Damaged):
        book.read(tmp_path / "b.epub", "id")


def test_what_a_chapter_hides_is_listed(tmp_path: Path) -> None:
    found = book.read(epub(tmp_path, {"a": '<p>in</p><p style="display:none">out</p>'}), "id")
    assert (found.text, [entry.text for entry in found.hidden]) == ("in\n", ["out"])


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, text in {"From": "Ann <ann@example.org>", "To": "bob@example.org", "Subject": "报告 and more", **headers}.items():
        message[name] = text
    return message


def read_mail(tmp_path: Path, content: bytes):
    (tmp_path / "a.eml").write_bytes(content)
    found = mail.read(tmp_path / "a.eml", "id")
    assert partitioned(found)
    return found


def test_a_letter_says_who_wrote_what_and_lists_what_is_attached(tmp_path: Path) -> None:
    message = letter()
    message.set_content("Dear Bob,\n\nsee below.\n")
    message.add_alternative("<p>Dear <b>Bob</b>, in HTML</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="计划.pdf")
    forwarded = letter(Subject="Earlier")
    forwarded.set_content("the first letter")
    message.add_attachment(forwarded)
    found = read_mail(tmp_path, message.as_bytes())
    assert found.title == "报告 and more"
    assert found.text.startswith(
        "From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: 报告 and more\n\nDear Bob,\n\nsee below.\n"
    )
    assert "in HTML" not in found.text
    assert "the first letter" in found.text
    assert [page.label for page in found.pages] == ["报告 and more", "Earlier"]
    assert [(n.code, n.message.values["name"], n.message.values["size"]) for n in found.notices] == [("attachment", "计划.pdf", 8)]


def test_a_letter_in_html_alone_and_in_an_old_encoding(tmp_path: Path) -> None:
    head = b"From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\nContent-Transfer-Encoding: 8bit\r\n"
    found = read_mail(tmp_path, head + b"Content-Type: text/html; charset=gb2312\r\n\r\n<p>" + "你好".encode("gb18030") + b"</p>")
    assert found.text.endswith("\n\n你好\n")
    found = read_mail(tmp_path, head + b"Content-Type: text/plain; charset=nonsense\r\n\r\n" + "你好".encode())
    assert found.text.endswith("\n\n你好\n")


def test_attachments_within_another_form_are_listed(tmp_path: Path) -> None:
    message = letter()
    message.set_content("See the invoice.\n")
    message.add_alternative("<p>See the invoice.</p>", subtype="html")
    rich = message.get_payload(1)
    rich.make_mixed()
    rich.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf", disposition="inline")
    found = read_mail(tmp_path, message.as_bytes())
    assert [notice.message.values["name"] for notice in found.notices] == ["invoice.pdf"]
    assert found.text.count("See the invoice.") == 1


def test_a_plain_form_that_only_stands_in_gives_way(tmp_path: Path) -> None:
    message = letter()
    message.set_content("This message needs an HTML mail reader.\n")
    page = '<p>Your contract ends on 30 June 2025. The fee is 900 EUR.</p><div style="display:none">unseen</div>'
    message.add_alternative(page, subtype="html")
    found = read_mail(tmp_path, message.as_bytes())
    assert found.text.endswith("\n\nYour contract ends on 30 June 2025. The fee is 900 EUR.\n")
    assert [entry.text for entry in found.hidden] == ["unseen"]


MULTIPART = b"Content-Type: multipart/mixed; boundary=x\n\n"
BROKEN_LETTERS = [
    b"From: a@b\n" + MULTIPART + b"--x\n--x\n--x--",
    b"Subject: \xff\xfe\nTo: <<>>,,;\nFrom: \n\n",
    b"From: a@b\n" + MULTIPART + (b"--x\n" + MULTIPART) * 300,
]


@pytest.mark.parametrize("content", BROKEN_LETTERS)
def test_broken_letters_end_well(tmp_path: Path, content: bytes) -> None:
    with suppress(DocumentError):
        read_mail(tmp_path, content)


RTF = (
    rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}{\f1\fcharset0 Arial;}}"
    rb"{\info{\title A \u26631?\'cc\'e2}{\author Me}}"
    rb"\pard\outlinelevel0 Head \'d6\'d0\'ce\'c4\par\pard\f1 caf\'e9 \u20013?\u-10179?\u-8704? x{\v secret}\~end\{\par"
    rb"\trowd\pard\intbl a\cell b\par c\cell\row\trowd\pard\intbl d\cell\cell\row\pard after{\footnote\pard note}\par"
    rb"{\header Top}{\*\unknown gone}{\pict\bin4 a{}b}\u8364\'80{\uc0\u960}\par}"
)


def test_rich_text(tmp_path: Path) -> None:
    (tmp_path / "a.rtf").write_bytes(RTF)
    found = rtf.read(tmp_path / "a.rtf", "id")
    assert (found.title, found.metadata["author"]) == ("A 标题", "Me")
    assert found.page_text(1) == "Head 中文\n\ncafé 中😀 x\u00a0end{\n\na | b c\nd |\n\nafter\n\n€π\n"
    assert [page.label for page in found.pages] == ["Head 中文", "Footnotes", "Headers and footers"]
    assert [block.kind for block in found.blocks] == [BlockKind.HEADING, BlockKind.TABLE]
    assert [notice.code for notice in found.notices] == ["hidden", "pictures"]
    assert partitioned(found)


BROKEN_RICH_TEXTS = [
    rb"{\rtf1 " + b"{" * 5000 + b"x",
    rb"{\rtf1 " + b"}" * 50 + b"words",
    rb"{\rtf1\bin999999999 x",
    rb"{\rtf1 \'zz \u99999999999 words",
]


@pytest.mark.parametrize("content", BROKEN_RICH_TEXTS)
def test_broken_rich_text_ends_well(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.rtf").write_bytes(content)
    with suppress(DocumentError):
        rtf.read(tmp_path / "a.rtf", "id")


SPACES = (
    'xmlns:office="urn:o" xmlns:text="urn:t" xmlns:table="urn:b" xmlns:draw="urn:d" xmlns:presentation="urn:p" xmlns:dc="urn:c"'
)


def open_document(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "a.odt"
    content = f"<office:document-content {SPACES}><office:body>{body}</office:body></office:document-content>"
    about = f"<office:document-meta {SPACES}><office:meta><dc:title>Named</dc:title></office:meta></office:document-meta>"
    path.write_bytes(made.archive({"content.xml": content, "meta.xml": about}))
    return path


def test_open_document_text(tmp_path: Path) -> None:
    empty = '<table:table-cell table:number-columns-repeated="{}"/>'
    row = f"<table:table-row><table:table-cell><text:p>{{}}</text:p></table:table-cell>{empty}</table:table-row>"
    inner = f"<table:table>{row.format('x', 1)}</table:table>"
    deeper = "<text:list><text:list-item><text:p>deeper</text:p></text:list-item></text:list>"
    body = (
        "<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">One</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c'
        "<text:note><text:note-body><text:p>note</text:p></text:note-body></text:note>"
        "<office:annotation><text:p>remark</text:p></office:annotation></text:p>"
        f"<text:list><text:list-item><text:p>first</text:p>{deeper}</text:list-item></text:list>"
        f"<table:table>{row.format(inner, 999999999)}{row.format('y', 1)}</table:table></office:text>"
    )
    found = opendocument.read(open_document(tmp_path, body), "id")
    assert found.page_text(1).startswith("One\n\na   b\tc[1]\n\n- first\n\n  - deeper\n\nx")
    assert found.page_text(1).endswith("\ny |\n")
    assert len(found.page_text(1)) < 1000
    assert "deleted" not in found.text
    assert found.text.count("x") == 1
    assert [page.label for page in found.pages] == ["One", "Footnotes", "Comments"]
    assert found.title == "Named"


def test_what_an_open_document_hides_is_listed(tmp_path: Path) -> None:
    styles = (
        '<office:automatic-styles><style:style style:name="H" style:family="text"><style:text-properties text:display="none"/>'
        '</style:style><style:style style:name="I" style:family="text" style:parent-style-name="H"/></office:automatic-styles>'
    )
    body = (
        '<office:text><text:p>a <text:span text:style-name="I">by style</text:span>b</text:p>'
        '<text:p text:style-name="H">not of this family</text:p>'
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>by field</text:p>'
        '<text:section text:display="none"><text:p>by section</text:p></text:section></office:text>'
    )
    spaces = f'{SPACES} xmlns:style="urn:s"'
    content = f"<office:document-content {spaces}>{styles}<office:body>{body}</office:body></office:document-content>"
    (tmp_path / "a.odt").write_bytes(made.archive({"content.xml": content}))
    found = opendocument.read(tmp_path / "a.odt", "id")
    assert found.text == "a b\n\nnot of this family\n"
    assert [entry.text for entry in found.hidden] == ["by style", "by field", "by section"]


def test_open_document_slides(tmp_path: Path) -> None:
    body = (
        '<office:presentation><draw:page draw:name="p1">'
        "<draw:frame><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>spoken</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
        '<draw:page draw:name="p2"/></office:presentation>'
    )
    found = opendocument.read(open_document(tmp_path, body), "id")
    assert [(page.label, page.kind, page.state) for page in found.pages] == [
        ("Title", PageKind.SLIDE, "read"),
        ("p2", PageKind.SLIDE, "empty"),
    ]
    assert found.text == "Title\nNotes: spoken\n"
    with pytest.raises(NoText):
        opendocument.read(open_document(tmp_path, "<office:text/>"), "id")
