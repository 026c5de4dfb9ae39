"""Text, Markdown, HTML and JSON → sections."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.domain.text import BlockKind, Extraction
from kimi_docs.errors import NoText
from kimi_docs.extract import markdown, plain, web
from kimi_docs.extract.build import Builder
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.quality import detect, garbled
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.extract.wire import partitioned

from . import made


def read(reader: object, tmp_path: Path, content: str | bytes) -> Extraction:
    path = tmp_path / "a"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return reader.read(path, "id")  # type: ignore[attr-defined, no-any-return]


PARAGRAPHS = st.lists(
    st.builds(
        Paragraph,
        text=st.text(alphabet="ab。. \n字", min_size=1, max_size=200).map(lambda text: text * 40),
        level=st.sampled_from([0, 0, 0, 1, 2, 3]),
        fresh=st.booleans(),
        kind=st.sampled_from([BlockKind.PARAGRAPH, BlockKind.TABLE]),
    ),
    max_size=12,
)


@given(PARAGRAPHS)
def test_pages_partition_the_text_and_blocks_lie_in_it(paragraphs: list[Paragraph]) -> None:
    builder = Builder("id", "test")
    add_sections(builder, paragraphs)
    try:
        found = builder.finish()
    except NoText:
        return
    assert partitioned(found)
    assert "".join(page.span.of(found.text) for page in found.pages) == found.text
    assert all(0 <= block.span.start <= block.span.end <= len(found.text) for block in found.blocks)
    letters = sum(len("".join(paragraph.text.split())) for paragraph in paragraphs)
    assert len("".join(found.text.split())) == letters
    assert all(len(page.span) <= 6200 for page in found.pages)


def test_form_feeds_begin_pages_and_indents_stay(tmp_path: Path) -> None:
    found = read(plain, tmp_path, "def f():\n    return 1\f\r\nsecond\r\npage\x00")
    assert [found.page_text(number) for number in (1, 2)] == ["def f():\n    return 1\n", "second\npage\n"]


def test_markdown_sections_follow_its_headings_and_not_its_code(tmp_path: Path) -> None:
    text = "# Title\n\nIntro\n\n## One\n\n```\n# no heading\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nSetext\n======\n\nend"
    found = read(markdown, tmp_path, text)
    assert [page.label for page in found.pages] == ["Title", "Title › One", "Setext"]
    assert found.title == "Title"
    assert BlockKind.TABLE in {block.kind for block in found.blocks}
    assert "# no heading" in found.text


def test_html_gives_what_is_seen(tmp_path: Path) -> None:
    page = (
        "<!doctype html><html><head><title>The Page</title><style>p{}</style></head><body><script>evil()</script><h1>Head</h1>"
        "<p>One <b>bold</b>\nline<br>next</p><ul><li>milk</ul><table><tr><th>a<th>b<tr><td>1<td>2</table>tail</body></html>"
    )
    found = read(web, tmp_path, page)
    assert found.title == "The Page"
    assert found.text == "Head\n\nOne bold line\nnext\n\n- milk\n\na | b\n1 | 2\n\ntail\n"


def test_html_says_its_own_encoding(tmp_path: Path) -> None:
    assert "编码正确" in read(web, tmp_path, '<html><meta charset="gb2312"><p>编码正确'.encode("gb18030")).text


ENCODED = [
    ("简体中文的句子，测试编码。" * 20, "gb18030"),
    ("繁體中文的句子，測試編碼。" * 20, "big5"),
    ("これは日本語の文章です。漢字とかな。" * 20, "shift_jis"),
    ("Plain English text with a café and a naïve résumé. " * 20, "cp1252"),
    ("Plain text", "utf-16-le"),
    ("任何文字", "utf-8"),
    ("任何文字", "utf-16"),
    ("任何文字", "utf-32"),
]


@pytest.mark.parametrize(("text", "encoding"), ENCODED, ids=[encoding for _, encoding in ENCODED])
def test_encodings_are_found_out(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding))[0] == text


ZH = "合同编号一二三。甲方应当在三十日内向乙方支付货款人民币五十万元整，逾期按日计收违约金。\n" * 300
TW = "合同編號一二三。甲方應當在三十日內向乙方支付貨款新臺幣五十萬元整，逾期按日計收違約金。" * 600
DAMAGED = {
    "cut in a character": (ZH.encode()[:-2], ZH[:-2], "utf-8"),
    "a bad byte": (ZH[:100].encode() + b"\xff" + ZH.encode(), ZH[:100], "utf-8"),
    "a mark and a bad byte": (b"\xef\xbb\xbf" + ZH.encode() + b"\xff", ZH, "utf-8-sig"),
    "short and cut": ("任何文字的".encode()[:-1], "任何文字", "utf-8"),
    "french and cut": ("Résumé, café, naïve — “quoted” ".encode() + b"\xc3", "Résumé, café, naïve — “quoted” ", "utf-8"),
    "cut in GB18030": (ZH.encode("gb18030") + b"\xd5", ZH, "gb18030"),
    "a bad byte in GB18030": (ZH[:70].encode("gb18030") + b"\xff\n" + ZH.encode("gb18030"), ZH[:70], "gb18030"),
    "cut in Big5": (TW.encode("big5")[:-1], TW[:-1], "big5"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_few_bad_bytes_cost_themselves_and_are_said(tmp_path: Path, kind: str) -> None:
    content, text, encoding = DAMAGED[kind]
    assert decode(content)[0].startswith(text)
    assert decode(content)[0].count("\ufffd") == 1
    assert decode(content)[1] == encoding
    found = read(plain, tmp_path, content)
    assert [notice.code for notice in found.notices] == ["damaged_characters"]


LONG_LINES = [
    ("Title\n" + TW, "big5"),
    ("a" * 20_000 + "\n" + ZH, "gb18030"),
    ("t\n" + "それは日本語の文章です。" * 2000, "shift_jis"),
]


@pytest.mark.parametrize(("text", "encoding"), LONG_LINES)
@pytest.mark.parametrize("shift", range(2))
def test_an_encoding_is_found_out_from_long_lines(text: str, encoding: str, shift: int) -> None:
    assert decode(("x" * shift + text).encode(encoding))[0] == "x" * shift + text


@given(st.binary(max_size=300))
def test_any_bytes_decode(content: bytes) -> None:
    decode(content)


LANGUAGES = [
    ("This is the text of a page and it is in English.", "en"),
    ("本文研究长文档的摘要方法，使用 Transformer 模型。", "zh-CN"),
    ("これは日本語の文章です。", "ja"),
    ("이것은 한국어 문장입니다.", "ko"),
    ("1 2 3", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "language"), LANGUAGES)
def test_languages(text: str, language: str) -> None:
    assert detect(text) == language


def test_text_of_private_characters_is_garbled_and_prose_is_not() -> None:
    assert garbled("\ue001\ue002\ue003" * 20)
    assert garbled("(cid:3)(cid:4) " * 10)
    assert not garbled("Ordinary prose with one \ue001 odd character in it.")


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
def test_encodings_of_the_corpus() -> None:
    folder = made.CORPUS / "hostile" / "generated"
    expected = json.loads((folder / "EXPECT_TEXT.public.json").read_text())
    files = sorted(folder.glob("enc_*.txt"))
    assert files
    for path in files:
        known = expected.get(path.name)
        text = decode(path.read_bytes())[0]
        assert known is None or str(known) in text, path.name


def test_what_a_page_hides_is_listed_and_left_out(tmp_path: Path) -> None:
    hidden = '<p style="DISPLAY : none">one</p><span hidden>two</span><div style="position:absolute; left:-9999px">three</div>'
    (tmp_path / "a.html").write_text(f'<html><body><p>seen</p>{hidden}<p style="opacity:0.5">half</p></body></html>')
    found = web.read(tmp_path / "a.html", "id")
    assert found.text == "seen\n\nhalf\n"
    assert [entry.text for entry in found.hidden] == ["one", "two", "three"]
    assert [notice.code for notice in found.notices] == ["hidden"]


def test_tables_of_a_page_keep_caption_and_columns_and_hide_what_is_hidden(tmp_path: Path) -> None:
    table = (
        "<table><caption>In euro</caption><thead><tr><th>Region<th>2023<th>2024</thead><tr><td rowspan=2>North<td>10<td>20"
        "<tr><td>11<td>21<tr><td colspan=2>Total<td>41<tr><td colspan=3>Note<tr style='display:none'><td>gone<td>x"
        "<tr><td>South<span hidden>lost</span><script>leak()</script><td><style>p{}</style><p>1</p><p>2</p><td>3</table>"
    )
    found = read(web, tmp_path, f"<html><body>{table}</body></html>")
    assert found.text == "In euro\n\nRegion | 2023 | 2024\nNorth | 10 | 20\n | 11 | 21\nTotal |  | 41\nNote\nSouth | 1 2 | 3\n"
    assert [entry.text for entry in found.hidden] == ["gone x", "lost"]


SLOW_LINES = ["# a" + " " * 50_000 + "b", "x | y\n-|" + " " * 50_000 + "x", "x | y\n" + " " * 50_000 + "x"]


@pytest.mark.parametrize("text", SLOW_LINES, ids=["heading", "rule", "before a rule"])
def test_long_blanks_cost_no_more_than_their_length(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    read(markdown, tmp_path, text)
    assert time.process_time() - start < 2
