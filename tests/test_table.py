"""Tables: every cell typed and quoted, a column paid once, and what the document does not say is a value."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kimi_docs.analyze.columns import load_columns
from kimi_docs.analyze.table import contradicted
from kimi_docs.analyze.typed import typed
from kimi_docs.domain.cells import outliers_marked
from kimi_docs.domain.claims import Citation, Verdict
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.table import Cell, CellValue, Column, Doubt, Row, Silence, ValueType
from kimi_docs.errors import NotFound, WrongUse
from kimi_docs.library import Library
from tests.conftest import Worker, eventually
from tests.kimi_server import KimiServer
from tests.test_batch import batch, notes
from tests.test_cli import as_json, run

Kimi = Callable[..., KimiServer]
TEN = [f"- {{name: C{n}, question: 'What happened in night {n}?'}}" for n in range(10)]


def columns_file(folder: Path, *lines: str) -> Path:
    path = folder / "columns.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("said", "kind", "value"),
    [
        ("1,234.5", "number", Decimal("1234.5")),
        ("about 3.2 million", "number", Decimal("3200000")),
        ("−12 %", "number", Decimal(-12)),
        ("收入 4.5 亿", "number", Decimal("450000000")),
        ("2024-03-12", "date", date(2024, 3, 12)),
        ("12 March 2024", "date", date(2024, 3, 12)),
        ("March 12, 2024", "date", date(2024, 3, 12)),
        ("2024年3月12日", "date", date(2024, 3, 12)),
        ("Yes, it does.", "yes-no", True),
        ("否", "yes-no", False),
        ("The RANDOMIZED trial", "choice", "randomized"),
        ("(1,234)", "number", Decimal(-1234)),
        ("–5", "number", Decimal(-5)),
        ("负5", "number", Decimal(-5)),
        ("minus 5", "number", Decimal(-5)),
        ("-$5", "number", Decimal(-5)),
        ("5千万", "number", Decimal(50_000_000)),
        ("3千元", "number", Decimal(3000)),
        ("$5.2M", "number", Decimal(5_200_000)),
        ("5k", "number", Decimal(5000)),
        ("5 kg", "number", Decimal(5)),
        ("5 millions", "number", Decimal(5_000_000)),
        ("5 Mio. Euro", "number", Decimal(5_000_000)),
        ("1.234,50 EUR", "number", Decimal("1234.50")),
        ("1 234 567.8", "number", Decimal("1234567.8")),
    ],
)
def test_words_become_values_of_the_columns_type(said: str, kind: str, value: object) -> None:
    column = Column(name="x", question="x", type=ValueType(kind), choices=("randomized", "observational"))
    assert typed(said, column) == (value, ())


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("between 3 and 5", "number"),
        ("1亿2000万元", "number"),
        ("30-60", "number"),
        ("5M", "number"),
        ("3 dozen", "number"),
        ("31 February 2024", "date"),
        ("maybe", "yes-no"),
        ("a survey", "choice"),
        ("It was not randomized.", "choice"),
        ("a nonrandomized trial", "choice"),
    ],
)
def test_what_is_not_of_the_type_stays_as_text_and_says_so(said: str, kind: str) -> None:
    column = Column(name="x", question="x", type=ValueType(kind), choices=("randomized", "observational"))
    assert typed(said, column) == (said, (Doubt.WRONG_TYPE,))


def test_a_number_with_its_unit_is_found_among_others() -> None:
    days = Column(name="x", question="x", type=ValueType.NUMBER, unit="days")
    assert typed("In section 4 a notice of 30 days is required", days) == (Decimal(30), ())
    for unclear in ("30 to 60 days", "30 days or 60 days"):
        assert typed(unclear, days)[1] == (Doubt.WRONG_TYPE,)


@pytest.mark.parametrize(
    ("said", "unit", "value"),
    [
        ("5万元", "万元", 5),
        ("5万元", "元", 50_000),
        ("5 million USD", "million USD", 5),
        ("1.234,50 EUR", "EUR", Decimal("1234.5")),
    ],
)
def test_what_the_unit_names_does_not_multiply(said: str, unit: str, value: Decimal) -> None:
    assert typed(said, Column(name="x", question="x", type=ValueType.NUMBER, unit=unit)) == (Decimal(value), ())


def test_the_longer_of_two_choices_is_meant_where_both_stand_there() -> None:
    state = Column(name="x", question="x", type=ValueType.CHOICE, choices=("合格", "不合格", "Yes", "No"))
    assert typed("检验结果为不合格。", state) == ("不合格", ())
    assert typed("The notice period is thirty days.", state)[1] == (Doubt.WRONG_TYPE,)


def test_a_value_far_from_the_others_is_marked() -> None:
    values = [Decimal(n) for n in (10, 11, 12, 11, 10, 400)]
    rows = tuple(Row(document=f"{n}", cells=(Cell(column="x", value=value),)) for n, value in enumerate(values))
    assert [Doubt.OUTLIER in row.cells[0].doubts for row in outliers_marked(rows)] == [False] * 5 + [True]


def quoted(column: Column, value: CellValue, *quotes: str) -> Cell:
    cited = tuple(Citation(quote=quote, document="d", verdict=Verdict.EXACT) for quote in quotes)
    return contradicted(Cell(column=column.name, value=value, citations=cited), column)


@pytest.mark.parametrize(
    ("kind", "quotes", "conflict"),
    [
        ("number", ["a notice of 30 days", "must give 45 days' notice"], True),
        ("number", ["3.2 million units", "in all 3,214,567 units"], False),
        ("number", ["a notice of 30 days", "between 10 and 20 people"], False),
        ("date", ["signed on 12 March 2024", "dated 2024-03-13"], True),
        ("text", ["a notice of 30 days", "45 days"], False),
    ],
)
def test_quotes_of_one_document_that_say_different_numbers_are_a_conflict(kind: str, quotes: list[str], conflict: bool) -> None:
    column = Column(name="x", question="x", type=ValueType(kind))
    assert (Doubt.CONFLICT in quoted(column, "x", *quotes).doubts) is conflict


@pytest.mark.parametrize(
    ("kind", "value", "quote", "conflict"),
    [
        ("number", Decimal(90), "Revenue was 5 million in the year", True),
        ("number", Decimal(5_000_000), "Revenue was 5 million in 2024, after 4 million", False),
        ("number", Decimal(5), "收入为5万元，支出为3万元", False),
        ("number", Decimal(3), "three stations were placed in 2021", False),
        ("number", Decimal("0.12"), "12 % of them", False),
        ("number", Decimal(7), "as many as before", False),
        ("date", date(2025, 1, 1), "it ends on 5 May 2024", True),
        ("date", date(2024, 5, 5), "it ends on 5 May 2024", False),
    ],
)
def test_a_value_that_its_own_quotes_do_not_say_is_a_conflict(kind: str, value: CellValue, quote: str, conflict: bool) -> None:
    column = Column(name="x", question="x", type=ValueType(kind))
    assert (Doubt.CONFLICT in quoted(column, value, quote).doubts) is conflict


@pytest.mark.parametrize(
    "content", ["a: [", "- {type: number}", "- {name: x, type: colour}", "- {name: x, type: choice}", "[]", "3"]
)
def test_a_columns_file_that_makes_no_sense_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(WrongUse):
        load_columns(str(columns_file(tmp_path, content)))


def test_twenty_documents_by_ten_columns_then_an_eleventh_pays_only_for_that_one(home: Path, tmp_path: Path, kimi: Kimi) -> None:
    server = kimi()
    folder, ten = notes(tmp_path / "notes", 20), columns_file(tmp_path, *TEN)
    files = sorted(folder.iterdir())
    as_json("extract", files[0])
    first = batch(folder, "--columns", ten)
    cells = [cell for row in first["table"]["rows"] for cell in row["cells"]]
    assert (first["state"], len(cells), len(server.calls)) == ("done", 200, 20)
    assert {c["verdict"] for cell in cells for c in cell["citations"]} == {"exact"}
    estimated = as_json("estimate", *files, "--columns", columns_file(tmp_path, *TEN, "- Which bridge was it?"))["total"]
    more = batch(folder, "--columns", columns_file(tmp_path, *TEN, "- Which bridge was it?"))
    assert len(server.calls) == estimated["calls"] + 20 == 40
    assert all(len(row["cells"]) == 11 for row in more["table"]["rows"])
    assert all("c2." not in str(call.body) for call in server.calls[20:])
    prefixes = {(str(call.body["messages"][0])) for call in server.calls}
    assert len(prefixes) == 20
    assert batch(folder, "--columns", columns_file(tmp_path, *TEN))["id"] == first["id"]
    assert len(server.calls) == 40


def test_the_local_engine_fills_what_it_finds_and_says_what_is_not_stated(home: Path, tmp_path: Path) -> None:
    folder, out = notes(tmp_path / "notes", 2), tmp_path / "table.json"
    asked = columns_file(
        tmp_path,
        "- {name: Rise, question: 'By how many centimetres did the river rise in night 3?', type: number, unit: centimetres}",
        "- {name: Tax, question: 'What is the capital gains tax rate in Portugal?'}",
    )
    shown: Any = batch(folder, "--columns", asked, "--export", out)
    by_column = {cell["column"]: cell for cell in shown["table"]["rows"][0]["cells"]}
    assert by_column["Rise"]["value"] == 3
    assert by_column["Rise"]["citations"][0]["verdict"] == "exact"
    assert by_column["Tax"]["value"] == "not stated"
    assert json.loads(out.read_text(encoding="utf-8"))["table"]["columns"][0]["unit"] == "centimetres"
    assert run("batch", folder, "--columns", "no-such-set").returncode == 2


def test_a_cell_is_edited_and_what_stood_there_is_kept(home: Path, tmp_path: Path, library: Library) -> None:
    folder = notes(tmp_path / "notes", 1)
    asked = columns_file(tmp_path, "- {name: Rise, question: 'How much did the river rise in night 3?', type: number}")
    shown = batch(folder, "--columns", asked)
    document = shown["documents"][0]["document"]["id"]
    before = library.table(LOCAL, shown["id"])
    changed = library.edit_cell(LOCAL, shown["id"], document, "Rise", "42")
    assert (changed.value, changed.edited_by) == (Decimal(42), "local")
    assert library.edit_cell(LOCAL, shown["id"], document, "Rise", " ").value is Silence.NOT_STATED
    assert before
    assert [cell.value for cell in library.cell_history(LOCAL, shown["id"], document, "Rise")] == [
        before.rows[0].cells[0].value,
        Decimal(42),
    ]


def test_one_cell_is_asked_again_alone_and_what_stood_there_is_kept_with_who_and_when(
    home: Path, tmp_path: Path, kimi: Kimi, worker: Worker, library: Library
) -> None:
    server = kimi()
    entries = [e for note in notes(tmp_path / "notes", 2).iterdir() for e in library.collect(LOCAL, [note])]
    columns = [Column(name=f"C{n}", question=f"What happened in night {n}?") for n in range(2)]
    table = library.fill_table(LOCAL, entries, columns, library.order())
    worker.start()
    eventually(lambda: library.batch_view(LOCAL, table.id).state is RunState.DONE)
    document, calls = entries[0].document, len(server.calls)
    for times in (1, 2):
        run = library.ask_cell_again(LOCAL, table.id, document, "C1")
        assert library.ask_cell_again(LOCAL, table.id, document, "C1").id == run.id
        eventually(lambda run=run: library.run(LOCAL, run.id).state is RunState.DONE)
        assert len(server.calls) == calls + times
        assert len(library.cell_history(LOCAL, table.id, document, "C1")) == times
    assert "night 0" not in str(server.calls[-1].body["messages"][-1])
    filled = library.table(LOCAL, table.id)
    assert filled
    cell = next(row.cell("C1") for row in filled.rows if row.document == document)
    assert cell
    assert (cell.asked_by, cell.asked_at, cell.verified) == ("local", run.created_at, True)
    assert library.cell_history(LOCAL, table.id, document, "C0") == ()
    before = len(server.calls)
    more = library.add_columns(LOCAL, table.id, [Column(name="C2", question="What happened in night 2?")])
    eventually(lambda: library.batch_view(LOCAL, more.id).state is RunState.DONE)
    assert len(server.calls) == before + 2
    assert all("night 1" not in str(call.body["messages"][-1]) for call in server.calls[before:])
    with pytest.raises(NotFound):
        library.ask_cell_again(LOCAL, table.id, document, "no such column")
