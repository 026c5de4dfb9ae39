"""What every store does, whatever it keeps its rows in."""

import unicodedata
from dataclasses import replace

import pytest

from kimi_docs.domain.document import Document
from kimi_docs.domain.ports import Storage, Store
from kimi_docs.errors import NotFound
from tests.storage.things import (
    ALICE,
    ANSWER,
    DOCUMENT,
    EXTRACTION,
    SESSION,
    SUMMARY,
    later,
)


@pytest.fixture
def store(storage: Storage) -> Store:
    return storage.of(ALICE)


def document(number: int, name: str, title: str = "") -> Document:
    return Document(id=f"{number:064}", name=name, format="pdf", bytes=1, title=title, added_at=later(number))


# Documents


def test_a_document_comes_back_as_it_was_kept(store: Store) -> None:
    assert store.save_document(DOCUMENT) == DOCUMENT
    assert store.find_document(DOCUMENT.id) == store.get_document(DOCUMENT.id) == DOCUMENT


def test_a_document_that_is_not_there_is_none_or_an_error(store: Store) -> None:
    assert store.find_document("0" * 64) is None
    for attempt in (store.get_document, store.get_summary, store.get_session, store.get_run):
        with pytest.raises(NotFound):
            attempt("0" * 64)


def test_a_document_added_twice_keeps_its_first_name_and_time(store: Store) -> None:
    store.save_document(DOCUMENT)
    assert store.save_document(replace(DOCUMENT, name="copy.pdf", added_at=later(9))) == DOCUMENT
    assert list(store.list_documents()) == [DOCUMENT]


def test_a_document_learns_its_title_later_and_does_not_forget_it(store: Store) -> None:
    store.save_document(replace(DOCUMENT, title="", language=""))
    assert store.save_document(DOCUMENT) == DOCUMENT
    assert store.save_document(replace(DOCUMENT, title="", language="")) == DOCUMENT
    assert list(store.list_documents(search="年度")) == [DOCUMENT]


def test_a_document_without_a_time_was_added_now(store: Store) -> None:
    added_at = store.save_document(replace(DOCUMENT, added_at=None)).added_at
    assert added_at is not None
    assert added_at.utcoffset() is not None
    assert store.get_document(DOCUMENT.id).added_at == added_at


