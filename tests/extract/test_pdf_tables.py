"""Ruled lines on a page make its text a table: rows and cells, each character still in its place."""

from pathlib import Path

import pytest

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import BlockKind, Extraction
from kimi_docs.extract import pdf
from kimi_docs.extract.formats import PDF_WITHOUT_TABLES
from kimi_docs.extract.sandbox import Pool
from kimi_docs.extract.wire import partitioned
from tests.bench.icdar2013 import NAMES, score_ours

from . import made

ROWS = [("Fruit", "Kilos", "Price"), ("Apples", "12", "3.50"), ("Ripe | green pears", "7", ""), ("Plums", "", "2.10")]
XS = (72, 200, 300, 400)
BEFORE = made.lines("The harvest of the year is in this table.")
AFTER = made.lines("What follows is no table.", top=560)


def cells(*, top: int = 690, step: int = 20) -> str:
    return "\n".join(
        f"BT /F1 10 Tf {XS[column] + 4} {top - step * row - 14} Td ({text}) Tj ET"
        for row, texts in enumerate(ROWS)
        for column, text in enumerate(texts)
        if text
    )


def line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f"{x1} {y1} m {x2} {y2} l S"


def grid(*, top: int = 690, step: int = 20) -> str:
    bottom = top - step * len(ROWS)
    level = [line(XS[0], top - step * number, XS[-1], top - step * number) for number in range(len(ROWS) + 1)]
    return "\n".join([*level, *(line(x, top, x, bottom) for x in XS)])


STYLES = {
    "a grid of lines": grid(),
    "boxes": "\n".join(
        f"{XS[column]} {670 - 20 * row} {XS[column + 1] - XS[column]} 20 re S" for row in range(4) for column in range(3)
    ),
    "thin filled bars": "\n".join(
        [f"{XS[0]} {690 - 20 * number} {XS[-1] - XS[0]} 0.5 re f" for number in range(5)] + [f"{x} 610 0.5 80 re f" for x in XS]
    ),
    "open at the sides": "\n".join(
        [line(XS[0], 690 - 20 * number, XS[-1], 690 - 20 * number) for number in range(5)]
        + [line(x, 690, x, 610) for x in XS[1:-1]]
    ),
    "three level lines": "\n".join(line(XS[0], y, XS[-1], y) for y in (690, 670, 610)),
    "columns ruled, rows not": "\n".join([line(XS[0], y, XS[-1], y) for y in (690, 670, 610)] + [line(x, 690, x, 610) for x in XS]),
}
MARKDOWN = """| Fruit | Kilos | Price |
| --- | --- | --- |
| Apples | 12 | 3.50 |
| Ripe \\| green pears | 7 | |
| Plums | | 2.10 |
"""


def read(tmp_path: Path, *pages: str, page: str = "") -> Extraction:
    path = tmp_path / "a.pdf"
    path.write_bytes(made.pdf(list(pages), page=page))
    found = pdf.read(path, "id")
    assert partitioned(found)
    return found


@pytest.mark.parametrize("style", STYLES)
def test_a_ruled_table_stands_in_the_text_as_rows(tmp_path: Path, style: str) -> None:
    found = read(tmp_path, "\n".join((BEFORE, STYLES[style], cells(), AFTER)))
    assert found.text == f"The harvest of the year is in this table.\n{MARKDOWN}What follows is no table.\n"
    (table,) = [block for block in found.blocks if block.kind is BlockKind.TABLE]
    assert table.span.of(found.text) == MARKDOWN


def test_the_words_of_a_cell_and_of_the_text_around_are_found_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made.pdf(["\n".join((BEFORE, grid(), cells(), AFTER))]))
    found = pdf.read(path, "id")
    for words, left, top in (
        ("harvest", 0.15, 0.1),
        ("3.50", 304 / 600, 1 - 664 / 800),
        ("pears", 0.22, 1 - 644 / 800),
        ("no table", 0.3, 0.3),
    ):
        start = found.text.index(words)
        (box,) = pdf.picture(path, 1, start=start, end=start + len(words)).boxes
        assert box.left == pytest.approx(left, abs=0.06), words
        assert box.top == pytest.approx(top, abs=0.03), words
        assert box.height < 0.03


