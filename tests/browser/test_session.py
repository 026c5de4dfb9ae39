"""A sitting with three documents: a streamed answer, every citation, a stop, a reload, a question more. Nothing is lost."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import make_desk
from kimi_docs.settings import load_settings
from storage.open import open_storage
from tests.browser.conftest import Seen, Served, settle
from tests.conftest import eventually
from tests.kimi_server import KimiServer

OpenPage = Callable[..., tuple[Page, Seen]]
RIVERS = {"Svratka": 31, "Morava": 57, "Odra": 84}


@pytest.fixture
def session(home: Path) -> str:
    """The id of a session about three documents that were read before. Made before the browser, whose loop lets no other run."""
    settings = load_settings()
    storage = open_storage(**settings.storage)
    with make_desk(storage, storage.blobs, settings, storage.close) as desk:
        library, ids = desk.library, []
        for river, rise in RIVERS.items():
            text = f"# The {river}\n\nIn one night the water of the {river} rose by {rise} centimetres above its usual mark.\n"
            ids.append(library.add(LOCAL, text.encode(), f"{river}.md").document.id)
            for run in library.runs(LOCAL, document=ids[-1], active=True):
                desk.finish(run)
        return library.open_session(LOCAL, ids).id


def put(page: Page, question: str) -> None:
    page.locator(".st-key-question textarea").fill(question)
    page.locator(".st-key-question textarea").press("Enter")


def test_three_documents_are_asked_read_stopped_reloaded_and_asked_again(
    session: str, served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(tokens_per_second=60)
    served.start()
    page, seen = open_page()
    page.goto(f"{served.url}/ask?session={session}")
    put(page, "How many centimetres did the water rise in one night?")
    expect(page.locator(".st-key-growing")).to_contain_text("exact")
    for number, (river, rise) in enumerate(RIVERS.items(), 1):
        page.locator(f".st-key-citation_{number} button").click()
        expect(page.locator(".st-key-page_view")).to_contain_text(f"the {river} rose by {rise} centimetres")
    page.get_by_text("Side by side").click()
    columns = page.locator("[data-testid=stChatMessage] [data-testid=stColumn]")
    expect(columns).to_have_count(len(RIVERS))
    for number, (river, rise) in enumerate(RIVERS.items()):
        expect(columns.nth(number)).to_contain_text(re.compile(f"The {river}.*{rise} centimetres.*exact", re.DOTALL))
    settle(page)
    page.locator(".st-key-citation_2 button").click()
    expect(page.locator(".st-key-page_view")).to_contain_text(f"the {list(RIVERS)[1]} rose by")
    page.get_by_text("Side by side").click()
    expect(columns).to_have_count(0)
    put(page, "Which water rose above its usual mark?")
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("It was stopped here.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("It was stopped here.")).to_be_visible()
    expect(page.locator("[data-testid=stChatMessage]").nth(1)).to_contain_text("84 centimetres")
    put(page, "How many centimetres did the Odra rise?")
    expect(page.locator("[data-testid=stChatMessage]").last).to_contain_text(re.compile("84 centimetres.*verified", re.DOTALL))
    expect(page.locator(".st-key-stop")).to_have_count(0)  # it is answered to its end
    settle(page)
    page.locator(".st-key-regenerate button").click()
    expect(page.get_by_text("How many centimetres did the Odra rise?")).to_have_count(2)
    eventually(lambda: sum(call.outcome == "answered" for call in server.calls) == 3, seconds=60)
    assert seen.foreign == []
    assert seen.errors == []