def test_a_deleted_document_is_only_marked_and_can_be_brought_back(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.mark_document_deleted(DOCUMENT.id, True)
    assert (store.count_documents(), store.count_documents(deleted=True)) == (0, 1)
    assert list(store.list_documents()) == []
    assert [found.id for found in store.list_documents(deleted=True)] == [DOCUMENT.id]
    assert store.get_document(DOCUMENT.id).deleted_at is not None
    store.mark_document_deleted(DOCUMENT.id, False)
    assert list(store.list_documents()) == [DOCUMENT]


def test_a_deleted_document_that_is_added_again_is_there_again(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.mark_document_deleted(DOCUMENT.id, True)
    assert store.save_document(DOCUMENT) == DOCUMENT
    assert store.count_documents() == 1


def test_a_document_in_the_trash_learns_its_title_and_stays_there(store: Store) -> None:
    store.save_document(replace(DOCUMENT, title="", language=""))
    store.mark_document_deleted(DOCUMENT.id, True)
    store.describe_document(DOCUMENT.id, DOCUMENT.title, DOCUMENT.language)
    store.describe_document(DOCUMENT.id, "", "")
    (found,) = store.list_documents(search="年度", deleted=True)
    assert replace(found, deleted_at=None) == DOCUMENT
    assert (store.count_documents(), store.search("年度").total) == (0, 0)
    store.mark_document_deleted(DOCUMENT.id, False)
    assert (store.get_document(DOCUMENT.id), store.search("年度").total) == (DOCUMENT, 1)
    with pytest.raises(NotFound):
        store.describe_document("0" * 64, "title", "en")


def test_a_document_that_is_not_there_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(NotFound):
        store.mark_document_deleted("0" * 64, True)


def test_documents_are_listed_by_the_page_last_added_first(store: Store) -> None:
    for number in range(7):
        store.save_document(document(number, f"{number}.pdf"))
    assert [found.name for found in store.list_documents(limit=3)] == ["6.pdf", "5.pdf", "4.pdf"]
    assert [found.name for found in store.list_documents(limit=3, offset=5)] == ["1.pdf", "0.pdf"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", {"a", "b", "c", "d", "e"}),
        ("ANNUAL", {"a"}),
        ("annual report", {"a"}),
        ("report annual", {"a"}),
        ("annual übung", set()),
        ("ÜBUNG", {"b"}),
        ("u", {"a", "b", "c"}),
        ("度报", {"c"}),
        ("100%", {"d"}),
        ("%", {"d"}),
        ("_", {"e"}),
        ("/", {"e"}),
        ("\\", set()),
        ("'; DROP TABLE documents; --", set()),
        ("ＡＮＮＵＡＬ", {"a"}),
        ("\0", set()),
        ("\ud800", set()),
        ("x " * 100_000, set()),
    ],
)
def test_a_search_looks_in_name_and_title_and_takes_every_character_as_it_is(store: Store, search: str, expected: set[str]) -> None:
    names = {
        "a": ("Annual Report.pdf", ""),
        "b": (unicodedata.normalize("NFD", "übung.pdf"), ""),
        "c": ("c-u.pdf", "年度报告"),
        "d": ("100%.pdf", ""),
        "e": ("e_/.pdf", ""),
    }
    for number, (name, title) in enumerate(names.values()):
        store.save_document(document(number, name, title))
    by_id = {f"{number:064}": letter for number, letter in enumerate(names)}
    assert {by_id[found.id] for found in store.list_documents(search=search)} == expected
    assert store.count_documents(search=search) == len(expected)


# Extractions and summaries


def test_an_extraction_comes_back_whole_and_a_newer_one_replaces_it(store: Store) -> None:
    store.save_document(DOCUMENT)
    assert store.find_extraction(DOCUMENT.id) is None
    for extraction in (EXTRACTION, EXTRACTION, replace(EXTRACTION, extractor="pdfium 6", text="Erste Seite\nabc")):
        store.save_extraction(extraction)
        assert store.find_extraction(DOCUMENT.id) == extraction


def test_what_is_made_from_a_document_needs_the_document(store: Store) -> None:
    with pytest.raises(NotFound):
        store.save_extraction(EXTRACTION)
    with pytest.raises(NotFound):
        store.save_summary(SUMMARY)


def test_a_summary_comes_back_as_it_was_kept_with_its_money_to_the_last_digit(store: Store) -> None:
    store.save_document(DOCUMENT)
    assert store.find_summary(SUMMARY.id) is None
    store.save_summary(SUMMARY)
    assert store.find_summary(SUMMARY.id) == store.get_summary(SUMMARY.id) == SUMMARY
    assert str(store.get_summary(SUMMARY.id).usage.cost) == "0.1000000000000000000001"


def test_a_summary_kept_again_is_changed_but_not_younger(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.save_summary(SUMMARY)
    store.save_summary(replace(SUMMARY, notices=(), created_at=later(9)))
    assert list(store.list_summaries(DOCUMENT.id)) == [replace(SUMMARY, notices=())]


def test_summaries_of_a_document_are_listed_newest_first(store: Store) -> None:
    store.save_document(DOCUMENT)
    store.save_document(document(1, "other"))
    for number in (2, 1, 3):
        store.save_summary(replace(SUMMARY, id=str(number), created_at=later(number)))
    store.save_summary(replace(SUMMARY, id="other", document=document(1, "other").id))
    assert [summary.id for summary in store.list_summaries(DOCUMENT.id)] == ["3", "2", "1"]


# Sessions and answers


def test_a_session_is_kept_renamed_deleted_and_brought_back(store: Store) -> None:
    assert store.save_session(SESSION) == store.get_session(SESSION.id) == SESSION
    renamed = replace(SESSION, title="Year", created_at=later(5), updated_at=later(5))
    assert store.save_session(renamed) == replace(renamed, created_at=SESSION.created_at)
    deleted = store.save_session(replace(SESSION, deleted_at=later(6)))
    assert list(store.list_sessions()) == []
    assert list(store.list_sessions(deleted=True)) == [deleted]
    store.save_session(SESSION)
    assert list(store.list_sessions()) == [SESSION]


def test_a_session_without_times_is_of_now(store: Store) -> None:
    session = store.save_session(replace(SESSION, created_at=None, updated_at=None))
    assert session.created_at == session.updated_at is not None


def test_sessions_are_listed_last_used_first_and_an_answer_is_a_use(store: Store) -> None:
    for number in range(3):
        store.save_session(replace(SESSION, id=str(number), updated_at=later(number)))
    assert [session.id for session in store.list_sessions()] == ["2", "1", "0"]
    store.save_answer(replace(ANSWER, session="0", created_at=later(9)))
    assert [session.id for session in store.list_sessions(limit=2)] == ["0", "2"]


@pytest.mark.parametrize("search", ["quarter", "QUART", "利润", "how MUCH", "revenue", "收入", "12 %", "figures", "nothing"])
def test_a_search_finds_a_session_by_its_title_questions_and_answers(store: Store, search: str) -> None:
    store.save_session(SESSION)
    store.save_answer(ANSWER)
    store.save_session(replace(SESSION, id="other", title="Nought"))
    assert [session.id for session in store.list_sessions(search=search)] == [SESSION.id]
    assert list(store.list_sessions(search=search, deleted=True)) == []


def test_a_search_does_not_find_what_is_nowhere(store: Store) -> None:
    store.save_session(SESSION)
    store.save_answer(ANSWER)
    assert [list(store.list_sessions(search=search)) for search in ("%%", "_x", "exact", "citations", '"', "亏损")] == [[]] * 6


def test_answers_are_listed_in_the_order_they_were_asked(store: Store) -> None:
    store.save_session(SESSION)
    for number in (2, 1, 3):
        store.save_answer(replace(ANSWER, id=str(number), created_at=later(number)))
    assert [answer.id for answer in store.list_answers(SESSION.id)] == ["1", "2", "3"]
    assert store.find_answer("nobody's") is None


def test_an_answer_comes_back_as_it_was_kept_and_twice_is_once(store: Store) -> None:
    store.save_session(SESSION)
    store.save_answer(ANSWER)
    store.save_answer(replace(ANSWER, created_at=later(3)))
    assert list(store.list_answers(SESSION.id)) == [ANSWER] == [store.find_answer(ANSWER.id)]


def test_an_answer_needs_its_session(store: Store) -> None:
    with pytest.raises(NotFound):
        store.save_answer(ANSWER)


def test_the_documents_that_have_a_text_are_known(store: Store) -> None:
    unread = document(7, "scan.pdf")
    store.save_document(DOCUMENT)
    store.save_document(unread)
    store.save_extraction(EXTRACTION)
    assert store.read_documents([DOCUMENT.id, unread.id]) == {DOCUMENT.id}
    assert store.read_documents([]) == set()
