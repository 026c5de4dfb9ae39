"""Markdown shows hostile text as text, and every verdict."""

import html
import re

import pytest

from kimi_docs.export import plain
from kimi_docs.export.formats import to_bytes
from tests.export.examples import HOSTILE, hostile, ordinary, partial, talk

markdown_it = pytest.importorskip("markdown_it")
HARMLESS = {"heading", "paragraph", "inline", "text", "bullet_list", "ordered_list", "list_item", "strong", "em", "code_inline"}
HARMLESS |= {"blockquote", "softbreak"}


def kinds(text: str) -> set[str]:
    """The kinds of token a strict reader with every extension finds."""
    reader = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    found = [token for block in tokens for token in (block, *(block.children or []))]
    return {re.sub("_(open|close)$", "", token.type) for token in found}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_renders_as_itself(text: str) -> None:
    made = plain.markdown(text)
    assert kinds(made) <= {"paragraph", "inline", "text", "code_inline"}
    shown = re.sub(r"<[^>]*>", "", markdown_it.MarkdownIt("commonmark").render(made))
    assert html.unescape(shown).strip() == plain.one_line(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_report_of_hostile_text_has_no_link_picture_or_html(text: str) -> None:
    made = to_bytes(hostile(text), ".md").decode()
    assert kinds(made) <= HARMLESS
    tokens = markdown_it.MarkdownIt("commonmark").parse(made)
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2", "h2", "h2"]


def test_addresses_stand_in_code_where_no_reader_makes_links_of_them() -> None:
    assert plain.markdown("go to http://evil.example/x now") == "go to `http://evil.example/x` now"
    assert plain.markdown("me@evil.example") == "`me@evil.example`"


def test_ordinary_text_stays_readable() -> None:
    text = "Shade cools by 2.1 °C (p < 0.05), 12:30."
    assert plain.markdown(text) == text.replace("<", "&lt;")


def test_a_summary_shows_its_verdicts_facts_and_receipt() -> None:
    made = to_bytes(ordinary(), ".md").decode()
    for expected in (
        "# Shade in cities",
        "- **Verification:** 2 of 4 claims verified",
        "- **Coverage:** 2 of 3 pages read; empty: 1",
        "- Shade cools streets. [1] [2]",
        "- Shade pays rent. [4] **(✗ not verified)**",
        "1. “Shade cools streets” — p. 2 · Tree shade · ✓ exact",
        "p. i (page 1 of the file)",
        "4. “pays rent” — said to be on p. 9 · Tree shade · ✗ not found",
        "- **Input tokens:** 12,345",
        "- **Cost (USD):** 0.0123",
        "- **Estimated cost (USD):** unknown",
    ):
        assert expected in made
    assert "only a part" not in made


def test_a_summary_of_a_part_says_so_at_the_top() -> None:
    assert "⚠ This covers only a part of the document." in to_bytes(partial(), ".md").decode().split("- **Document")[0]


def test_a_session_has_a_part_for_each_question() -> None:
    made = to_bytes(talk(), ".md").decode()
    assert made.index("## What cools?") < made.index("## Who pays?") < made.index("do not hold an answer")
    assert "- **Calls:** 4" in made
