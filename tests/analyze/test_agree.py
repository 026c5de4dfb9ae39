"""Two passages agree only when nothing that carries meaning differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.analyze.agree import agree, numbers, unquoted
from kimi_docs.analyze.fold import fold

PASSAGE = "The committee approved 1,234 grants of 5 mg in 2019"


@pytest.mark.parametrize(
    ("quote", "passage"),
    [
        (PASSAGE.lower(), PASSAGE),
        (PASSAGE.replace("1,234", "1234"), PASSAGE),
        (PASSAGE.replace("grants of", "grants, of"), PASSAGE),
        (PASSAGE.replace("of 5", "of the 5"), PASSAGE),
        (PASSAGE.replace("committee", "comittee"), PASSAGE),
        (PASSAGE.replace("5 mg", "5mg"), PASSAGE),
        ("a well known fact", "a well-known fact"),
        ("rose in all regions. Costs fell", "rose in all regions.12 Costs fell"),
        ("rose in all regions. Costs fell", "rose in all regions¹. Costs fell"),
        ("of great significance", "of great signi cance"),
        ("a plant of 5 KG", "a plant of 5 kg"),
        ("the organisation of it", "the organization of it"),
    ],
)
def test_case_punctuation_articles_and_slips_pass(quote: str, passage: str) -> None:
    assert agree(fold(quote), fold(passage))


@pytest.mark.parametrize(
    ("quote", "passage"),
    [
        (PASSAGE.replace("1,234", "1,235"), PASSAGE),
        (PASSAGE.replace("5 mg", "5 g"), PASSAGE),
        (PASSAGE.replace("approved", "not approved"), PASSAGE),
        (PASSAGE.replace("approved", "rejected"), PASSAGE),
        (PASSAGE.replace("grants", ""), PASSAGE),
        (PASSAGE.replace("committee approved", "approved committee"), PASSAGE),
        (PASSAGE.replace("in 2019", "in -2019"), PASSAGE),
        ("an effective treatment", "an ineffective treatment"),
        ("the likely outcome", "the unlikely outcome"),
        ("a case of hypertension", "a case of hypotension"),
        ("in correct order", "incorrect order"),
        ("a notable result", "a no table result"),
        ("buyer and seller", "buyer or seller"),
        ("the trust and the an", "the trust and"),
        ("p < 0.05 here", "p > 0.05 here"),
        ("a profit of 5 here", "a profit of (5) here"),
        ("$5 each", "€5 each"),
        ("温度为-5度", "温度为5度"),
        ("系统支持中文", "系统不支持中文"),
        ("必须大于五", "必须小于五"),
        ("a plant of 5 MW", "a plant of 5 mW"),
        ("rose in all regions. Costs fell", "rose in all regions by 3. Costs fell"),
        ("rose in all regions2. Costs fell", "rose in all regions3. Costs fell"),
        ("water with nitrate in it", "water with nitrite in it"),
    ],
)
def test_what_changes_the_meaning_does_not(quote: str, passage: str) -> None:
    assert not agree(fold(quote), fold(passage))


def test_a_slip_that_makes_another_word_of_the_document_is_none() -> None:
    assert agree("sign the contact now", "sign the contract now")
    assert not agree("sign the contact now", "sign the contract now", {"contact"}.__contains__)


def test_numbers_come_with_sign_and_unit() -> None:
    assert numbers("-5 mg, 1,234 kg and (3)") == [("-5", "mg"), ("1234", "kg"), ("(3)", "")]


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_makes_it_fail(one: str, other: str) -> None:
    agree(one, other)
    assert agree(one, one)


@pytest.mark.parametrize(
    ("claim", "quotes", "expected"),
    [
        ("Sales rose by 12 % to 1,200 units.", ["rose by 12 percent", "1200 units were sold"], ()),
        ("Sales rose by 13 % in 2025.", ["Sales rose by 12 %"], ("13", "2025")),
        ("销售额增长 12％。", ["增长12%"], ()),
        ("A loss of 5 million.", ["result (5) million"], ()),
        ("Nothing to count here.", ["nothing"], ()),
    ],
)
def test_numbers_that_stand_in_none_of_the_quotes_are_named(claim: str, quotes: list[str], expected: tuple[str, ...]) -> None:
    assert unquoted(claim, quotes) == expected
