"""What typesetting does is folded away, what carries meaning is not, and every folded character knows where it came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.analyze.fold import FoldedPages, fold, offsets

ANY = st.text(st.characters() | st.sampled_from("-\xad ﬁ²½①—“”'\"\n字，あ゙é\u0301\ufffe^…™"), max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("signifi-\ncant", "significant"),
        ("signifi\xad\ncant", "significant"),
        ("signifi\ufffecant", "significant"),
        ("ﬁrst eﬀort", "first effort"),
        ("ＡＢＣ１２％", "ABC12%"),
        ("“quoted” ‘word’", "\"quoted\" 'word'"),
        ("``quoted''", '"quoted"'),
        ("a\xa0b \u2009 c\r\nd", "a b c d"),
        ("中 文\n字", "中文字"),
        ("使用 Java 语言", "使用Java语言"),
        ("字，\n2019年", "字，2019年"),
        ("COVID-\n19", "COVID-19"),
        ("word—word", "word — word"),
        ("1990–95", "1990-95"),
        ("e\u0301tude", "étude"),
        ("x²", "x2"),
        ("10²³", "10^23"),
        ("½ cup", "1/2 cup"),
        ("Kimi™ Docs", "Kimi Docs"),
    ],
)
def test_the_same_words_in_other_type_are_folded_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10²", "102"),
        ("3½", "31/2"),
        ("Not", "not"),
        ("a b", "ab"),
        ("x-y", "xy"),
        ("5 -3", "5-3"),
        ("p < 0.05", "p > 0.05"),
        ("一-三", "一三"),
        ("1.5", "15"),
        ("$5", "€5"),
        ("5%", "5‰"),
    ],
)
def test_what_carries_meaning_stays(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(ANY)
def test_every_folded_character_has_its_offset_and_the_end_one_more(text: str) -> None:
    places = list(offsets(text))
    assert len(places) == len(fold(text)) + 1
    assert places == sorted(places)
    assert places[-1] == len(text)
    assert all(0 <= place < len(text) for place in places[:-1])


@given(ANY)
def test_a_text_of_plain_words_is_its_own_folding(text: str) -> None:
    plain = " ".join("".join(c for c in text if c.isascii() and c.isalnum()).split())
    assert fold(plain) == plain


@given(st.lists(ANY, max_size=6))
def test_any_pages_can_be_folded_as_one(pages: list[str]) -> None:
    folded = FoldedPages(pages)
    assert len(folded) == len(pages)
    assert folded.starts == sorted(folded.starts)
    for offset in range(len(folded.text)):
        page, start, end = folded.original(offset, offset + 1)
        assert 0 <= start <= end <= len(pages[page])


def test_a_word_hyphenated_at_the_end_of_a_page_is_one_word() -> None:
    assert FoldedPages(["a signifi-\n", "cant effect"]).text == "a significant effect"


def test_a_page_without_a_line_end_does_not_run_into_the_next() -> None:
    assert FoldedPages(["first words", "", "second words"]).text == "first words second words"


def test_chinese_runs_on_over_a_page_border() -> None:
    assert FoldedPages(["第一页的", "文字"]).text == "第一页的文字"
