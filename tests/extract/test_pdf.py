"""PDF pages → clean text and pictures whose boxes lie on the passage."""

import io
import re
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kimi_docs.domain.text import Coverage, Extraction, PageState
from kimi_docs.errors import Damaged, EmptyDocument, NoText, PasswordNeeded, TooLarge
from kimi_docs.extract import pdf
from kimi_docs.extract.pdf_margins import edges, margins
from kimi_docs.extract.pdf_recognize import with_stamp
from kimi_docs.extract.pdf_text import Origins, clean
from kimi_docs.extract.recognized import Recognized, unread
from kimi_docs.extract.wire import partitioned

from . import made


def read(tmp_path: Path, content: bytes, password: str = "") -> Extraction:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    return pdf.read(path, "id", password=password)


def test_pages_are_read_in_order_and_partition_the_text(tmp_path: Path) -> None:
    found = read(tmp_path, made.pdf([made.lines("One fish"), made.lines("Two fish")]))
    assert found.text == "One fish\nTwo fish\n"
    assert [page.label for page in found.pages] == ["1", "2"]
    assert partitioned(found)


def test_hyphens_at_line_ends_are_joined_and_others_kept(tmp_path: Path) -> None:
    found = read(tmp_path, made.pdf([made.lines("An exam-", "ple of a well-known", "Jean-", "Paul in 2019-", "2020")]))
    assert "example of a well-known" in found.text
    assert "exam-" not in found.text
    assert re.search(r"Jean-?\n?Paul", found.text)


def test_running_headers_and_page_numbers_are_left_out_and_said_once(tmp_path: Path) -> None:
    words = ["apples", "pears", "plums", "figs", "dates"]
    pages = [
        made.lines("The Fruit Report", f"This page is about {word}.", "It ends.", f"- {n} -") for n, word in enumerate(words, 7)
    ]
    found = read(tmp_path, made.pdf(pages))
    assert found.text.count("The Fruit Report") == 1
    assert not re.search(r"- \d+ -", found.text)
    assert all(f"about {word}." in found.text for word in words)


HEADS = {
    "Page {n}": False,
    "Manual of the machine, p. {n}": False,
    "{n} | Manual": False,
    "{n} Manual": False,
    "How to use the machine {n}": False,
    "操作手册 第{n}页": False,
    "Question {n}": True,
    "Exercise sheet {n}": True,
}


@pytest.mark.parametrize("head", [head for head in HEADS if head.isascii()])
def test_lines_that_count_with_the_pages_are_headings_unless_they_say_they_are_pages(tmp_path: Path, head: str) -> None:
    words = ["apples", "pears", "plums", "figs", "dates", "limes"]
    found = read(
        tmp_path,
        made.pdf([made.lines(head.format(n=n), f"What are {word}?", f"Say what {word} is.") for n, word in enumerate(words, 1)]),
    )
    assert all((head.format(n=n) in found.text) is HEADS[head] for n in range(2, 7))


@pytest.mark.parametrize("head", HEADS)
def test_the_same_holds_for_other_writings(head: str) -> None:
    pages = [edges(f"{head.format(n=n)}\r\nWhat is {word}?\r\nSay it.\r\nEnd {word}\r\n") for n, word in enumerate("abcdef")]
    assert bool(margins(pages, 3)) is not HEADS[head]


def test_a_heading_that_counts_stays_under_a_running_line_and_a_line_above_it_goes(tmp_path: Path) -> None:
    words = ["apples", "pears", "plums", "figs"]
    for top, kept in ((("Exam of the spring", "Question {n}"), True), (("Sheet {n}", "Exam of the spring"), False)):
        pages = [
            made.lines(*[line.format(n=n) for line in top], f"What are {word}?", f"Say what {word} is.", f"End of {word}")
            for n, word in enumerate(words, 1)
        ]
        found = read(tmp_path, made.pdf(pages))
        counted = next(line for line in top if "{n}" in line).format(n=3)
        assert (counted in found.text) is kept
        assert found.text.count("Exam of the spring") == 1


def test_rows_of_figures_and_identical_pages_are_no_headers(tmp_path: Path) -> None:
    figures = read(tmp_path, made.pdf([made.lines(f"{n}.5 {n}.7 {n}.9", f"Line {word}", "9 9 9") for n, word in enumerate("abcd")]))
    assert figures.text.count("9 9 9") == 4
    same = read(tmp_path, made.pdf([made.lines("Same text on all pages")] * 5))
    assert same.text.count("Same text") == 5


def test_blank_and_picture_pages_are_empty_and_a_picture_says_so(tmp_path: Path) -> None:
    picture = "q 300 0 0 300 100 100 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
    found = read(tmp_path, made.pdf([made.lines("Words"), "", picture]))
    assert [page.state for page in found.pages] == [PageState.READ, PageState.EMPTY, PageState.EMPTY]
    assert [(notice.code, notice.page) for notice in found.notices] == [("picture_page", 3)]


WHOLE = "q 600 0 0 780 0 20 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q "


