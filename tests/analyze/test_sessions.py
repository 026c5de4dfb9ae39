"""Answers over documents that do not fit, and over workbooks: looked up, computed, and said what was read."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kimi_docs.analyze.computed import recomputed
from kimi_docs.analyze.consult import Consultation, ranges
from kimi_docs.analyze.inquiry import recent
from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Citation, Claim, Computation, Draft, Section, Verdict
from kimi_docs.domain.scope import LOCAL
from kimi_docs.domain.search import Found
from kimi_docs.export import report, shapes
from tests.analyze.conftest import Sitting
from tests.kimi_server import KimiServer

Sit = Callable[[], Sitting]
Start = Callable[..., KimiServer]

SHEET = "Region,Units,Price\n" + "".join(f"Place {n},{n},{n / 4}\n" for n in range(1, 41))
FILLER = "The committee met on Tuesday and discussed the usual matters of the district at some length before it went home. "
SECRET = "The bridge over the Svratka river carries 1,350 tonnes of steel."


def book(secret: str, at: int = 70, chapters: int = 90) -> bytes:
    """A long document: every chapter is a page of its own."""
    parts = [f"# Chapter {n}\n\n{secret if n == at else ''} {FILLER * 12}\n" for n in range(1, chapters + 1)]
    return "\n".join(parts).encode()


def tools_of(server: KimiServer, call: int = 0) -> list[str]:
    return [tool["function"]["name"] for tool in server.calls[call].body.get("tools", ())]


# ---- Workbooks ----


def test_a_sum_is_computed_and_cited_as_its_cells(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    workbook = at.add(SHEET, "sales.csv")
    answer = at.ask(at.library.open_session(LOCAL, [workbook]), "What is the total of Units?")
    (claim,) = answer.draft.claims
    (done,) = answer.draft.computed
    assert claim.text == "The total is 820."
    assert claim.verified
    assert claim.citations[0].cells == done.cells[0] == f"{done.cells[0].split('!')[0]}!B2:B41"
    assert done.rows == (("820",),)
    assert tools_of(server) == ["query_table"]
    assert answer.usage.calls == len(server.calls) == 2
    assert answer.notices == ()


def test_sql_result_and_cells_are_in_the_answer_and_its_export(sit: Sit, kimi: Start) -> None:
    kimi()
    at = sit()
    session = at.library.open_session(LOCAL, [at.add(SHEET, "sales.csv")])
    answer = at.ask(session, "What is the total of Units?")
    shape = shapes.answer(answer, [], "en")
    assert shape["computed"][0]["sql"] == 'SELECT sum("Units") AS total FROM t1'
    assert shape["claims"][0]["citations"][0]["cells"].endswith("!B2:B41")
    for text in (shape["answer"], report.of_session(session, [answer], [], "en").parts[0].remark):
        assert all(piece in text.replace("\\", "") for piece in ("B2:B41", "sum(", "820"))


DONE = Computation(
    sql="SELECT sum(Units) FROM t1 WHERE Year = 2025", columns=("sum",), rows=(("820.25", "Brno"),), cells=("S!B2:B41",)
)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("The total is 820.25.", Verdict.EXACT),
        ("The total of 2025 is 820.25.", Verdict.EXACT),
        ("The total is about 820.", Verdict.CLOSE),
        ("The total is 821.", Verdict.MISSING),
        ("The total is 82025.", Verdict.MISSING),
        ("The total of 2025 is large.", Verdict.MISSING),
        ("Brno comes first.", Verdict.EXACT),
        ("Zlin comes first with 820.25.", Verdict.EXACT),
        ("Zlin comes first.", Verdict.MISSING),
    ],
)
def test_a_computed_claim_holds_the_values_of_the_result(claim: str, verdict: Verdict) -> None:
    cited = Citation(quote=DONE.sql, cells="S!B2:B41")
    assert recomputed(cited, claim, DONE, ()).verdict is verdict


def test_a_query_that_read_no_cells_or_was_never_made_proves_nothing() -> None:
    cited = Citation(quote="SELECT 820.25", cells="S!B2:B41")
    assert recomputed(cited, "The total is 820.25.", None, ()).verdict is Verdict.MISSING
    assert recomputed(cited, "The total is 820.25.", replace(DONE, cells=()), ()).verdict is Verdict.MISSING


# ---- Documents that do not fit ----


@pytest.fixture
def narrow(kimi: Start, monkeypatch: pytest.MonkeyPatch) -> Start:
    """An account with so few tokens a minute that a book does not fit."""

    def start(**options: Any) -> KimiServer:
        server = kimi(**options)
        monkeypatch.setenv("KIMI_DOCS_TPM", "40000")
        monkeypatch.setenv("KIMI_DOCS_RATE_PERIOD_SECONDS", "1")
        return server

    return start


def test_a_long_document_is_answered_from_the_pages_found_and_says_so(sit: Sit, narrow: Start) -> None:
    server, at = narrow(), sit()
    document = at.add(book(SECRET), "minutes.md")
    session = at.library.open_session(LOCAL, [document])
    answer = at.ask(session, "How much steel does the bridge over the Svratka carry?")
    claim = next(answer.draft.claims)
    assert claim.citations[0].verdict is Verdict.EXACT
    assert "1,350 tonnes" in claim.text
    (notice,) = answer.notices
    assert notice.code == "part_read"
    assert str(claim.citations[0].page) in notice.message.text()
    assert tools_of(server) == ["list_documents", "search_documents", "read_pages"]
    assert server.calls[0].prompt_tokens < 20_000
    assert shapes.answer(answer, [], "en")["warnings"][0]["code"] == "part_read"
    assert notice.message.text("en") in report.of_session(session, [answer], [], "en").cautions


def test_what_the_first_pages_do_not_hold_is_looked_up(sit: Sit, narrow: Start) -> None:
    server, at = narrow(), sit()
    session = at.library.open_session(LOCAL, [at.add(book(SECRET), "minutes.md")])
    page = next(hit.page for hit in at.library.search(LOCAL, "Svratka").hits)
    found = {"name": "search_documents", "arguments": '{"query": "Svratka bridge"}'}
    reads = {"name": "read_pages", "arguments": json.dumps({"document": 1, "pages": [page, 9999]})}
    server.script([{"tool_calls": [found]}, {"tool_calls": [reads]}])
    answer = at.ask(session, "What of steel?")
    told = [message["content"] for message in server.calls[2].body["messages"] if message["role"] == "tool"]
    assert f"document 1, page {page}:" in told[0]
    assert "1,350 tonnes" in told[1]
    assert "9999" in told[1]
    assert str(page) in answer.notices[0].message.text()
    assert len(server.calls) == 3


def test_tools_reach_no_other_document(sit: Sit, narrow: Start) -> None:
    server, at = narrow(), sit()
    at.add(b"The Svratka secret of another session is kept and stays there, where it belongs.", "other.txt")
    session = at.library.open_session(LOCAL, [at.add(book(SECRET), "minutes.md")])
    wanted = [
        {"name": "search_documents", "arguments": '{"query": "secret of another session"}'},
        {"name": "read_pages", "arguments": '{"document": 2, "pages": [1]}'},
        {"name": "read_pages", "arguments": '{"document": "../1", "pages": "x"}'},
    ]
    server.script([{"tool_calls": wanted}])
    at.ask(session, "How much steel does the bridge carry?")
    assert "where it belongs" not in json.dumps(server.calls[1].body["messages"])


def test_pages_are_shown_only_as_long_as_there_is_room(sit: Sit, kimi: Start) -> None:
    kimi()
    at = sit()
    extraction = at.library.extraction(LOCAL, at.add(book(SECRET), "minutes.md"))
    assert extraction
    consulted = Consultation(extractions=[extraction], search=lambda _: Found(query=""), room=1000)
    shown = consulted._pages(1, range(1, 11))
    assert "Not shown" in shown
    assert 0 < len(consulted.seen) < 10
    assert consulted.room >= 0


def test_documents_that_fit_are_sent_whole_and_without_tools(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    at.ask(at.library.open_session(LOCAL, [at.add(SECRET.encode(), "a.txt")]), "How much steel?")
    assert "tools" not in server.calls[0].body
    assert len(server.calls) == 1


def test_of_a_long_history_the_last_answers_go_along() -> None:
    def answered(number: int) -> Answer:
        section = Section(title="", claims=(Claim(text=f"Answer {number}. " + FILLER * 20),))
        draft = Draft(sections=(section,))
        return Answer(id=str(number), session="s", question="?", engine="", model="", draft=draft, documents=(), usage=Usage())

    history = [answered(number) for number in range(10)]
    kept = recent(history, 2000)
    assert 0 < len(kept) < 10
    assert kept[-1] is history[-1]
    assert recent(history, 10) == ()


def test_pages_are_listed_in_runs() -> None:
    assert ranges([9, 3, 7, 8]) == "3, 7–9"
