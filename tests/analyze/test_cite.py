"""A quote is `exact` only where the document says it, on the page where it says it."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.analyze.cite import Source, Verifier
from kimi_docs.analyze.fold import fold
from kimi_docs.domain.claims import Citation, Claim, Draft, Section, Verdict
from tests.analyze import corpus
from tests.bench import verifier
from tests.local.samples import extraction

PAGES = (
    "Trade in 2019\nThe committee did not approve the merger. Revenue rose by 12.5% to 1,234 million dollars.\n",
    "A well-known effect of heat is that metal ex-\npands. The loss was -5 points, and 120 people saw it. Costs rose to\n",
    "new heights in May. 系统不支持旧的格式，必须使用新的格式。共有三十五人参加，\n其中 12 人来自北京。\n",
    "Metal bends. The end of the story is known. “Sure,” she said, “it works.” The final effect is large; it was measured twice.\n",
    "The end of the story is known. Nothing follows.",
)


def cited(quote: str, page: int | None = None, *pages: str) -> Citation:
    return Source(extraction(*(pages or PAGES))).cite(Citation(quote=quote, page_said=page))


def passage(found: Citation, pages: tuple[str, ...] = PAGES) -> str:
    assert found.page
    return pages[found.page - 1][found.start : found.end]


@pytest.mark.parametrize(
    ("quote", "page", "words"),
    [
        ("The committee did not approve the merger.", 1, "The committee did not approve the merger."),
        ("metal expands", 2, "metal ex-\npands"),
        ("well-known effect", 2, "well-known effect"),
        ("“Sure,” she said", 4, "Sure,” she said"),
        ('"Sure," she said, "it works."', 4, "Sure,” she said, “it works."),
        ("必须使用新的格式。", 3, "必须使用新的格式。"),
        ("参加，其中12人来自", 3, "参加，\n其中 12 人来自"),
        ("The loss was −5 points", 2, "The loss was -5 points"),
        ("... The loss was -5 points ...", 2, "The loss was -5 points"),
    ],
)
def test_words_that_stand_there_are_exact(quote: str, page: int, words: str) -> None:
    found = cited(quote, page)
    assert (found.verdict, found.page, passage(found)) == (Verdict.EXACT, page, words)


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("a well known effect of heat", "A well-known effect of heat"),
        ("THE LOSS WAS -5 POINTS", "The loss was -5 points"),
        ("Revenue rose by 12.5% to 1234 million dollars", "Revenue rose by 12.5% to 1,234 million dollars"),
        ("The loss was ... and 120 people saw it", "The loss was -5 points, and 120 people saw it"),
        ("The final efect is large, it was measured twice", "The final effect is large; it was measured twice"),
    ],
)
def test_words_that_differ_only_in_form_are_close_at_most(quote: str, words: str) -> None:
    found = cited(quote)
    if "efect" in quote:  # too short a word for a slip to be told from another word
        assert found.verdict is Verdict.MISSING
    else:
        assert (found.verdict, passage(found)) == (Verdict.CLOSE, words)


@pytest.mark.parametrize(
    "quote",
    [
        "The committee did approve the merger.",
        "approve the merger.",
        "The committee ... approve the merger.",
        "The committee did not approve the merg",
        "Revenue rose by 12",
        "Revenue rose by 12.5",
        "Revenue rose by 12.5‰ to 1,234 million dollars.",
        "Revenue rose by 12.5% to 1,234 billion dollars.",
        "Revenue rose by 12.5% to 1,234",
        "Revenue rose by 125% to 1,234 million dollars.",
        "Revenue fell by 12.5% to 1,234 million dollars.",
        "234 million dollars",
        "The loss was 5 points",
        "5 points, and 120 people",
        "-5 points, and 12",
        "The points was -5 loss, and 120 people saw it",
        "系统支持旧的格式，必须使用新的格式。",
        "支持旧的格式",
        "共有三十",
        "五人参加",
        "必须使用旧的格式。",
        "The committee did not ... she said, it works",
        "The end of the metal is known.",
        "Metal bends. The final effect is large",
        "",
        "...",
        "—",
        "\x00",
    ],
)
def test_what_the_document_does_not_say_is_missing(quote: str) -> None:
    found = cited(quote, 1)
    assert (found.verdict, found.page, found.start, found.end) == (Verdict.MISSING, None, None, None)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("The mean age was 38 years in group A and 64 years in the trial.", "The mean age was ... 64 years in the trial"),
        ("Patients were rarely cured by this treatment.", "Patients were ... cured by this treatment"),
    ],
)
def test_what_was_left_out_must_not_carry_the_meaning(text: str, quote: str) -> None:
    assert cited(quote, 1, text).verdict is Verdict.MISSING


@pytest.mark.parametrize(("said", "page"), [(5, 5), (4, 4), (3, 4), (1, 4), (None, 4), (99, 5), (0, 4), (-3, 4)])
def test_of_a_repeated_passage_the_one_nearest_to_the_page_said_is_shown(said: int | None, page: int) -> None:
    assert cited("The end of the story is known.", said).page == page


def test_a_quote_over_a_page_border_stands_where_it_begins() -> None:
    found = cited("Costs rose to new heights in May.", 3)
    assert (found.verdict, found.page, passage(found)) == (Verdict.EXACT, 2, "Costs rose to\n")


def test_a_word_cut_by_a_page_border_is_found_whole() -> None:
    found = cited("the signi\ufb01cant effect", 2, "Of the signifi-\n", "", "cant effect more")
    assert (found.verdict, found.page) == (Verdict.EXACT, 1)


def test_a_quote_of_another_document_of_the_session_is_found_there() -> None:
    one, other = extraction("Nothing of it here."), extraction("Blank.", "Bees fly home in fog.", document="e" * 64)
    asked = Citation(quote="Bees fly home in fog.", document=one.document, page_said=1)
    made_up = Citation(quote="Bees never fly home.", document=other.document, page_said=1)
    claim = Claim(text="", citations=(asked, made_up))
    checked = Verifier([one, other]).look_up(Draft(sections=(Section(title="", claims=(claim,)),)))
    found, missing = next(checked.claims).citations
    assert (found.verdict, found.document, found.page, found.page_said) == (Verdict.EXACT, other.document, 2, 1)
    assert (missing.verdict, missing.document, missing.page) == (Verdict.MISSING, other.document, None)


def test_a_close_match_in_a_page_of_a_million_characters_is_found_in_little_time() -> None:
    choose = random.Random(1)
    words = ["".join(choose.choices(string.ascii_lowercase, k=7)) for _ in range(5000)]
    text = " ".join(choose.choices(words, k=120_000))
    sentence = text[480_000:480_200].split(" ", 1)[1].rsplit(" ", 1)[0]
    assert cited(sentence.upper(), 1, text).verdict is Verdict.CLOSE


WORDS = st.sampled_from(
    [
        "the",
        "heat",
        "of",
        "metal",
        "bees",
        "Bees",
        "went",
        "(home)",
        "12",
        "12.5%",
        "1,234",
        "“sure”",
        "it’s",
        "well-known",
        "ﬁne",
        "naïve",
        "系统",
        "使用，新的格式。",
        "x²",
        "end.",
        "Über",
        "5",
        "mg",
    ]
)


@given(st.lists(st.lists(WORDS, max_size=25), min_size=1, max_size=5), st.data())
def test_any_run_of_words_is_exact_on_its_page(pages: list[list[str]], data: st.DataObject) -> None:
    texts = [data.draw(st.sampled_from((" ", "\n"))).join(words) + "\n" for words in pages]
    page = data.draw(st.integers(0, len(pages) - 1))
    first = data.draw(st.integers(0, len(pages[page])))
    quote = " ".join(pages[page][first : first + data.draw(st.integers(1, 12))])
    found = cited(quote, page + 1, *texts)
    if not any(character.isalnum() for character in quote):
        assert found.verdict is Verdict.MISSING
        return
    assert (found.verdict, found.page) == (Verdict.EXACT, page + 1)
    assert fold(passage(found, tuple(texts))).strip("' ") == fold(quote).strip("' ")


ODD = st.text(st.characters() | st.sampled_from("\x00\ud800\u202e\u05d0😀\u0301 .-'\"…^²\xadİſ"), max_size=60)


@given(st.lists(ODD, max_size=4), ODD, st.integers(-2, 6) | st.none())
def test_no_quote_and_no_document_makes_it_fail(pages: list[str], quote: str, said: int | None) -> None:
    source = Source(extraction(*pages))
    for asked in (quote, "".join(pages)[3:40], f"{quote} ... {quote}"):
        found = source.cite(Citation(quote=asked, page_said=said))
        if found.page:
            assert 0 <= found.start < found.end <= len(pages[found.page - 1])


@pytest.mark.corpus
@pytest.mark.skipif(not corpus.present(), reason="the shared corpus is not here")
@pytest.mark.xdist_group("verifier")
def test_no_lie_about_the_corpus_is_exact_and_no_true_quote_is_lost() -> None:
    result = verifier.figures(corpus.documents(), 300, seed=7)
    lies_exact, lies = result.count("lie", Verdict.EXACT)
    lies_close, _ = result.count("lie", Verdict.CLOSE)
    assert lies > 1200
    assert lies_exact == 0, result.odd
    assert lies_close < 0.01 * lies, result.odd
    for group in ("true", "harmless"):
        held, asked = result.count(group, Verdict.EXACT, Verdict.CLOSE)
        assert asked > 250
        assert held >= 0.99 * asked, result.odd
    assert result.wrong_pages[True] >= 0.99 * result.wrong_pages.total()


@pytest.mark.corpus
@pytest.mark.skipif(not corpus.present(), reason="the shared corpus is not here")
@pytest.mark.xdist_group("verifier")
def test_a_thousand_quotes_against_a_thousand_pages_take_less_than_two_seconds() -> None:
    assert verifier.timed()["a third of each"] < 2.0
