"""What is found, where, by whom, in every kind of store; and what happens when things change, go into the trash or come back."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kimi_docs.domain.claims import Claim, Draft, Section
from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Storage, Store
from kimi_docs.domain.search import HitKind, SearchFilter
from kimi_docs.domain.text import Extraction, Page, PageKind, Span
from storage.engine import writing
from storage.open import open_storage
from tests.fakes import MemoryStorage
from tests.storage.things import ALICE, ALICE_ELSEWHERE, ANSWER, BOB, NOON, SESSION, SUMMARY, later


@pytest.fixture
def store(storage: Storage) -> Store:
    return storage.of(ALICE)


def extraction(document: str, *texts: str) -> Extraction:
    pages, at = [], 0
    for number, text in enumerate(texts, start=1):
        pages.append(Page(number=number, label=str(number), kind=PageKind.PAGE, span=Span(start=at, end=at + len(text))))
        at += len(text)
    return Extraction(document=document, extractor="x", text="".join(texts), pages=tuple(pages))


def add(store: Store, name: str, *texts: str, **more: Any) -> str:
    id = f"{name:0>64}"
    store.save_document(Document(id=id, name=name, **{"format": "pdf", "bytes": 1, "added_at": NOON, **more}))
    store.save_extraction(extraction(id, *texts))
    return id


def found(store: Store, query: str, **wanted: Any) -> set[tuple[str, int | None]]:
    result = store.search(query, filter=SearchFilter(**wanted), limit=100)
    assert result.total == len(result.hits)
    return {(hit.name, hit.page) for hit in result.hits}


PAGES = {
    "canopy.pdf": ["Streets with much canopy were cooler.\n", "Well-known results, the inter-\nnational kind; 3.5 °C at 12:30\n"],
    "营收.pdf": ["本公司营业收入同比增长百分之十二。", "年度\n报告：ＡＢＣ公司２０２４年净利润下降"],
    "café.txt": ["Crème brûlée at the CAFÉ, naïve ﬁnance", "kimi_docs don't 'x' O(n) 100% C++ foo@bar.com"],
    "한국.txt": ["연간 보고서는 여기 있습니다", "データベースの検索ｶﾞｲﾄﾞ"],
}
HELD = [
    ("canopy", {("canopy.pdf", 1)}),
    ("CANOPY streets", {("canopy.pdf", 1)}),
    ("ｃａｎｏｐｙ", {("canopy.pdf", 1)}),
    ("cano", {("canopy.pdf", 1)}),
    ("cano streets", set()),
    ("cano* streets", {("canopy.pdf", 1)}),
    ('"much canopy"', {("canopy.pdf", 1)}),
    ('"canopy much"', set()),
    ("“much canopy” cooler", {("canopy.pdf", 1)}),
    ('"much cano"', set()),
    ("canopy 营业", set()),
    ("well-known", {("canopy.pdf", 2)}),
    ("well known", {("canopy.pdf", 2)}),
    ("wellknown", set()),
    ("international", {("canopy.pdf", 2)}),
    ("3.5", {("canopy.pdf", 2)}),
    ("3.6", set()),
    ("营业", {("营收.pdf", 1)}),
    ("收入", {("营收.pdf", 1)}),
    ("营业收入", {("营收.pdf", 1)}),
    ("营收入", set()),
    ("十二", {("营收.pdf", 1)}),
    ("二", {("营收.pdf", 1)}),
    ("降", {("营收.pdf", 2)}),
    ("净", {("营收.pdf", 2)}),
    ("年度报告", {("营收.pdf", 2)}),
    ("abc公司2024年", {("营收.pdf", 2)}),
    ("2024年", {("营收.pdf", 2)}),
    ("公司", {("营收.pdf", 1), ("营收.pdf", 2)}),
    ("收入 增长", {("营收.pdf", 1)}),
    ("cafe", {("café.txt", 1)}),
    ("creme brulee", {("café.txt", 1)}),
    ("NAÏVE finance", {("café.txt", 1)}),
    ("don't", {("café.txt", 2)}),
    ("kimi_docs", {("café.txt", 2)}),
    ("foo@bar.com", {("café.txt", 2)}),
    ("보고서", {("한국.txt", 1)}),
    ("ガイド", {("한국.txt", 2)}),
    ("検索", {("한국.txt", 2)}),
]
NOTHING = [
    "",
    "   ",
    '"',
    '""',
    "*",
    "-",
    "AND",
    "NOT canopy2",
    "()",
    "'; DROP TABLE words; --",
    "\0",
    "\ud800",
    "title:canopy",
    "🌳",
    "%",
    "x " * 9000,
]


def test_every_kind_of_word_is_found_on_its_page_and_nowhere_else(store: Store) -> None:
    for name, texts in PAGES.items():
        add(store, name, *texts)
    titled = {(name, 1) for name in PAGES}
    for query, pages in HELD:
        assert found(store, query) - titled == pages - titled, query
        assert pages <= found(store, query), query


def test_where_no_place_has_all_words_those_with_some_can_be_asked_for(store: Store) -> None:
    for name, texts in PAGES.items():
        add(store, name, *texts)

    def some(query: str) -> set[tuple[str, int | None]]:
        result = store.search(query, some=True, limit=100)
        assert result.some
        assert all(hit.marks for hit in result.hits)
        return {(hit.name, hit.page) for hit in result.hits}

    assert found(store, "canopy naïve") == set()
    assert some("canopy naïve") == {("canopy.pdf", 1), ("café.txt", 1)}
    assert some('"nowhere at all" 净利润') == {("营收.pdf", 2)}
    assert some("nowhere") == set()
    assert some("!?") == set()


@pytest.mark.parametrize("query", NOTHING)
def test_a_query_of_signs_and_operators_finds_nothing_and_is_no_error(store: Store, query: str) -> None:
    add(store, "one.pdf", "Streets with much canopy were cooler.")
    assert store.search(query).hits == ()


def test_a_hit_has_its_place_on_the_page_and_a_snippet_with_marks(store: Store) -> None:
    page = (
        "A line before.\n" * 30
        + "The river rose by ﬁve centimetres\nin one night, said the Ｒｉｖｅｒ board.\n"
        + "And more. " * 40
    )
    id = add(store, "one.pdf", "nothing here", page)
    (hit,) = store.search("river five").hits
    assert (hit.kind, hit.id, hit.document, hit.name, hit.page) == (HitKind.DOCUMENT, id, id, "one.pdf", 2)
    assert page[hit.start : hit.end] == "river"
    assert hit.snippet in page
    assert [span.of(hit.snippet) for span in hit.marks] == ["river", "ﬁve", "Ｒｉｖｅｒ"]


def test_marks_stand_right_in_chinese_across_a_line_break(store: Store) -> None:
    page = "……前言，" * 40 + "公司的营业\n收入增长了。"
    add(store, "one.pdf", page)
    (hit,) = store.search("营业收入").hits
    assert page[hit.start : hit.end] == "营业\n收入"
    assert [span.of(hit.snippet) for span in hit.marks] == ["营业\n收入"]


def test_a_long_page_is_cut_and_every_hit_stands_where_it_says(store: Store) -> None:
    page = "\n".join(f"row {number}\tvalue{number}" for number in range(2000))
    add(store, "sheet.xlsx", page)
    for number in (0, 999, 1999):
        (hit,) = store.search(f'"value{number}"').hits
        assert (page[hit.start : hit.end], hit.page) == (f"value{number}", 1)


def test_a_title_comes_before_the_pages_that_mention_it(store: Store) -> None:
    add(store, "a.pdf", "the glacier and the glacier, and the Glacier again " * 3)
    add(store, "glacier.pdf", "ice and snow")
    first = store.search("glacier").hits[0]
    assert (first.name, first.page, first.start) == ("glacier.pdf", 1, None)


def test_hits_come_by_the_page_and_are_all_counted(store: Store) -> None:
    add(store, "a.pdf", *[f"river {number}" for number in range(25)])
    whole = store.search("river", limit=100).hits
    parts = [store.search("river", limit=10, offset=offset) for offset in (0, 10, 20)]
    assert [part.total for part in parts] == [25, 25, 25]
    assert [hit for part in parts for hit in part.hits] == list(whole)


DRAFT = Draft(title="Rivers", sections=(Section(title="Floods", claims=(Claim(text="The 黄河 rose."), Claim(text="Twice."))),))


def everything(store: Store) -> str:
    """A document, a summary of it and an answer about it, all with the same word."""
    id = add(store, "flood.pdf", "The Huang river, 黄河, in spring", language="en")
    store.save_summary(replace(SUMMARY, document=id, draft=DRAFT, language="zh-CN", created_at=later(60)))
    store.save_session(replace(SESSION, documents=(id,)))
    store.save_answer(replace(ANSWER, documents=(id,), draft=DRAFT, question="哪条河？", created_at=later(120)))
    return id


def kinds(store: Store, query: str = "黄河", **wanted: Any) -> set[HitKind]:
    return {hit.kind for hit in store.search(query, filter=SearchFilter(**wanted)).hits}


def test_documents_summaries_and_answers_are_found_together(store: Store) -> None:
    id = everything(store)
    hits = {hit.kind: hit for hit in store.search("黄河").hits}
    assert hits.keys() == set(HitKind)
    assert {hit.document for hit in hits.values()} == {id}
    summary, answer = hits[HitKind.SUMMARY], hits[HitKind.ANSWER]
    assert (summary.id, summary.name, summary.page, summary.start) == (SUMMARY.id, "flood.pdf", None, None)
    assert (answer.id, answer.session, answer.name, answer.page) == (ANSWER.id, SESSION.id, "哪条河？", None)
    assert [span.of(answer.snippet) for span in answer.marks] == ["黄河"]
    assert kinds(store, "哪条") == {HitKind.ANSWER}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"kinds": (HitKind.SUMMARY,)}, {HitKind.SUMMARY}),
        ({"formats": ("pdf",)}, {HitKind.DOCUMENT, HitKind.SUMMARY}),
        ({"formats": ("docx", "xlsx")}, set()),
        ({"languages": ("en",)}, {HitKind.DOCUMENT, HitKind.ANSWER}),
        ({"languages": ("zh",)}, {HitKind.SUMMARY}),
        ({"languages": ("zh-CN", "en-US")}, set(HitKind)),
        ({"since": later(30)}, {HitKind.SUMMARY, HitKind.ANSWER}),
        ({"since": later(60), "until": later(120)}, {HitKind.SUMMARY}),
        ({"until": NOON + timedelta(seconds=1), "formats": ("pdf",)}, {HitKind.DOCUMENT}),
        ({"documents": ("0" * 64,)}, set()),
    ],
    ids=lambda value: "+".join(sorted(map(str, value))) or "none",
)
def test_filters_narrow_what_is_found(store: Store, wanted: dict[str, Any], expected: set[HitKind]) -> None:
    everything(store)
    assert kinds(store, **wanted) == expected


def test_answers_are_found_by_their_owner_only_and_other_spaces_find_nothing(storage: Storage) -> None:
    everything(storage.of(ALICE))
    assert kinds(storage.of(BOB)) == {HitKind.DOCUMENT, HitKind.SUMMARY}
    assert kinds(storage.of(ALICE_ELSEWHERE)) == set()
    assert storage.of(ALICE_ELSEWHERE).search("黄河").total == 0


def test_the_same_document_in_two_spaces_is_found_once_in_each(storage: Storage) -> None:
    for actor in (ALICE, ALICE_ELSEWHERE):
        add(storage.of(actor), "one.pdf", "a river")
    storage.of(ALICE).mark_document_deleted(f"{'one.pdf':0>64}", True)
    assert found(storage.of(ALICE), "river") == set()
    assert found(storage.of(ALICE_ELSEWHERE), "river") == {("one.pdf", 1)}


def test_what_is_in_the_trash_is_not_found_until_it_comes_back(store: Store) -> None:
    id = everything(store)
    store.mark_document_deleted(id, True)
    assert kinds(store) == {HitKind.ANSWER}
    store.save_session(replace(SESSION, deleted_at=later(1)))
    assert kinds(store) == set()
    store.mark_document_deleted(id, False)
    store.save_session(SESSION)
    assert kinds(store) == set(HitKind)
    store.mark_document_deleted(id, True)
    store.save_document(Document(id=id, name="flood.pdf", format="pdf", bytes=1))
    assert kinds(store) == set(HitKind)


def test_what_changed_is_found_as_it_is_now(store: Store) -> None:
    id = everything(store)
    store.save_extraction(extraction(id, "nothing", "the Yangtze"))
    store.save_summary(replace(SUMMARY, document=id, draft=Draft(title="Lakes"), created_at=later(60)))
    store.save_answer(replace(ANSWER, documents=(id,), draft=Draft(title="Seas")))
    assert kinds(store) == set()
    assert found(store, "yangtze") == {("flood.pdf", 2)}
    assert kinds(store, "lakes") == {HitKind.SUMMARY}
    assert kinds(store, "seas") == {HitKind.ANSWER}
    store.save_document(Document(id=id, name="other.pdf", format="pdf", bytes=1, title="Great floods", language="de"))
    assert found(store, "great") == {("flood.pdf", 1)}
    assert found(store, "yangtze", languages=("de",)) == {("flood.pdf", 2)}


def test_saving_twice_changes_nothing(store: Store) -> None:
    everything(store)
    before = store.search("黄河")
    everything(store)
    assert store.search("黄河") == before


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store on SQLite and the one in memory, with the same in them."""
    with open_storage(database_url="", blobs_url="", home=tmp_path_factory.mktemp("two") / "home") as opened:
        memory = MemoryStorage()
        for store in (opened.of(ALICE), memory.of(ALICE)):
            for name, texts in PAGES.items():
                add(store, name, *texts)
        yield opened.of(ALICE), memory.of(ALICE)


