"""Searching in a real browser: words in, a marked snippet out, a click to the page; a link that searches."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Seen, Served

OpenPage = Callable[..., tuple[Page, Seen]]


def test_from_a_word_to_its_page_and_by_a_link(served: Served, open_page: OpenPage) -> None:
    served.start()
    page, seen = open_page()
    page.goto(served.url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-page_view img").wait_for()
    page.goto(f"{served.url}/search?q=midday+canopy")
    expect(page.locator(".st-key-search input")).to_have_value("midday canopy")
    expect(page.locator(".st-key-hits")).to_contain_text("midday")
    page.locator(".st-key-search input").fill("nothing-of-the-kind")
    page.locator(".st-key-search input").press("Enter")
    expect(page.get_by_text("No place has any of these words")).to_be_visible()
    page.locator(".st-key-search input").fill("canopy zeppelin")
    page.locator(".st-key-search input").press("Enter")
    expect(page.get_by_text("No place has all of these words; these have some of them.")).to_be_visible()
    expect(page.locator(".st-key-hits")).to_contain_text("canopy")
    page.locator(".st-key-search input").fill('"street trees"')
    page.locator(".st-key-search input").press("Enter")
    places = page.locator("[class*=st-key-hit_] button")
    expect(places).to_have_count(4)  # the first is the title's and marks nothing: wait for the last
    places.last.click()
    expect(page.locator(".st-key-page_view img")).to_have_attribute("alt", re.compile("the quote is marked"))
    assert seen.foreign == []
    assert seen.errors == []