@pytest.mark.parametrize("stamps", [["Scanned by CamScanner"] * 6, [f"ABC{number:06}" for number in range(123, 129)]])
def test_a_picture_with_a_stamp_is_a_picture_and_keeps_the_stamp(tmp_path: Path, stamps: list[str]) -> None:
    found = read(tmp_path, made.pdf([WHOLE + made.lines(stamp, top=8, size=9) for stamp in stamps]))
    assert [(notice.code, notice.page) for notice in found.notices] == [("picture_page", number) for number in range(1, 7)]
    assert unread(found) == [1, 2, 3, 4, 5, 6]
    assert not Coverage.of(found).whole
    assert [found.page_text(number).strip() for number in range(1, 7)] == stamps


PICTURES_WITH_TEXT = {
    "a title": WHOLE + made.lines("Annual Report", "The year in figures", size=30),
    "a slide": WHOLE + made.lines("Our aims", "Grow", "Learn", "Share what we have learnt"),
    "recognized already": WHOLE + "3 Tr " + made.lines("Page left blank", size=9),
    "half a page": "q 600 0 0 400 0 20 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q " + made.lines("A caption", size=9),
}


@pytest.mark.parametrize("name", PICTURES_WITH_TEXT)
def test_text_on_a_picture_that_is_no_stamp_is_read(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, made.pdf([PICTURES_WITH_TEXT[name]]))
    assert (found.pages[0].state, found.notices) == (PageState.READ, ())


def test_a_stamp_that_is_recognized_badly_is_not_lost() -> None:
    found = with_stamp(Recognized(number=1, text="Lease contract\nScannedby CamScanner\n"), "Scanned by CamScanner\nABC000123\n")
    assert found.text == "Lease contract\nScannedby CamScanner\nABC000123\n"


def test_pictures_alone_are_no_text_with_advice(tmp_path: Path) -> None:
    with pytest.raises(NoText, match="ocr"):
        read(tmp_path, made.pdf(["q 300 0 0 300 100 100 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"]))


def test_a_page_of_cids_is_garbled(tmp_path: Path) -> None:
    found = read(tmp_path, made.pdf([made.lines(r"\(cid:12\)\(cid:13\)\(cid:99\)\(cid:7\)")]))
    assert found.pages[0].state is PageState.GARBLED
    assert found.notices[0].code == "garbled_page"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("A Study of Bees", "A Study of Bees"),
        ("Microsoft Word - bees_final.doc", "Bees and Flowers"),
        ("untitled", "Bees and Flowers"),
        ("bees.pdf", "Bees and Flowers"),
    ],
)
def test_the_title_is_what_the_document_says_unless_it_is_none(tmp_path: Path, said: str, expected: str) -> None:
    page = made.lines("Bees and Flowers", size=24) + "\n" + made.lines(*[f"Body line {word}" for word in "abcdef"], top=600)
    assert read(tmp_path, made.pdf([page], info=f"/Title({said})")).title == expected


def test_numbered_lines_become_headings(tmp_path: Path) -> None:
    found = read(
        tmp_path, made.pdf([made.lines("Abstract", "We did it.", "1 Introduction", "2.1 Our Data", "3 apples were eaten.")])
    )
    headings = [(block.span.of(found.text), block.level) for block in found.blocks]
    assert headings == [("Abstract", 1), ("1 Introduction", 1), ("2.1 Our Data", 2)]


def test_broken_pageless_and_endless_files_say_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Damaged):
        read(tmp_path, b"%PDF-1.7 nothing")
    with pytest.raises((Damaged, EmptyDocument)):
        read(tmp_path, made.pdf([]))
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    with pytest.raises(TooLarge, match="3 pages"):
        read(tmp_path, made.pdf([made.lines("x")] * 3))


def test_every_character_is_found_again_in_its_box(tmp_path: Path) -> None:
    for extra in ("", "/Rotate 90", "/Rotate 270", "/MediaBox[-50 -50 650 850]/CropBox[10 20 560 790]"):
        path = tmp_path / "a.pdf"
        path.write_bytes(made.pdf([made.lines("The quick brown fox", "jumps over the dog")], page=extra))
        found = pdf.read(path, "id")
        start = found.text.index("over")
        picture = pdf.picture(path, 1, width=800, start=start, end=start + 4)
        (box,) = picture.boxes
        dark = _dark(picture.jpeg, (box.left, box.top, box.left + box.width, box.top + box.height))
        assert dark > 0.05, extra
        around = _dark(picture.jpeg, (0, 0, 1, 1))
        assert dark > 3 * around, extra


def _dark(jpeg: bytes, box: tuple[float, float, float, float]) -> float:
    image = Image.open(io.BytesIO(jpeg)).convert("L")
    width, height = image.size
    part = image.crop((int(box[0] * width), int(box[1] * height), int(box[2] * width) + 1, int(box[3] * height) + 1))
    return sum(part.histogram()[:128]) / (part.width * part.height)