WORDS = sorted(
    {word for texts in PAGES.values() for text in texts for word in text.split()} | {"AND", "NEAR(", '"', "*", "OR NOT", "^", ":"}
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.one_of(
        st.text(max_size=300), st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=4)), max_size=8).map(" ".join)
    )
)
def test_no_query_raises_and_the_database_finds_what_the_rules_say(two: tuple[Store, Store], query: str) -> None:
    for some in (False, True):
        sqlite, memory = (store.search(query, some=some, limit=100) for store in two)
        assert sqlite.total == memory.total == len(sqlite.hits)
        assert set(sqlite.hits) == set(memory.hits)


@pytest.mark.postgres
def test_postgres_finds_the_same_as_sqlite(emptied_database: str, two: tuple[Store, Store], tmp_path: Path) -> None:
    with open_storage(database_url=emptied_database, blobs_url="", home=tmp_path / "home") as opened:
        for name, texts in PAGES.items():
            add(opened.of(ALICE), name, *texts)
        for query in [*(query for query, _ in HELD), *NOTHING, *WORDS, *(f'"{word}' for word in WORDS)]:
            assert set(opened.of(ALICE).search(query, limit=100).hits) == set(two[0].search(query, limit=100).hits), query


def test_what_was_kept_before_there_was_an_index_is_taken_in_once(storage: Any) -> None:
    if isinstance(storage, MemoryStorage):
        assert storage.reindex() == 0
        return
    everything(storage.of(ALICE))
    add(storage.of(ALICE_ELSEWHERE), "elsewhere.pdf", "黄河")
    with writing(storage.engine) as connection:
        connection.exec_driver_sql("DELETE FROM sources")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("INSERT INTO words(words) VALUES('delete-all')")
    assert kinds(storage.of(ALICE)) == set()
    storage.of(ALICE).save_document(Document(id=f"{'flood.pdf':0>64}", name="flood.pdf", format="pdf", bytes=1))  # its title only
    while storage.reindex(limit=1):
        pass
    assert kinds(storage.of(ALICE)) == set(HitKind)
    assert kinds(storage.of(BOB)) == {HitKind.DOCUMENT, HitKind.SUMMARY}
    assert found(storage.of(ALICE_ELSEWHERE), "黄河") == {("elsewhere.pdf", 1)}


def test_of_very_many_hits_the_newest_are_ranked_and_all_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.search.RANKED", 5)
    add(store, "a.pdf", *[f"river 河 {number}" for number in range(12)])
    for query in ("river", "河"):
        result = store.search(query, limit=5)
        assert result.total == 12
        assert len({hit.page for hit in result.hits}) == 5
