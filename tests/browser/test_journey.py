"""The main job in a real browser: upload, summary, a citation on its page, a question, an export, a reload, a restart."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import locked
from tests.browser.conftest import Seen, Served, settle
from tests.conftest import ROOT, eventually
from tests.kimi_server import KimiServer

SAMPLES = ROOT / "samples"
OpenPage = Callable[..., tuple[Page, Seen]]


def summarized(page: Page, url: str) -> None:
    """From the open library to a finished summary of the sample."""
    page.goto(url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-summarize button").click()
    page.locator(".st-key-citation_1 button").wait_for()


def test_from_an_upload_to_an_export_and_a_reload(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    served.start()
    page, seen = open_page()
    page.goto(served.url)
    upload(page, SAMPLES / "paper-en.pdf")
    page.get_by_role("button", name="Open", exact=True).click()
    page.locator(".st-key-summarize button").click()
    page.locator(".st-key-citation_1 button").wait_for()
    expect(page.locator(".st-key-claims")).to_contain_text("claims verified")
    expect(page.locator(".st-key-coverage")).to_contain_text("5 of 5 pages read")
    cited = page.locator("[class*=st-key-citation_] button").filter(has_text="p. 5").first
    cited.click()
    marked = re.compile(r"Page 5 of paper-en\.pdf — the quote is marked")
    expect(page.locator(".st-key-page_view img")).to_have_attribute("alt", marked)
    exported(page, tmp_path)
    page.locator(".st-key-ask_about button").click()
    ask(page, "How much cooler were streets with much canopy at midday?")
    expect(page.locator("[data-testid=stChatMessage]").last).to_contain_text("2.4 °C")
    settle(page)
    page.locator(".st-key-citation_1 button").click()
    expect(page.locator(".st-key-page_view img")).to_have_attribute("alt", re.compile("the quote is marked"))
    page.reload()
    expect(page.locator("[data-testid=stChatMessage]").last).to_contain_text("2.4 °C")
    assert seen.foreign == []
    assert seen.errors == []


def upload(page: Page, *files: Path) -> None:
    page.locator(".st-key-upload input[type=file]").set_input_files([str(file) for file in files])


def ask(page: Page, question: str) -> None:
    page.locator(".st-key-question textarea").fill(question)
    page.locator(".st-key-question textarea").press("Enter")
    page.locator(".st-key-citation_1 button").wait_for()


def exported(page: Page, folder: Path) -> None:
    for ending in ("md", "docx", "xlsx", "json"):
        page.locator(".st-key-export button").first.click()
        with page.expect_download() as download:
            page.locator(f".st-key-export_{ending} button").click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == f".{ending}"
        assert path.stat().st_size > 500
        page.keyboard.press("Escape")


def test_twenty_files_at_once_three_of_them_bad(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    good = [tmp_path / f"note-{number}.md" for number in range(17)]
    for number, path in enumerate(good):
        path.write_text(f"# Note {number}\n\nThe river rose by {number + 3} centimetres in one night.\n" * 3, encoding="utf-8")
    bad = [tmp_path / "empty.pdf", tmp_path / "broken.pdf", tmp_path / "program.exe"]
    for path, content in zip(bad, (b"", b"%PDF-1.7\nnothing", b"MZ" + bytes(99)), strict=True):
        path.write_bytes(content)
    served.start()
    page, _ = open_page()
    page.goto(served.url)
    upload(page, *good, *bad)
    expect(page.get_by_text("Documents: 18")).to_be_visible()
    for path in bad:
        expect(page.locator("[data-testid=stAlert]").filter(has_text=path.name)).to_be_visible()
    expect(page.locator("[class*=st-key-open_dropped_]")).to_have_count(17)
    expect(page.get_by_text("Traceback")).to_have_count(0)
    upload(page, good[0])
    expect(page.get_by_text("was here already")).to_be_visible()


def test_a_streamed_answer_survives_a_click_a_reload_and_a_restart(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(tokens_per_second=40)
    served.start()
    page, _ = open_page()
    page.goto(served.url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-ask_about button").click()
    page.locator(".st-key-question textarea").fill("How much cooler were streets with much canopy at midday?")
    page.locator(".st-key-question textarea").press("Enter")
    answer = page.locator("[data-testid=stChatMessage]").nth(1)
    expect(answer).to_contain_text(re.compile(r"exact|close"))
    page.locator(".st-key-next_page button").click()
    page.reload()
    expect(answer).to_contain_text(re.compile(r"exact|close"))
    served.kill()
    served.start()
    page.reload()
    page.locator(".st-key-citation_1 button").wait_for()
    assert len({str(call.body) for call in server.calls}) == 1
    assert sum(call.outcome == "answered" for call in server.calls) == 1


def test_stop_ends_a_running_summary_and_keeps_what_is_there(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(tokens_per_second=30)
    served.start()
    page, _ = open_page()
    page.goto(served.url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-summarize button").click()
    expect(page.get_by_text("exact").first).to_be_visible()
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("It was stopped.")).to_be_visible()
    expect(page.locator(".st-key-claims")).to_be_visible()
    eventually(lambda: all(call.settled for call in server.calls))


def test_a_wrong_key_is_told_on_screen_with_what_to_do(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(region_key="sk-other")
    served.start()
    page, _ = open_page()
    page.goto(served.url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-summarize button").click()
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("refused the key")
    assert len(server.calls) == 1


def test_a_session_is_renamed_found_deleted_and_taken_back(served: Served, open_page: OpenPage) -> None:
    served.start()
    page, _ = open_page()
    page.goto(served.url)
    page.locator(".st-key-try_sample button").click()
    page.locator(".st-key-ask_about button").click()
    ask(page, "How many stations were placed?")
    page.goto(f"{served.url}/sessions")
    page.locator("[class*=st-key-rename_] button").first.click()
    page.get_by_role("textbox", name="Name", exact=True).fill("Trees in streets")
    page.get_by_role("textbox", name="Name", exact=True).press("Tab")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Trees in streets")).to_be_visible()
    page.get_by_label("Find a session").fill("stations placed")
    page.get_by_label("Find a session").press("Enter")
    expect(page.get_by_role("button", name="Trees in streets")).to_be_visible()
    page.locator("[class*=st-key-delete_] button").first.click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Trees in streets").click()
    page.wait_for_url(re.compile("/ask"))
    expect(page.get_by_text("How many stations were placed?").first).to_be_visible()


@pytest.mark.parametrize("address", ["library", "document", "ask", "sessions", "settings"])
def test_every_page_says_what_to_do_next_when_there_is_nothing(served: Served, open_page: OpenPage, address: str) -> None:
    served.start()
    page, seen = open_page()
    page.goto(f"{served.url}/{address}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[data-testid=stMain] button").first).to_be_visible()
    assert seen.foreign == []
    assert seen.errors == []


def test_chinese_readers_read_chinese(served: Served, open_page: OpenPage) -> None:
    served.start()
    page, _ = open_page("zh-CN")
    summarized(page, served.url)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    expect(page.locator(".st-key-summarize button")).to_have_text(re.compile("[一-鿿]"))
    expect(page.locator(".st-key-citation_1 button")).to_contain_text("完全一致")


def test_hostile_text_is_drawn_as_text(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    attack = "<img src=x onerror=alert(1)> ![pic](http://192.0.2.1/x.png) [link](javascript:alert(2)) $x^2$ :red[no]"
    path = tmp_path / "<b>bold<b> ![x](192.0.2.1) *y*.md"
    sentence = f"The method {attack} improved results by 12 percent in all trials.\n\n"
    path.write_text(f"# Heading {attack}\n\n{sentence * 4}", encoding="utf-8")
    served.start()
    page, seen = open_page()
    page.on("dialog", lambda dialog: seen.errors.append(dialog.message))
    page.goto(served.url)
    upload(page, path)
    page.get_by_role("button", name="Open", exact=True).click()
    page.locator(".st-key-summarize button").click()
    page.locator(".st-key-citation_1 button").click()
    expect(page.locator(".st-key-claims")).to_contain_text("onerror=alert(1)")
    assert seen.foreign == []
    assert seen.errors == []
    assert page.locator("[data-testid=stMain] img[src*='192.0.2.1'], [data-testid=stMain] a[href^='javascript']").count() == 0


def test_a_locked_document_is_asked_for_its_password(served: Served, open_page: OpenPage, home: Path, tmp_path: Path) -> None:
    served.start()
    page, seen = open_page()
    page.goto(served.url)
    upload(page, locked.pdf(tmp_path / "locked.pdf"))
    field = page.locator("[class*=st-key-password_] input")
    field.fill("wrong")
    field.press("Enter")
    expect(page.get_by_text("This password does not open the PDF.").first).to_be_visible()
    expect(field).to_have_value("")
    field.fill(locked.PASSWORD)
    field.press("Enter")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".st-key-page_view img")).to_have_attribute("alt", re.compile("Page 1 of locked"))
    page.locator(".st-key-summarize button").click()
    page.locator(".st-key-citation_1 button").wait_for()
    expect(page.locator(".st-key-claims")).to_contain_text("The bridge was closed")
    assert locked.holding_the_password(home) == []
    assert seen.errors == []