def test_a_passage_over_two_lines_has_two_boxes_one_below_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(
        made.pdf([made.lines("A Header", f"The quick {word} fox", f"jumps over {word} dogs", "x" + word) for word in "abcd"])
    )
    found = pdf.read(path, "id")
    page = found.pages[2]
    start, end = (found.page_text(3).index(word) for word in ("quick", "over"))
    boxes = pdf.picture(path, page.number, start=start, end=end + 4).boxes
    assert len(boxes) == 2
    assert boxes[0].top < boxes[1].top
    assert all(box.left >= 0 and box.left + box.width <= 1 for box in boxes)


@given(st.text(alphabet="ab-C \ufffe\u00ad\x00\ud800é", max_size=40).map(lambda text: text.replace("C", "\r\n")), st.data())
def test_a_page_is_clean_and_each_of_its_characters_knows_where_it_came_from(raw: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
    removed = [(first, last) for number, (first, last) in enumerate(pairwise(places)) if first < last and number % 2 == 0]
    text = clean(raw, removed)
    assert not re.search("[\x00\r\ufffe\u00ad\ud800-\udfff]", text)
    origins = Origins(raw, removed)
    for offset, letter in enumerate(text[: origins.length]):
        place = origins.raw(offset)
        assert not any(first <= place < last for first, last in removed)
        assert raw[place] == letter or (letter == "\n" and raw[place] == "\r") or letter == "\ufffd"


PASSWORDS = [("pdf/unstructured/password.pdf", "password"), ("pdf/pdfjs/issue6010_2.pdf", "æøå")]


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
class TestOnRealFiles:
    @pytest.mark.parametrize(("name", "password"), PASSWORDS)
    def test_a_password_is_asked_for_and_used(self, name: str, password: str) -> None:
        for wrong in ("", "wrong"):
            with pytest.raises(PasswordNeeded):
                pdf.read(made.CORPUS / name, "id", password=wrong)
        assert pdf.read(made.CORPUS / name, "id", password=password).text

    @pytest.mark.parametrize(
        ("name", "found", "absent"),
        [
            ("scisumm/C10-1045.pdf", "Better Arabic Parsing", "\ufffe"),
            (
                "tika/testPDF_bad_page_303226.pdf",
                "CONTROLLED SUBSTANCES",
                "VerDate 27<APR>2000 10:56 Apr 28, 2000 Jkt 190069 PO 00000 Frm 00080",
            ),
            ("zh-p3c/Java开发手册(黄山版).pdf", "命名风格", "23/51"),
            ("pdfjs/90ms_rksj_h_sample.pdf", "\u3042", "\x00"),
            ("tabula/arabic.pdf", "\u0627", "\x00"),
        ],
    )
    def test_what_must_and_must_not_be_found(self, name: str, found: str, absent: str) -> None:
        extraction = pdf.read(made.CORPUS / "pdf" / name, "id")
        if found in "\u3042":
            assert extraction.language == "ja"
        else:
            assert found in extraction.text
        assert absent not in extraction.text
        assert partitioned(extraction)

    def test_boxes_hold_the_words_they_mark(self) -> None:
        for name in ("scisumm/N04-1038.pdf", "icdar2013/us-001.pdf", "pdfjs/rotation.pdf", "zh-p3c/Java开发手册(黄山版).pdf"):
            path = made.CORPUS / "pdf" / name
            extraction = pdf.read(path, "id")
            for page in [page for page in extraction.pages if len(page.span) > 40][:4]:
                text = page.span.of(extraction.text)
                word = max(re.findall(r"\w{4,12}", text[: len(text) // 2]), key=len)
                start = text.index(word)
                boxes = pdf.picture(path, page.number, width=200, start=start, end=start + len(word)).boxes
                assert word[1:-1] in _text_in(path, page.number, boxes[0]), name


def _text_in(path: Path, number: int, box: object) -> str:
    """What pdfium itself finds in a box (for pages that are not turned or cropped)."""
    document = pdfium.PdfDocument(path)
    page = document[number - 1]
    width, height = page.get_size()
    left, bottom, right, top = page.get_cropbox()
    edges = (box.left, box.top, box.left + box.width, box.top + box.height)  # type: ignore[attr-defined]
    turned = page.get_rotation()
    if turned == 0:
        place = (left + edges[0] * width, top - edges[3] * height, left + edges[2] * width, top - edges[1] * height)
    elif turned == 90:
        place = (left + edges[1] * height, bottom + edges[0] * width, left + edges[3] * height, bottom + edges[2] * width)
    elif turned == 180:
        place = (right - edges[2] * width, bottom + edges[1] * height, right - edges[0] * width, bottom + edges[3] * height)
    else:
        place = (right - edges[3] * height, top - edges[2] * width, right - edges[1] * height, top - edges[0] * width)
    text_page = page.get_textpage()
    found = str(text_page.get_text_bounded(place[0] - 1, place[1] - 1, place[2] + 1, place[3] + 1))
    text_page.close()
    page.close()
    document.close()
    return found
