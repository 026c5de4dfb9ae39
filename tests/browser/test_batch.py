"""A batch on the screen: choose, estimate, start, watch, reload, kill, stop, go on, export."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Position, expect

from tests.browser.conftest import Seen, Served
from tests.conftest import eventually
from tests.kimi_server import KimiServer
from tests.test_batch import answered, notes

OpenPage = Callable[..., tuple[Page, Seen]]


def chosen(page: Page, url: str, folder: Path) -> None:
    page.goto(f"{url}/batch")
    page.locator(".st-key-batch_upload input[type=file]").set_input_files(sorted(folder.iterdir()))
    page.locator(".st-key-start_batch button").wait_for()


def test_a_batch_survives_a_reload_and_a_kill_and_is_exported(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer], tmp_path: Path
) -> None:
    server = kimi(latency=0.5)
    folder = notes(tmp_path / "notes", 12)
    (folder / "empty.pdf").write_bytes(b"")
    served.start()
    page, seen = open_page()
    chosen(page, served.url, folder)
    expect(page.locator("[data-testid=stAlert]").filter(has_text="empty.pdf")).to_be_visible()
    expect(page.locator(".st-key-estimate")).to_contain_text("Calls: 12")
    page.locator(".st-key-start_batch button").click()
    eventually(lambda: answered(server) >= 2)
    page.reload()
    expect(page.locator(".st-key-batch_progress")).to_contain_text(re.compile(r"of 13 done"))
    served.kill()
    served.start()
    page.reload()
    expect(page.locator(".st-key-batch_progress")).to_contain_text("12 of 13 done")
    assert len({str(call.body) for call in server.calls if call.outcome == "answered"}) == 12
    page.locator(".st-key-prepare_export button").click()
    page.locator(".st-key-export button").first.click()
    with page.expect_download() as download:
        page.locator(".st-key-export_xlsx button").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    assert seen.errors == []


def test_a_batch_is_stopped_and_gone_on_with(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer], tmp_path: Path
) -> None:
    server = kimi(latency=3.0, concurrency=2)  # so that it is under way when the page shows it, on a busy machine too
    served.start()
    page, seen = open_page()
    chosen(page, served.url, notes(tmp_path / "notes", 12))
    page.locator(".st-key-start_batch button").click()
    page.locator(".st-key-stop_batch button").click()
    page.locator(".st-key-resume_batch button").click()
    expect(page.locator(".st-key-batch_progress")).to_contain_text("12 of 12 done")
    assert answered(server) >= 12
    assert seen.errors == []


def test_a_table_is_filled_and_exported_and_survives_a_reload(served: Served, open_page: OpenPage, tmp_path: Path) -> None:
    served.start()
    page, seen = open_page()
    page.goto(served.url)
    page.locator(".st-key-upload input[type=file]").set_input_files(sorted(notes(tmp_path / "notes", 3).iterdir()))
    expect(page.get_by_text("Documents: 3")).to_be_visible()
    page.goto(f"{served.url}/table")
    expect(page.locator(".st-key-columns")).to_be_visible()
    page.locator(".st-key-fill button").click()
    expect(page.locator(".st-key-table_progress")).to_contain_text("3 of 3 done")
    page.reload()
    expect(page.locator(".st-key-table_progress")).to_contain_text("3 of 3 done")
    expect(page.locator(".st-key-table")).to_be_visible()
    page.locator(".st-key-table_export .st-key-export button").first.click()
    with page.expect_download() as download:
        page.locator(".st-key-export_csv button").click()
    download.value.save_as(tmp_path / "table.csv")
    assert "Note 0" in (tmp_path / "table.csv").read_text(encoding="utf-8-sig")
    assert seen.errors == []


def test_a_column_is_added_and_a_cell_asked_again_on_the_screen_for_their_own_price_only(
    served: Served, open_page: OpenPage, kimi: Callable[..., KimiServer], tmp_path: Path
) -> None:
    server = kimi()
    served.start()
    page, seen = open_page()
    page.goto(served.url)
    page.locator(".st-key-upload input[type=file]").set_input_files(sorted(notes(tmp_path / "notes", 2).iterdir()))
    expect(page.get_by_text("Documents: 2")).to_be_visible()
    page.goto(f"{served.url}/table")
    page.locator(".st-key-fill button").click()
    expect(page.locator(".st-key-table_progress")).to_contain_text("2 of 2 done")
    page.get_by_text("Add a column").click()
    page.locator(".st-key-new_name input").fill("Rise")
    page.locator(".st-key-new_question input").fill("By how many centimetres did the river rise in night 3?")
    page.locator(".st-key-new_question input").press("Tab")
    expect(page.locator(".st-key-add_column .st-key-estimate")).to_contain_text("Calls: 2")
    asked = len(server.calls)
    page.locator(".st-key-add_it button").click()
    eventually(lambda: len(server.calls) == asked + 2)
    expect(page.locator(".st-key-table_progress")).to_contain_text("2 of 2 done")
    expect(page.locator(".st-key-stop_table")).to_have_count(0)  # drawn anew, so that nothing moves under the click
    expect(page.locator(".st-key-table_export button").first).to_be_enabled()
    cell = Position(x=400, y=52)
    page.locator(".st-key-table .dvn-scroller").hover(position=cell)
    expect(page.locator(".st-key-table [data-testid=stElementToolbar]")).to_be_visible()
    page.locator(".st-key-table .dvn-scroller").click(position=cell)
    page.locator(".st-key-ask_again button").click()
    expect(page.locator(".st-key-cell")).to_contain_text("asked again for local")
    expect(page.locator(".st-key-cell")).to_contain_text("Before: ")
    assert len(server.calls) == asked + 3
    assert seen.errors == []
