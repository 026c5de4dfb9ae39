"""A quote that was not found is asked for again, and nothing false becomes verified by it."""

import json
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kimi_docs.analyze.repair import supports
from kimi_docs.domain.claims import Completeness, Summary
from kimi_docs.domain.scope import LOCAL
from tests.analyze import lies
from tests.analyze.conftest import Sitting
from tests.conftest import ROOT
from tests.kimi_server import KimiServer

Sit = Callable[[], Sitting]
Start = Callable[..., KimiServer]

TRUE = "In the summer of 2021, 48 stations along the river measured that shaded streets were 2.4 °C cooler at midday, not at night."
SAID = "48 stations along the river measured that shaded streets were 2.4 °C cooler"
TEXT = f"Report on trees.\n\n{TRUE}\n\nThe budget of the city did not change. Planting goes on until 2030 in all nine districts.\n"


# ---- What carries a claim ----


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (SAID, TRUE.split(", not")[0]),
        (
            "Trees (which were planted early) cooled the streets by 2 °C.",
            "Trees (which were planted early) cooled the streets by 2 °C",
        ),
        ("Trees cooled the streets by 2 °C", "Trees cooled the streets by 2 °C [12, 13] in every summer"),
        ("Trees cool the street by 2 °C", "as trees cooled the streets by 2 °C (Smith et al., 2019)"),
        ("树木使街道降温2.4度", "研究表明，树木使街道降温2.4度。"),
    ],
)
def test_words_of_the_document_carry_a_claim_they_say(claim: str, found: str) -> None:
    assert supports(claim, [claim], [found])


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("The streets were 2.5 °C cooler", "The streets were 2.4 °C cooler"),
        ("The streets were 2.4 °F cooler", "The streets were 2.4 °C cooler"),
        ("The budget of the city did change", "The budget of the city did not change"),
        ("The budget of the city did not change", "The budget of the city did change"),
        ("The budget of the city increased", "The budget of the city decreased"),
        ("Brno lent Zlin a bus", "Zlin lent Brno a bus"),
        ("Brno had 3 buses", "Brno had 5 buses and Zlin had 3 buses"),
        ("The machine fails in winter", "The machine rarely fails in winter"),
        ("The profit was 5 million", "The profit was 5 billion"),
        ("The result was -5 points", "The result was 5 points"),
        ("树木使街道升温2.4度", "树木使街道降温2.4度"),
        ("Anything at all is true of the city", "Planting goes on until 2030"),
    ],
)
def test_words_that_say_something_else_do_not(claim: str, found: str) -> None:
    assert not supports(claim, [claim], [found])


def test_a_claim_in_other_words_stands_on_the_words_first_given_for_it() -> None:
    given, found = (
        "shaded streets were 2.4 °C cooler at midday",
        "shaded streets of the old quarter by the river were 2.4 °C cooler at midday",
    )
    assert supports("树荫下的街道中午凉爽2.4度。", [given], [found])
    assert not supports("树荫下的街道中午凉爽2.9度。", [given], [found])
    assert not supports("树荫下的街道中午没有凉爽2.4度。", [given], [found])
    assert not supports("树荫下的街道中午凉爽2.4度。", [given.replace("cooler", "warmer")], [found])


@pytest.mark.parametrize("change", lies.LIES, ids=lambda change: change.__name__)
def test_no_lie_is_carried_by_the_sentence_it_was_made_of(change: lies.Change) -> None:
    choose = random.Random(7)
    for truth in re.findall(r"[A-Z][^\n]+?\.(?!\d)", TEXT):
        for _ in range(20):
            lie = change(truth, choose)
            if lie and lie not in truth:
                assert not supports(lie, [lie], [truth]), lie


# ---- Over HTTP ----

PARAPHRASED = "48 stations measured that the shaded streets in the city were 2.4 °C cooler"
WORDS = "48 stations along the river measured that shaded streets were 2.4 °C cooler at midday"
MADE_UP = "The board unanimously approved the acquisition of Zephyr Holdings for 7.3 billion crowns."


def said(*told: tuple[str, str]) -> str:
    claims = [{"text": text, "quotes": [{"text": quote, "page": 1, "document": 1}]} for text, quote in told]
    return json.dumps({"title": "Trees", "sections": [{"title": "Main points", "claims": claims}]})


