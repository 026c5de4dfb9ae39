"""The JSON shapes hold every key of the contract, and numbers are numbers."""

import json
from decimal import Decimal

import pytest

from kimi_docs.domain.calls import Estimate, Usage
from kimi_docs.domain.claims import Verdict
from kimi_docs.domain.runs import Failure
from kimi_docs.errors import Damaged
from kimi_docs.export import shapes
from kimi_docs.language import say
from tests.export.examples import CLAIMS, DOCUMENT, EXTRACTION, SESSION, USAGE, answer, citation, summary

CONTRACT = {
    "document": "id name format bytes title language",
    "coverage": "pages read recognized empty garbled failed withheld characters characters_sent calls by_page",
    "extract": "document extractor pages coverage warnings",
    "citation": "quote page page_said verdict start end document",
    "claim": "text citations",
    "usage": "calls input_tokens cached_tokens output_tokens cost currency estimated_cost possible_duplicates",
    "summarize": "id document engine model template language title sections coverage usage state warnings",
    "ask": "id session question answer claims found documents usage state warnings",
    "estimate": "document calls input_tokens output_tokens cost currency minutes",
    "session": "id title documents answers",
}
MADE = {
    "document": shapes.document(DOCUMENT),
    "coverage": shapes.coverage(summary().coverage),
    "extract": shapes.extraction(EXTRACTION, DOCUMENT, "en"),
    "citation": shapes.citation(citation()),
    "claim": shapes.claim(CLAIMS[0]),
    "usage": shapes.usage(USAGE),
    "summarize": shapes.summary(summary(), DOCUMENT, "en"),
    "ask": shapes.answer(answer(), [DOCUMENT], "en"),
    "estimate": shapes.estimate(
        Estimate(
            document="d", engine="local", model="", calls=0, input_tokens=0, output_tokens=0, cost=None, currency="USD", minutes=0.1
        )
    ),
    "session": shapes.session(SESSION, [answer()], [DOCUMENT], "en"),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_a_shape_has_every_key_of_the_contract_and_is_json(name: str) -> None:
    assert set(CONTRACT[name].split()) <= set(MADE[name])
    assert json.loads(json.dumps(MADE[name])) == MADE[name]


def test_pages_and_their_coverage_have_the_keys_of_the_contract() -> None:
    made = MADE["extract"]
    assert {"number", "label", "kind", "text"} <= set(made["pages"][0])
    assert "".join(page["text"] for page in made["pages"]) == EXTRACTION.text
    assert set(made["coverage"]["by_page"][0]) == {"page", "state", "characters"}
    assert [made["coverage"][key] for key in ("pages", "read", "empty")] == [3, 2, 1]


def test_amounts_are_numbers_and_unknown_ones_are_null() -> None:
    assert (MADE["usage"]["cost"], MADE["usage"]["estimated_cost"]) == (0.0123, None)
    assert shapes.usage(Usage(cost=Decimal("1.5")))["cost"] == 1.5


def test_a_summary_without_a_title_goes_by_its_document() -> None:
    assert shapes.summary(summary(title=""), DOCUMENT)["title"] == "Tree shade"


def test_claims_that_were_verified_are_counted() -> None:
    assert (MADE["summarize"]["claims_verified"], MADE["summarize"]["claims_total"]) == (2, 4)


def test_warnings_are_sentences_with_their_code_and_page() -> None:
    assert MADE["summarize"]["warnings"] == [{"code": "empty_page", "page": 3, "message": "Page 3 is empty."}]


def test_the_marks_of_an_answer_count_its_citations() -> None:
    lines = MADE["ask"]["answer"].split("\n\n")
    assert lines[0] == "Shade cools streets. [1] [2]"
    assert lines[1] == "Shade nearly cools. [3] (≈ close wording found)"
    assert lines[2] == "Shade pays rent. [4] (✗ not verified)"
    assert lines[3] == "Nobody said this. (✗ not verified)"
    flat = [each for claim in MADE["ask"]["claims"] for each in claim["citations"]]
    assert [each["verdict"] for each in flat] == ["exact", "exact", "close", "missing"]
    assert flat[3]["page"] is None


def test_an_answer_that_was_not_found_says_so() -> None:
    made = shapes.answer(answer(found=False, claims=()), [DOCUMENT])
    assert made["found"] is False
    assert "do not hold an answer" in made["answer"]


def test_errors_and_stored_failures_have_one_shape() -> None:
    raised = shapes.error(Damaged(say("“{name}” is broken.", name="x"), say("Mend it."), document="d"), "en")
    stored = shapes.error(
        Failure(code="damaged", message=say("“{name}” is broken.", name="x"), advice=say("Mend it."), document="d")
    )
    assert raised == stored
    assert raised["error"] == {
        "code": "damaged",
        "message": "“x” is broken.",
        "advice": "Mend it.",
        "document": "d",
        "request_id": None,
    }


def test_a_verdict_is_a_plain_word() -> None:
    assert [shapes.citation(citation(verdict))["verdict"] for verdict in Verdict] == ["exact", "close", "missing"]
