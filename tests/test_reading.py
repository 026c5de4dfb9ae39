"""What reading a document keeps of it."""

from kimi_docs.domain.scope import LOCAL
from kimi_docs.jobs.reading import keep
from tests.fakes import MemoryStorage
from tests.storage.things import DOCUMENT, EXTRACTION


def test_a_document_put_in_the_trash_while_it_is_read_stays_there() -> None:
    store = MemoryStorage().of(LOCAL)
    document = store.save_document(DOCUMENT)
    store.mark_document_deleted(document.id, True)
    keep(store, document, EXTRACTION)
    assert store.get_document(document.id).deleted_at is not None
    assert store.find_extraction(document.id) == EXTRACTION
