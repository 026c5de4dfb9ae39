"""Where sentences begin and end, and what is none."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.domain.text import Block, BlockKind, Page, PageKind, Span
from kimi_docs.local.sentences import readable, sentences


def found(text: str) -> list[str]:
    return [sentence.text for sentence in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The first one is here. The second one is here.", ["The first one is here.", "The second one is here."]),
        ("We follow Smith et al. (2010) in all of this.", ["We follow Smith et al. (2010) in all of this."]),
        ("As shown in Fig. 3 the curve is flat.", ["As shown in Fig. 3 the curve is flat."]),
        ("The mean was 3.14 and the rest was 2.71 or less.", ["The mean was 3.14 and the rest was 2.71 or less."]),
        ("It was found by Dr. J. R. Smith in the cellar.", ["It was found by Dr. J. R. Smith in the cellar."]),
        ("The firm is Acme Inc. The owner is not known.", ["The firm is Acme Inc.", "The owner is not known."]),
        ("It is called vitamin C. The dose is small for all.", ["It is called vitamin C.", "The dose is small for all."]),
        ("“Is it done?” he asked her. She did not say so.", ["“Is it done?” he asked her.", "She did not say so."]),
        ("We use many tools, e.g. Python and a pen.", ["We use many tools, e.g. Python and a pen."]),
        (
            "This is what we saw! Is it what you saw? No, it is not.",
            ["This is what we saw!", "Is it what you saw?", "No, it is not."],
        ),
        ("The U.S. Senate agreed to the plan of May.", ["The U.S. Senate agreed to the plan of May."]),
        ("It ends with a wrapped\nline that goes on here.", ["It ends with a wrapped line that goes on here."]),
        ("A long word is hyphen-\nated at the end of a line.", ["A long word is hyphenated at the end of a line."]),
        ("1 Introduction\nWe begin with what is known.", ["We begin with what is known."]),
        ("• The first thing is this.\n• The second thing is that.", ["The first thing is this.", "The second thing is that."]),
    ],
)
def test_english_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这是第一句话。这是第二句话！这是第三句话？", ["这是第一句话。", "这是第二句话！", "这是第三句话？"]),
        ("他说：“我很好。你呢？”", ["他说：“我很好。你呢？”"]),
        ("价格为3.5元，涨了2.1%。其他价格没有变。", ["价格为3.5元，涨了2.1%。", "其他价格没有变。"]),
        ("仿真结果表明模型有效.本文给出了证明.", ["仿真结果表明模型有效.", "本文给出了证明."]),
        ("我们证明了这个方法的\n正确性和稳定性。", ["我们证明了这个方法的正确性和稳定性。"]),
        ("一、总则\n本规范适用于所有开发人员。", ["本规范适用于所有开发人员。"]),
        ("1.【强制】方法名必须小写。\n2.【推荐】变量名应当简短。", ["【强制】方法名必须小写。", "【推荐】变量名应当简短。"]),
        ("本文使用 BERT 模型。We also use a small list.", ["本文使用 BERT 模型。", "We also use a small list."]),
    ],
)
def test_chinese_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "References\nSmith, J. 2010. A paper about the one thing. In Proceedings of the ACL.",
        "参考文献\n[1] 张三. 关于方法的研究. 北京大学学报.",
        "Contents\n1 Introduction to the thing ........ 3\n2 Method of the thing ........ 7",
        "© 2020 Association of the Many. All rights reserved.",
        "jane.doe@example.org",
        "Table\nBerlin\t3.4\t5.6\nParis\t1.2\t7.8",
        "12",
        "Page 3 of 9",
    ],
)
def test_what_nobody_reads_is_no_sentence(text: str) -> None:
    assert found(text) == []


def test_a_sentence_knows_its_heading_and_its_paragraph() -> None:
    text = "Methods\n\nWe asked many people. They said many things.\n\nAnother day was the same for them."
    first, second, third = sentences(text)
    assert (first.heading, first.first, second.first, third.first) == ("Methods", True, False, True)
    assert first.paragraph == second.paragraph != third.paragraph


def test_text_after_the_references_is_read_again_under_its_own_heading() -> None:
    text = "We show a thing in this text.\n\nReferences\nSmith. A thing of old. 2001.\n\nAppendix\nThe proof of the thing is here."
    assert found(text) == ["We show a thing in this text.", "The proof of the thing is here."]


PROSE = "The bees of the lake came back to the hive when the fog was gone.\nThey did so by the scent of it and of the trees."


@pytest.mark.parametrize("head", ["Contents\nThe bees 3\nThe trees 7\n", "Contents\n\nThe bees of the lake\n\n"])
def test_prose_after_the_contents_is_read(head: str) -> None:
    assert len(found(head + PROSE)) == 2
    assert len(found(f"{head}\n{PROSE.replace(' when', chr(10) + 'when')}")) == 2


@pytest.mark.parametrize(
    "head",
    [
        "References\nSmith, J. 2010. A paper about the one thing. In Proceedings of the ACL.\n\n",
        "References\n\n[1] J. Smith. A paper about the one thing and the other. 2010.\n[2] A. Ott. The thing.\n\n",
        "Acknowledgments\n\nWe thank all who came and those who did not.\n\n",
    ],
)
def test_prose_after_the_references_is_read_and_they_are_not(head: str) -> None:
    assert found(head) == []
    assert len(found(head + PROSE)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "References\nSmith J. The bees of the lake and how they came to be there. Nature, 12:3-9.\nOtt A. The trees and the bees.",
        "Acknowledgments\nThe first author was at home with the bees in the spring.\nWe thank them for it.",
        "致谢\n\n本文的完成离不开老师和同学们的帮助，感谢他们。",
    ],
)
def test_back_matter_stays_out(text: str) -> None:
    assert found(text) == []


def test_no_sentence_crosses_a_page_border() -> None:
    text = "The sentence begins on the one page and\nends on the other page. The next one is whole."
    border = text.index("ends")
    pages = tuple(
        Page(number=n, label=str(n), kind=PageKind.PAGE, span=span)
        for n, span in ((1, Span(start=0, end=border)), (2, Span(start=border, end=len(text))))
    )
    parts = sentences(text, pages=pages)
    assert [part.whole for part in parts] == [False, False, True]
    assert all(part.span.end <= border or part.span.start >= border for part in parts)


def paged(texts: Sequence[str]) -> list[str]:
    pages, start = [], 0
    for n, text in enumerate(texts):
        pages.append(Page(number=n + 1, label="", kind=PageKind.PAGE, span=Span(start=start, end=start + len(text))))
        start += len(text)
    return [sentence.text for sentence in sentences("".join(texts), pages=pages)]


BODIES = [f"The story of number {n} is told here in full." for n in ("one", "two", "three", "four")]


@pytest.mark.parametrize(
    "head", ["Journal of the many things {n}", "Annual report of 31 December 2025, {n}", "The rules, 3 May 2021"]
)
def test_lines_repeated_on_every_page_are_furniture(head: str) -> None:
    assert paged([f"{head.format(n=n)}\n{body}\n" for n, body in enumerate(BODIES)]) == BODIES


@pytest.mark.parametrize(
    "foot",
    [
        "The total amount due is 137,50 EUR.",
        "The day of the invoice is 2026-0{n}-01.",
        "It is to be paid by us on {n} May.",
        "为此应付总额137元。",
    ],
)
def test_an_amount_or_a_date_of_its_own_is_no_furniture(foot: str) -> None:
    feet = [foot.format(n=n) for n in range(1, 5)]
    assert [
        line for line in paged([f"{body}\n\n{foot}\n" for body, foot in zip(BODIES, feet, strict=True)]) if line in feet
    ] == feet


def test_blocks_say_what_is_a_heading_and_what_a_table() -> None:
    text = "What we found in spring\nThe birds came back to the lake.\nbirds and the lake\n"
    heading, table = Span(start=0, end=23), Span(start=text.index("birds and"), end=len(text))
    blocks = (Block(kind=BlockKind.HEADING, span=heading, level=1), Block(kind=BlockKind.TABLE, span=table))
    (only,) = sentences(text, blocks=blocks)
    assert (only.heading, only.text) == ("What we found in spring", "The birds came back to the lake.")


def test_readable_text_has_no_line_breaks_and_no_broken_words() -> None:
    assert readable("a hyphen-\nated  word\nand a soft\u00adhyphen") == "a hyphenated word and a softhyphen"
    assert readable("中文的\n句子 and\nEnglish") == "中文的句子 and English"


PIECES = st.sampled_from(
    [
        "The cat sat on the mat. ", "我们提出了一种方法。", "\n", "\r\n", "\n\n", "\f", "e.g. ", "3.14 ", "Dr. ", "“", "”",
        "References\n", "• ", "\t", "！？", "…", "1. ", "# ", " ", "\u2028",
    ]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=40).map("".join))
def test_spans_are_in_order_apart_and_verbatim(text: str) -> None:
    end = 0
    for sentence in sentences(text):
        assert end <= sentence.span.start < sentence.span.end <= len(text)
        assert readable(sentence.span.of(text)) == sentence.text
        end = sentence.span.end
