"""Chunks cover every character once and fit their limit, whatever the text and the limit."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.analyze.chunk import split
from kimi_docs.domain.text import Block, BlockKind, Extraction, Span
from kimi_docs.kimi.tokens import count
from tests.local.samples import extraction


def document(pages: list[str], headings: list[int] | None = None) -> Extraction:
    plain = extraction(*pages)
    blocks = tuple(
        Block(kind=BlockKind.HEADING, span=Span(start=at, end=at + 1), level=1) for at in headings or [] if at < len(plain.text)
    )
    return Extraction(document="d", extractor="test", text=plain.text, pages=plain.pages, blocks=blocks)


def bumpy(text: str) -> int:
    """A count that does not grow with the text, as those of real vocabularies do now and then."""
    return len(text) - (3 if len(text) > 3 and text[-1] in "aeiou " else 0)


@given(
    st.lists(st.text(max_size=80), max_size=8),
    st.lists(st.integers(0, 400), max_size=6),
    st.integers(1, 60),
    st.sampled_from([len, count, bumpy, lambda text: 2 * len(text), lambda text: len(text.encode("utf-8", "replace"))]),
)
def test_chunks_cover_every_character_once_and_fit(pages: list[str], headings: list[int], limit: int, counted) -> None:
    whole = document(pages, headings)
    spans = split(whole, limit, counted)
    assert "".join(span.of(whole.text) for span in spans) == whole.text
    assert all(left.end == right.start for left, right in pairwise(spans))
    assert all(len(span) == 1 or (len(span) and counted(span.of(whole.text)) <= limit) for span in spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three four", "one two three "),
        ("aaaa aaaa. bb cc d", "aaaa aaaa. "),
        ("aaaa bbbbbb\n\ncc ddd", "aaaa bbbbbb\n\n"),
        ("一二三四五六七八九十。一二三四五", "一二三四五六七八九十。"),
        ("aaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaa"),
    ],
)
def test_a_chunk_ends_at_the_best_border_near_its_limit(text: str, expected: str) -> None:
    assert split(document([text]), 14, len)[0].of(text) == expected


def test_a_page_border_goes_before_a_word_and_a_heading_before_a_page() -> None:
    pages = ["aaaa bbbb cc ", "dd ee ff gg hh"]
    assert split(document(pages), 15, len)[0].end == 13
    assert split(document(pages, [12]), 15, len)[0].end == 12


def test_a_long_text_of_blanks_is_split_in_little_time() -> None:
    calls = []

    def counted(text: str) -> int:
        calls.append(len(text))
        return len(text.split())

    assert len(split(document([" " * 300_000]), 100, counted)) == 100
    assert sum(calls) < 3_000_000


def test_an_empty_document_has_no_chunk() -> None:
    assert split(document([]), 10, len) == ()