def test_without_tables_the_cells_stay_lines_and_their_words_are_found_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made.pdf(["\n".join((BEFORE, grid(), cells(), AFTER))]))
    with Pool(1) as pool:
        document = Document(id="a" * 64, name="a", format="pdf", bytes=path.stat().st_size)
        found = pool.extract(path, document, tabled=False)
        assert found.extractor == PDF_WITHOUT_TABLES
        assert not any(block.kind is BlockKind.TABLE for block in found.blocks)
        assert "| ---" not in found.text
        start = found.text.index("pears")
        (box,) = pool.picture(path, document, 1, start=start, end=start + 5, tabled=False).boxes
    assert (box.left, box.top) == (pytest.approx(0.22, abs=0.06), pytest.approx(1 - 644 / 800, abs=0.03))


@pytest.mark.parametrize("gap", [1, 2, 3, 5])
def test_figures_close_to_both_sides_of_a_line_stay_in_their_cells(tmp_path: Path, gap: int) -> None:
    figures = "\n".join(
        f"BT /F1 10 Tf {200 - gap - 16.68} {676 - 20 * row} Td (12{row}) Tj {16.68 + 2 * gap} 0 Td (34{row}) Tj ET"
        for row in range(4)
    )
    found = read(tmp_path, "\n".join((grid(), figures)))
    assert [line for line in found.text.split("\n") if "12" in line] == [f"| 12{row} | 34{row} |" for row in range(4)]


def _visible(text: str) -> list[str]:
    return sorted(letter for letter in text if letter.isprintable() and letter not in " |-\\")


def test_no_word_is_lost_where_lines_of_one_cell_reach_to_different_columns(tmp_path: Path) -> None:
    level = [line(50, y, 350, y) for y in (700, 680, 660, 620, 600)]
    upright = [line(x, 700, x, 660 if x in (150, 250) else 600) for x in (50, 150, 250, 350)]
    upright += [line(x, 620, x, 600) for x in (150, 250)]
    words = [(54, 685, "Item"), (154, 685, "Qty"), (254, 685, "Price"), (54, 665, "Pen"), (154, 665, "2"), (254, 665, "10")]
    words += [(54, 648, "Note 7:"), (54, 632, "Penalty internationalisation 500 EUR")]
    words += [(54, 605, "Ink"), (154, 605, "4"), (254, 605, "30")]
    drawn = [f"BT /F1 11 Tf {x} {y} Td ({text}) Tj ET" for x, y, text in words]
    found = read(tmp_path, "\n".join([*level, *upright, *drawn]))
    assert "| Note 7: Penalty internationalisation 500 EUR |" in found.text
    assert _visible(found.text) == _visible("".join(text for _, _, text in words))


def test_a_citation_over_two_cells_marks_both(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made.pdf(["\n".join((grid(), cells()))]))
    found = pdf.read(path, "id")
    start = found.text.index("Apples")
    boxes = pdf.picture(path, 1, start=start, end=found.text.index("3.50") + 4).boxes
    assert min(box.left for box in boxes) < 0.15
    assert max(box.left + box.width for box in boxes) > 0.5


NO_TABLES = {
    "a frame around a paragraph": "72 500 400 200 re S\n" + made.lines("A warning", "in a frame", "of three lines", top=660),
    "lines above and below a page of text": "\n".join(
        [
            line(72, 740, 500, 740),
            line(72, 100, 500, 100),
            line(72, 300, 200, 300),
            made.lines("Some words run on and on and on", "from line to line to line to line"),
        ]
    ),
    "two columns of prose": "\n".join(
        [line(72, 740, 540, 740), line(72, 735, 540, 735), line(72, 100, 540, 100)]
        + [
            f"BT /F1 8 Tf {x} {700 - 12 * row} Td (words that fill this column of prose to its end) Tj ET"
            for row in range(12)
            for x in (72, 310)
        ]
    ),
    "underlined words": "\n".join(
        [made.lines("One", "Two", "Three"), line(72, 718, 100, 718), line(72, 694, 100, 694), line(72, 670, 110, 670)]
    ),
    "the axes of a chart": "\n".join([grid(step=40), "BT /F1 8 Tf 60 500 Td (0) Tj ET", "BT /F1 8 Tf 72 495 Td (time) Tj ET"]),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_other_lines_make_no_table(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, NO_TABLES[name])
    assert "|" not in found.text
    assert not any(block.kind is BlockKind.TABLE for block in found.blocks)


@pytest.mark.corpus
@pytest.mark.skipif(not made.CORPUS.exists(), reason="the shared corpus is not on this machine")
def test_tables_of_the_icdar_2013_competition() -> None:
    scores = [score_ours(name) for name in NAMES]
    matched, predicted, true = (sum(values) for values in zip(*scores, strict=True))
    assert 2 * matched / (predicted + true) > 0.95
