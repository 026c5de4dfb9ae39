"""Whole summaries and answers: their quotes, their pages, their language, their limits."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Draft, SummaryOrder, Verdict
from kimi_docs.domain.ports import Engine
from kimi_docs.domain.runs import Progress
from kimi_docs.domain.text import Extraction, PageKind, Span
from kimi_docs.local.engine import LocalEngine
from kimi_docs.local.search import FEW
from kimi_docs.local.summarize import read, summary_sentences
from tests.local.samples import CHINESE, CONTRACT, ENGLISH, extraction, long_document

ENGINE: Engine = LocalEngine()


async def all_of(coming: AsyncIterator[Progress]) -> list[Progress]:
    return [progress async for progress in coming]


def summary(document: Extraction, template: str = "general", language: str = "") -> Draft:
    order = SummaryOrder(template=template, language=language)
    return asyncio.run(all_of(ENGINE.summarize(document, order)))[-1].draft


def answer(question: str, *documents: Extraction, history: tuple[Answer, ...] = ()) -> Draft:
    return asyncio.run(all_of(ENGINE.answer(question, documents, history)))[-1].draft


def check_quotes(draft: Draft, *documents: Extraction) -> None:
    by_id = {document.document: document for document in documents}
    for claim in draft.claims:
        for citation in claim.citations:
            assert citation.quote
            assert citation.page_said is not None
            assert citation.quote in by_id[citation.document].page_text(citation.page_said)
            assert citation.verdict == Verdict.MISSING


async def test_drafts_grow_by_a_section_and_the_last_is_the_whole() -> None:
    document = extraction(ENGLISH)
    steps = await all_of(ENGINE.summarize(document, SummaryOrder(template="paper")))
    sizes = [len(step.draft.sections) for step in steps]
    assert sizes == sorted(sizes)
    assert len(steps) > 3
    assert steps[-1].done == steps[-1].total
    assert steps[-1].sent == (Span(start=0, end=len(document.text)),)
    assert all(step.complete for step in steps)


def test_a_paper_is_summarized_in_the_sections_of_a_paper() -> None:
    draft = summary(extraction(ENGLISH), "paper")
    said = {section.title: " ".join(claim.text for claim in section.claims) for section in draft.sections}
    assert "4,200 flights" in said["Data"]
    assert "91 percent" in said["Results"] or "outperforms" in said["Results"]
    assert "near water" in said["Limitations"] or "Future work" in said["Limitations"]
    assert "Research question" in said
    check_quotes(draft, extraction(ENGLISH))


def test_a_chinese_document_is_summarized_in_chinese() -> None:
    draft = summary(extraction(CHINESE), "paper")
    titles = [section.title for section in draft.sections]
    assert set(titles) <= {"研究问题", "方法", "数据", "结果", "局限", "创新"}
    assert len(titles) >= 4
    assert all("蜂" in claim.text or "研究" in claim.text or "方法" in claim.text or "问题" in claim.text for claim in draft.claims)


def test_titles_follow_the_language_asked_for() -> None:
    assert summary(extraction(CHINESE), "paper", "en").sections[0].title == "Research question"
    assert summary(extraction(ENGLISH), "paper", "zh-CN").sections[0].title == "研究问题"


@pytest.mark.parametrize("template", ["general", "paper", "contract", "report", "meeting", "workbook", "one of the user's own"])
def test_every_template_gives_claims_and_none_twice(template: str) -> None:
    document = long_document(6)
    draft = summary(document, template)
    texts = [claim.text for claim in draft.claims]
    assert texts
    assert len(texts) == len(set(texts)) <= 14
    check_quotes(draft, document)


def test_a_contract_says_who_owes_what_until_when() -> None:
    text = (
        "This agreement is made by and between Acme Ltd (the “Seller”) and Bolt plc (the “Buyer”). "
        "It is effective as of 1 March 2026 and runs for two years. "
        "The Seller shall deliver the goods to the Buyer within 30 days. "
        "The purchase price is $4,000 and is due on delivery. Either party may terminate this agreement by notice in writing. "
        "The Seller is liable for damages caused by defects of the goods. The weather in the north was mild for the season. "
    )
    draft = summary(extraction(text * 2), "contract")
    assert {"Parties", "Money", "Termination"} <= {section.title for section in draft.sections}


def test_claims_are_readable_and_their_quotes_verbatim() -> None:
    text = "The first sensor was put into the river by the two engi-\nneers in the spring\nof the year 2021. "
    text += "It was a cold year for all of us.\n"
    draft = summary(extraction(text))
    said = {claim.text: claim.citations[0].quote for claim in draft.claims}
    assert said["The first sensor was put into the river by the two engineers in the spring of the year 2021."] in text


def test_pages_are_those_on_which_the_quotes_begin() -> None:
    parts = ENGLISH.split("\n\n")
    document = extraction(*(part + "\n\n" for part in parts))
    check_quotes(summary(document, "paper"), document)
    draft = answer("How many flights were recorded?", document)
    assert draft.found
    assert next(draft.claims).citations[0].page_said == 2


PART = st.sampled_from(
    [ENGLISH, CHINESE, "One.", "3 4 5\n", "", "\n\n", "a\tb\tc\n1\t2\t3\n", "（", "第一章 总则\n甲方应当付款。", "x" * 900]
)


@settings(max_examples=60, deadline=None)
@given(pages=st.lists(PART | st.text(max_size=60), min_size=1, max_size=6), kind=st.sampled_from(list(PageKind)))
def test_every_quote_stands_on_its_page_whatever_the_document(pages: list[str], kind: PageKind) -> None:
    document = extraction(*pages, kind=kind)
    for template in ("general", "paper"):
        check_quotes(summary(document, template), document)
    for question in ("How do bees find home?", "什么方法？", "What is this about?"):
        check_quotes(answer(question, document), document)


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "One sentence only stands in this text.", "只有一句话。", "42", "1 2 3\n4 5 6\n", "???", "word", "\u0000\ufffd"],
)
def test_a_document_with_next_to_nothing_does_not_crash(text: str) -> None:
    document = extraction(text)
    check_quotes(summary(document), document)
    check_quotes(answer("What is it?", document), document)
    bare = Extraction(document="d", extractor="test", text=text, pages=())
    summary(bare)
    answer("What is it?", bare)


def test_a_single_sentence_is_its_own_summary() -> None:
    assert [claim.text for claim in summary(extraction("只有一句话。")).claims] == ["只有一句话。"]


def test_nothing_at_all_is_not_found() -> None:
    assert not summary(extraction("")).found
    assert not answer("What is it?").found
    assert not answer("", extraction(ENGLISH)).found


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (ENGLISH, "How many flights were recorded?", "4,200 flights"),
        (ENGLISH, "What do bees use when they cannot see the sun?", "scent of the hive"),
        (ENGLISH, "What percentage of bees came home?", "91 percent"),
        (CHINESE, "数据集有多少次飞行记录？", "4200次飞行"),
        (CHINESE, "本研究的局限是什么？", "靠近水边"),
        (CHINESE, "有多少蜜蜂回到了蜂巢？", "百分之九十一"),
    ],
)
def test_an_answer_is_the_sentence_that_holds_it(text: str, question: str, expected: str) -> None:
    document = extraction(text)
    draft = answer(question, document)
    assert draft.found
    assert expected in " ".join(claim.text for claim in draft.claims)
    assert len(list(draft.claims)) <= 5
    check_quotes(draft, document)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("甲方是谁？", "华信科技"),
        ("项目经理是谁？", "李明"),
        ("项目在哪里？", "苏州市"),
        ("项目在哪儿？", "苏州市"),
        ("项目位于何地？", "苏州市"),
        ("工程何时开工？", "3月1日"),
        ("工程什么时候竣工？", "6月30日"),
        ("工程哪年竣工？", "2025年"),
        ("合同总价是多少？", "500万元"),
        ("质保期有多长时间？", "两年"),
        ("为什么工期顺延？", "雨季"),
        ("工期为何顺延？", "雨季"),
        ("怎么付款？", "银行转账"),
    ],
)
def test_chinese_words_that_ask_need_not_stand_in_the_text(question: str, expected: str) -> None:
    assert expected in next(answer(question, extraction(CONTRACT)).claims).text


@pytest.mark.parametrize("question", ["谁发明了电话？", "何时登月？", "会议在哪里举行？", "谁？", "在哪里？", "这篇文章是谁的？"])
def test_a_chinese_question_of_another_thing_is_not_found(question: str) -> None:
    assert not answer(question, extraction(CONTRACT)).found


@pytest.mark.parametrize(
    "question",
    [
        "Who is the president of France?", "What is the boiling point of mercury?", "When was the treaty of Utrecht signed?",
        "法国总统是谁？", "金星的表面温度是多少？", "公司去年的营业收入是多少？",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_question_the_document_does_not_answer_is_not_found(text: str, question: str) -> None:
    draft = answer(question, extraction(text))
    assert not draft.found
    assert not list(draft.claims)


def test_a_question_for_the_gist_is_answered_by_what_matters_most() -> None:
    for text, question in ((ENGLISH, "What is this paper about?"), (CHINESE, "这篇文章主要讲什么？")):
        draft = answer(question, extraction(text))
        assert draft.found
        assert len(list(draft.claims)) >= 2


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (ENGLISH, "What are the main results?", "The results show"),
        (ENGLISH, "What are the limitations of this study?", "A limitation is"),
        (CHINESE, "主要结果是什么？", "结果表明"),
        (CHINESE, "这项研究有哪些局限？", "局限在于"),
    ],
)
def test_a_question_for_a_part_of_the_document_is_answered_from_that_part(text: str, question: str, expected: str) -> None:
    assert any(expected in claim.text for claim in answer(question, extraction(text)).claims)


def test_the_document_that_holds_the_answer_is_the_one_cited() -> None:
    bees = extraction(ENGLISH, document="bees")
    trees = extraction("The oak in the garden of the king was 900 years old. It fell in the storm of 1987.", document="trees")
    assert next(answer("How old was the oak in the garden?", bees, trees).claims).citations[0].document == "trees"


def test_a_question_that_leans_on_the_one_before_is_understood() -> None:
    earlier = Answer(
        id="a",
        session="s",
        question="How were the flights recorded?",
        engine="local",
        model="m",
        draft=Draft(),
        documents=("d",),
        usage=Usage(),
    )
    document = extraction(ENGLISH)
    assert not answer("And how many?", document).found
    assert "4,200 flights" in " ".join(claim.text for claim in answer("And how many?", document, history=(earlier,)).claims)


def test_a_workbook_is_told_sheet_by_sheet() -> None:
    first = "Region\tYear\tSales\nNorth\t2024\t1200\nSouth\t2024\t900\nTotal\t\t2100\n"
    second = "Station\tHeight\nHill\t812\nLake\t401\n"
    document = extraction(first, second, kind=PageKind.SHEET, labels=("Sales", "Stations"))
    sales, stations = summary(document).sections
    assert sales.title == "Sales"
    assert [claim.citations[0].quote for claim in sales.claims] == ["Region\tYear\tSales", "Total\t\t2100"]
    assert "3 rows" in sales.claims[0].text
    assert stations.claims[1].citations[0].quote == "Hill\t812"
    check_quotes(answer("What is the height of Hill station?", document), document)
    assert "812" in next(answer("What is the height of Hill station?", document).claims).text


def test_every_sentence_and_every_row_is_looked_at() -> None:
    facts = "".join(f"The fact of number {n} is that of town {n + 7}.\n\n" for n in range(20_600))
    rows = "Town\tCode\n" + "".join(f"Town{n}\tC{n + 7}\n" for n in range(21_500))
    for number in (10_001, 20_598):
        assert f"town {number + 7}." in said(answer(f"What is the fact of number {number}?", extraction(facts)))
    assert "C21008" in said(answer("What is the code of Town21001?", extraction(rows, kind=PageKind.SHEET)))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Many of the cities of old were built of stone.", "What was the city built of?"),
        ("The two studied the 12,345 bodies of water.", "Which body of water is 12345?"),
        ("The informations were stopped by O’Brien.", "Who stopped the information?"),
        ("本合同由甲方签署。", "谁签署合同？"),
        ("You may write to m@example.org at night.", "What is the e-mail?"),
    ],
)
def test_among_many_sentences_the_same_is_found(text: str, question: str) -> None:
    many = "".join(f"Number {n} is one of the many.\n\n" for n in range(FEW))
    for before in ("", many):
        assert text in said(answer(question, extraction(f"{before}{text}\n")))


PAIRS = "Customer\tAlice Miller\nOrder\t4711\nCity\tLinz\n"
TABLE = "List of stations made in May\n\nStation\tHeight of station\nHill\t812\nLake\t401\n"


@pytest.mark.parametrize(
    ("sheet", "question", "expected"),
    [
        (PAIRS, "Who is the customer?", "Customer · Alice Miller"),
        (PAIRS, "What is the order?", "Order · 4711"),
        (TABLE, "When was the list made?", "made in May"),
        (TABLE, "What is the height of Hill station?", "Hill · 812"),
        ("Name\tNote\nBob\t" + "one more word, " * 60 + "zebra in the attic\n", "Where is the zebra?", "zebra in the attic"),
    ],
)
def test_every_row_of_a_sheet_can_be_found(sheet: str, question: str, expected: str) -> None:
    document = extraction(sheet, kind=PageKind.SHEET, labels=("Sheet1",))
    draft = answer(question, document)
    assert expected in next(draft.claims).text
    check_quotes(draft, document)


def test_three_hundred_pages_are_summarized_in_bounded_time() -> None:
    document = long_document(300)
    started = time.process_time()
    draft = summary(document)
    assert time.process_time() - started < 10
    assert 8 <= len(list(draft.claims)) <= 14
    check_quotes(draft, document)


@pytest.mark.parametrize(
    "text",
    [
        "e.g. " * 30_000,
        "a" * 150_000,
        "\u3000" * 100_000 + "x",
        " " * 100_000 + "x",
        "word " * 30_000,
        "1" * 100_000,
        "“" * 100_000,
        "。" * 100_000,
        "." * 100_000 + " a",
        "（我" * 100_000,
        "a. " * 100_000,
        "A" + " " * 100_000 + "b c",
        "我" * 100_000,
        "x@" * 100_000,
        "Contents\n" + "A" * 150_000 + ".",
        "References\n\nx\n\n" + "A. " * 50_000,
        "1.11" * 40_000,
        "." * 50_000 + "1 ." * 30_000,
    ],
)
def test_a_hostile_text_takes_bounded_time(text: str) -> None:
    document = extraction(text, text, text)
    started = time.process_time()
    check_quotes(summary(document), document)
    answer("How many words are there?", document)
    assert time.process_time() - started < 8


def test_a_text_without_full_stops_is_read_in_pieces() -> None:
    text = "and then we went to the river and saw the boats of the town " * 100
    assert summary(extraction(text)).found


def test_of_a_document_too_long_to_be_ranked_at_once_every_sentence_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kimi_docs.local.summarize.MOST_SENTENCES", 50)
    filling = [f"Aa{number} bb{number} cc{number}." for number in range(201)]
    wanted = "In conclusion, we find that the dam of Lipno must be rebuilt before the floods of 2030."
    for place in (0, 77, 133, 200):  # none of them the n-th of anything
        found = read(extraction(" ".join([*filling[:place], wanted, *filling[place:]])))
        assert wanted in [sentence.text for sentence in found], place
        assert len(found) <= 50
        assert [sentence.span.start for sentence in found] == sorted(sentence.span.start for sentence in found)


def test_the_same_document_gives_the_same_drafts() -> None:
    document = long_document(8)
    assert summary(document) == summary(document)
    assert answer("Where is the one of the other?", document) == answer("Where is the one of the other?", document)


def test_summary_sentences_keep_to_their_limit_and_their_order() -> None:
    said = summary_sentences(ENGLISH, limit_words=40)
    places = [ENGLISH.index(sentence) for sentence in said]
    assert places == sorted(places)
    assert 40 <= sum(len(sentence.split()) for sentence in said) < 80
    assert sum(map(len, summary_sentences(CHINESE, limit_characters=50))) < 120
    assert summary_sentences("") == []


def said(draft: Draft) -> str:
    return "\n".join(claim.text for claim in draft.claims)


INVOICES = tuple(
    f"Invoice of Miller Ltd\nDear {name}, thank you for your {thing}.\nTotal amount due: 137,50 EUR\nPage {n} of 4\n"
    for n, (name, thing) in enumerate([("Ann", "ten chairs"), ("Bob", "two lamps"), ("Cem", "one desk"), ("Dai", "six cups")], 1)
)


@pytest.mark.parametrize(
    ("pages", "question", "expected"),
    [
        (INVOICES, "What is the total amount due?", "137,50 EUR"),
        (INVOICES, "Whose invoice is it?", "Miller Ltd"),
        ((ENGLISH, "Contact\nAlice Miller\nalice.miller@example.org"), "What is the e-mail address of Alice Miller?", "alice.m"),
        (
            ("Write to Alice Miller, the head of the office, at alice.miller@example.org before the end of May.\n",),
            "What is the e-mail address of Alice Miller?",
            "alice.miller@example.org",
        ),
        (
            ("Contents\nThe beekeeper paid 900 dollars for the hive.\nThe hive was sold.\n",),
            "Who paid for the hive?",
            "900 dollars",
        ),
        (
            (ENGLISH, "References\nOrtega, P. 2011. The moth at night. Harbour Press."),
            "What is The moth at night?",
            "The moth at night",
        ),
        (
            ("THE DEPOSIT IS NINE DUCATS\n\nThe rest of this text is about the sea and the wind.",),
            "How much is the deposit?",
            "NINE",
        ),
        (("Opening hours ............ 9-17\n",), "What are the opening hours?", "9-17"),
        (
            ("A very long list: " + "one more thing, " * 60 + "and the zebra sleeps in the attic.",),
            "Where sleeps the zebra?",
            "attic",
        ),
    ],
)
def test_what_can_be_seen_can_be_found(pages: tuple[str, ...], question: str, expected: str) -> None:
    document = extraction(*pages)
    draft = answer(question, document)
    assert expected in said(draft)
    check_quotes(draft, document)


def test_a_line_of_the_contents_gives_way_to_what_it_names() -> None:
    text = "Contents\n1 Late fees of a payment ........ 3\n\n1 Late fees of a payment\n"
    text += "The late fees of a payment are nine ducats a day.\n"
    assert next(answer("What are the late fees of a payment?", extraction(text)).claims).text.startswith("The late fees")