def better(*quotes: str) -> str:
    named = [{"text": quote, "page": 1, "document": 1} for quote in quotes]
    return json.dumps({"claims": [{"claim": 1, "quotes": named}]})


def only(summary: Summary) -> Any:
    (claim,) = summary.draft.claims
    return claim


def test_a_quote_not_quite_in_the_document_is_asked_for_again_behind_the_same_prefix(sit: Sit, kimi: Start) -> None:
    server, claim = kimi(), "48 stations measured that shaded streets were 2.4 °C cooler"
    server.script([said((claim, PARAPHRASED)), better(TRUE.split(", not")[0])])
    at = sit()
    summary = at.summarize(at.add(TEXT))
    first, second = (call.body["messages"] for call in server.calls)
    assert second[:-1] == first[:-1]
    assert PARAPHRASED in second[-1]["content"]
    assert only(summary).verified
    assert summary.usage.calls == 2
    assert summary.usage.input_tokens == sum(call.prompt_tokens for call in server.calls)


def test_what_was_made_up_is_not_asked_about(sit: Sit, kimi: Start) -> None:
    server = kimi()
    server.script([said((MADE_UP, MADE_UP))])
    at = sit()
    summary = at.summarize(at.add(TEXT))
    assert len(server.calls) == summary.usage.calls == 1
    assert not only(summary).verified


@pytest.mark.parametrize(
    ("claim", "answered"),
    [
        ("shaded streets were 2.9 °C cooler at midday", "shaded streets were 2.4 °C cooler at midday"),
        ("The budget of the city did change", "The budget of the city did not change."),
        ("shaded streets were 2.4 °C warmer at midday", "shaded streets were 2.4 °C cooler at midday"),
        ("shaded streets were 2.9 °C cooler at midday", "shaded streets were 2.9 °C cooler at midday"),
        ("shaded streets were 2.9 °C cooler at midday", "in all nine districts"),
    ],
)
def test_a_false_claim_stays_missing_whatever_is_answered(sit: Sit, kimi: Start, claim: str, answered: str) -> None:
    server = kimi()
    server.script([said((claim, claim)), better(answered)])
    at = sit()
    summary = at.summarize(at.add(TEXT))
    assert len(server.calls) == 2
    assert not only(summary).verified
    assert only(summary).citations[0].quote == claim


def test_a_repair_is_recorded_and_never_sent_again(sit: Sit, kimi: Start) -> None:
    server = kimi()
    server.script([said((SAID, PARAPHRASED)), better(WORDS)])
    at = sit()
    document = at.add(TEXT)
    first = at.summarize(document)
    again = at.carry_out(document)
    assert again.draft == first.draft
    assert len(server.calls) == 2


def test_a_budget_that_is_reached_before_the_repair_keeps_the_summary(sit: Sit, kimi: Start) -> None:
    server = kimi()
    server.script([said((SAID, PARAPHRASED)), better(WORDS), said((SAID, f"{PARAPHRASED} then")), better(WORDS)])
    at = sit()
    document = at.add(TEXT)
    free = at.summarize(document)
    spent = server.calls[0].cost
    summary = at.summarize(document, language="zh-CN", budget=spent * Decimal("1.2"))
    assert free.usage.calls == 2
    assert len(server.calls) == 3
    assert summary.state is Completeness.DONE
    assert not only(summary).verified
    assert [notice.code for notice in summary.notices] == ["not_repaired", "budget_reached"]


def test_an_answer_is_mended_too(sit: Sit, kimi: Start) -> None:
    server = kimi()
    answer = {"found": True, "claims": json.loads(said((SAID, PARAPHRASED)))["sections"][0]["claims"]}
    server.script([json.dumps(answer), better(WORDS)])
    at = sit()
    session = at.library.open_session(LOCAL, [at.add(TEXT)])
    (claim,) = at.ask(session, "What was measured?").draft.claims
    assert claim.verified
    assert len(server.calls) == 2


def test_the_liar_gains_nothing_by_being_asked_again(sit: Sit, kimi: Start) -> None:
    server = kimi(brain="liar")
    at = sit()
    summary = at.summarize(at.add((ROOT / "samples/paper-en.pdf").read_bytes(), "paper-en.pdf"))
    lies_told = {note["text"] for note in server.calls[0].notes if note["kind"] in ("fabricated", "digits", "negation")}
    assert lies_told
    assert not [claim for claim in summary.draft.claims if claim.text in lies_told and claim.verified]
