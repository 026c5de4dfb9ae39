"""The command line as a script sees it: stdout, stderr, JSON shapes, exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kimi_docs.domain.claims import Session
from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.library import Library
from tests.conftest import ROOT, eventually
from tests.kimi_server import KimiServer

SAMPLES = ROOT / "samples"
PAPER = SAMPLES / "paper-en.pdf"


def run(*arguments: object, timeout: float = 120, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kimi_docs", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env={**os.environ, **environment}, encoding="utf-8", check=False
    )


def as_json(*arguments: object, code: int = 0) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def citations(summary: Any) -> list[Any]:
    return [c for section in summary["sections"] for claim in section["claims"] for c in claim["citations"]]


def test_a_summary_without_a_key_quotes_the_document_exactly_with_the_right_page(home: Path) -> None:
    pages = {page["number"]: page["text"] for page in as_json("extract", PAPER)["pages"]}
    summary = as_json("summarize", PAPER)
    assert summary["engine"] == "local"
    assert citations(summary)
    for citation in citations(summary):
        assert citation["verdict"] == "exact"
        assert citation["quote"].split() == pages[citation["page"]][citation["start"] : citation["end"]].split()


def test_a_chinese_document_gets_chinese_claims(home: Path) -> None:
    summary = as_json("summarize", SAMPLES / "paper-zh.pdf")
    assert summary["language"] == "zh-CN"
    assert all(any("一" <= c <= "鿿" for c in claim["text"]) for s in summary["sections"] for claim in s["claims"])


def test_a_paper_that_fits_the_window_is_one_call_with_usage_and_cost(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    summary = as_json("summarize", PAPER)
    assert summary["engine"] == "kimi"
    assert len(server.calls) == summary["usage"]["calls"] == 1
    call = server.calls[0]
    assert summary["usage"]["input_tokens"] == call.prompt_tokens
    assert summary["usage"]["output_tokens"] == call.completion_tokens
    assert summary["usage"]["cost"] == pytest.approx(float(call.cost))
    assert {c["verdict"] for c in citations(summary)} == {"exact"}


def test_what_a_lying_model_made_up_is_missing(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi(brain="liar")
    summary = as_json("summarize", PAPER)
    verdicts = {c["quote"]: c for c in citations(summary)}
    kinds = set()
    for note in server.calls[0].notes:
        found = verdicts[note["text"]]
        kinds.add(note["kind"])
        if note["kind"] in ("fabricated", "digits", "negation"):
            assert found["verdict"] == "missing", note
        if note["kind"] == "wrong_page":
            assert found["verdict"] == "exact", note
            assert found["page"] != note["page"]
    assert {"fabricated", "digits"} <= kinds


def test_the_same_command_again_sends_nothing(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    first = as_json("summarize", PAPER)
    assert as_json("summarize", PAPER)["id"] == first["id"]
    assert len(server.calls) == 1


def test_an_answer_has_citations_and_a_session_goes_on(home: Path) -> None:
    answer = as_json("ask", PAPER, "--question", "How much cooler were streets with much canopy at midday?")
    assert answer["found"]
    assert answer["claims"][0]["citations"][0]["verdict"] == "exact"
    again = as_json("ask", "--session", answer["session"], "--question", "How many stations were placed?")
    assert again["session"] == answer["session"]
    shown = as_json("sessions", "show", answer["session"])
    assert len(shown["answers"]) == 2


def test_a_question_the_document_does_not_answer_is_not_found(home: Path) -> None:
    answer = as_json("ask", PAPER, "--question", "What is the capital gains tax rate in Portugal?")
    assert answer["found"] is False
    assert answer["claims"] == []


def test_an_estimate_sends_nothing(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    estimate = as_json("estimate", PAPER)["estimates"][0]
    assert (estimate["calls"], estimate["model"]) == (1, "kimi-k2.6")
    assert estimate["cost"] > 0
    assert server.ledger == []


def test_reading_a_document_carries_out_no_summary_that_waits_for_it(
    home: Path, kimi: Callable[..., KimiServer], library: Library
) -> None:
    server = kimi()
    document = library.add(LOCAL, PAPER.read_bytes(), PAPER.name).document
    waiting = library.summarize(LOCAL, document.id, library.order())
    assert isinstance(waiting, Run)
    assert as_json("estimate", document.id)["estimates"][0]["calls"] == 1
    assert as_json("extract", document.id, "--via", "local")["coverage"]["read"] == 5
    assert (server.ledger, library.run(LOCAL, waiting.id).state) == ([], RunState.QUEUED)


def test_exports_are_written_in_the_format_their_ending_names(home: Path, tmp_path: Path) -> None:
    outs = [tmp_path / f"out.{ending}" for ending in ("md", "docx", "xlsx", "json")]
    done = run("summarize", PAPER, *(word for out in outs for word in ("--export", out)))
    assert done.returncode == 0, done.stderr
    assert all(out.stat().st_size > 500 for out in outs)
    assert run("summarize", PAPER, "--export", tmp_path / "out.exe").returncode == 2


def bad_files(folder: Path) -> dict[str, Path]:
    made = {
        "empty": (folder / "empty.pdf", b""),
        "unsupported_format": (folder / "program.exe", b"MZ\x90\x00" + bytes(200)),
        "damaged": (folder / "broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"),
        "too_large": (folder / "large.txt", b"words and words " * 140_000),
    }
    for path, content in made.values():
        path.write_bytes(content)
    return {code: path for code, (path, _) in made.items()}


@pytest.mark.parametrize("code", ["empty", "unsupported_format", "damaged", "too_large"])
def test_a_file_that_cannot_be_read_is_named_with_its_code(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setenv("KIMI_DOCS_MAX_UPLOAD_MB", "2")
    error = as_json("extract", bad_files(tmp_path)[code], code=65)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["advice"]


def test_bad_files_do_not_hold_up_the_others(home: Path, tmp_path: Path) -> None:
    bad = bad_files(tmp_path)
    done = run("summarize", bad["empty"], PAPER, bad["damaged"], "--json")
    assert done.returncode == 3
    assert len(json.loads(done.stdout)["summaries"]) == 1
    assert "empty.pdf" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that nobody can read")
def test_a_file_that_cannot_be_opened_is_told_and_the_others_are_done(home: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pdf"
    locked.symlink_to("/proc/self/mem")  # not even root can read it
    done = run("summarize", PAPER, locked, "--json")
    assert (done.returncode, len(json.loads(done.stdout)["summaries"])) == (3, 1)
    assert "locked.pdf" in done.stderr
    assert "Traceback" not in done.stderr
    assert as_json("extract", locked, code=65)["error"]["code"] == "unreadable"
    shown = as_json("batch", PAPER, locked, code=3)
    assert [row["error"] and row["error"]["code"] for row in shown["documents"]] == [None, "unreadable"]


def test_a_refused_key_is_told_with_the_other_region(home: Path, kimi: Callable[..., KimiServer]) -> None:
    kimi()
    done = run("summarize", PAPER, "--json", MOONSHOT_API_KEY="sk-wrong-key-0000")
    assert done.returncode == 77
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "key_refused"
    assert "sk-wrong" not in done.stdout + done.stderr


def test_no_network_is_told_in_a_sentence_and_reading_still_works(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    server.down(300)
    done = run("summarize", PAPER, "--json")
    assert done.returncode == 75
    assert "cannot be reached" in json.loads(done.stdout)["error"]["message"]
    assert as_json("extract", PAPER)["coverage"]["read"] == 5


def test_an_empty_purse_is_one_call_and_its_own_exit_code(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi(balance=0)
    assert run("summarize", PAPER).returncode == 76
    assert len(server.calls) == 1


def test_a_budget_below_the_prompt_sends_nothing(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    assert run("summarize", PAPER, "--budget", "0.0001").returncode == 76
    assert server.calls == []


def test_an_interrupt_ends_with_130_and_the_next_call_finishes(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi(latency=3)
    command = [sys.executable, "-m", "kimi_docs", "summarize", str(PAPER)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not server.calls:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert as_json("summarize", PAPER)["state"] == "done"


def test_a_closed_pipe_ends_quietly(home: Path) -> None:
    command = f"{sys.executable} -m kimi_docs extract '{PAPER}' | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *([], ["extract"], ["estimate"], ["summarize"], ["ask"], ["search"], ["usage"]),
        *(["backup"], ["restore"], ["doctor"], ["serve"], ["worker"]),
    ],
)
def test_every_command_has_help_with_an_example(home: Path, command: Sequence[str]) -> None:
    done = run(*command, "--help")
    assert done.returncode == 0
    assert not command or "Example" in done.stdout


def test_wrong_use_is_exit_code_2(home: Path) -> None:
    assert run("summarize").returncode == 2
    assert run("nonsense").returncode == 2
    assert run("extract", "no-such-file.pdf").returncode == 2
    assert run("summarize", PAPER, "--template", "sonnet").returncode == 2


@pytest.mark.parametrize("command", ["summarize", "extract", "estimate", "nonsense", "sessions", "batch --budget"])
def test_wrong_use_is_told_as_json_where_that_is_asked_for(home: Path, command: str) -> None:
    error = as_json(*command.split(), code=2)["error"]
    assert error["code"] == "wrong_use"
    assert error["message"]
    assert error.keys() == {"code", "message", "advice", "document", "request_id"}


def test_what_was_cut_short_is_exit_code_3(home: Path, kimi: Callable[..., KimiServer]) -> None:
    kimi().fail_always("finish_length")
    assert as_json("summarize", PAPER, code=3)["state"] == "partial"
    assert as_json("ask", PAPER, "--question", "How many stations were placed?", code=3)["state"] == "partial"


def test_an_impossible_setting_is_named(home: Path) -> None:
    done = run("extract", PAPER, "--json", KIMI_DOCS_TIER="9")
    assert done.returncode == 78
    assert "tier" in json.loads(done.stdout)["error"]["message"]


def test_the_doctor_finds_a_sound_installation(home: Path) -> None:
    report = as_json("doctor")
    assert report["ok"], report
    assert {"python", "sqlite", "home", "disk", "database", "worker", "key"} <= {check["name"] for check in report["checks"]}


def test_the_usage_names_what_left_and_what_it_cost(home: Path, kimi: Callable[..., KimiServer]) -> None:
    kimi()
    as_json("summarize", PAPER)
    usage = as_json("usage")
    assert usage["total"]["calls"] == 1
    assert usage["ledger"][0]["host"] == "127.0.0.1"
    assert usage["ledger"][0]["bytes"] > 1000


def test_the_reader_s_language_is_spoken(home: Path) -> None:
    done = run("extract", "no-such-file.pdf", LANG="zh_CN.UTF-8")
    assert any("一" <= c <= "鿿" for c in done.stderr)


def test_a_search_finds_the_page_of_a_document_and_the_answer_about_it(home: Path) -> None:
    pages = {page["number"]: page["text"] for page in as_json("extract", PAPER)["pages"]}
    as_json("ask", PAPER, "--question", "How much cooler were streets with much canopy at midday?")
    found = as_json("search", "canopy midday")
    assert {hit["kind"] for hit in found["hits"]} == {"document", "answer"}
    assert found["total"] == len(found["hits"])
    for hit in found["hits"]:
        assert {"kind", "document", "name", "page", "snippet", "start", "end"} <= hit.keys()
        if hit["start"] is not None:
            assert pages[hit["page"]][hit["start"] : hit["end"]].casefold() in ("canopy", "midday")
            assert hit["snippet"] in pages[hit["page"]]
    assert as_json("search", "canopy", "--kind", "answer", "--language", "zh")["hits"] == []
    assert as_json("search", '*("')["total"] == 0
    assert "paper-en.pdf, p. " in run("search", "canopy").stdout
    assert run("search", "canopy", "--since", "yesterday").returncode == 2


def test_a_backup_is_restored_elsewhere_with_templates_and_without_the_key(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = as_json("summarize", PAPER)
    (home / ".env").write_text("KIMI_DOCS_API_KEY='sk-secret'\n")
    (home / "templates").mkdir()
    (home / "templates" / "mine.yaml").write_text("name: mine\nsections: [{title: Risks}]\n")
    out, new = tmp_path / "all.zip", tmp_path / "new"
    made = as_json("backup", out)
    assert (made["rows"]["documents"], made["files"], made["missing"]) == (1, 2, [])
    assert all(b"sk-secret" not in zipfile.ZipFile(out).read(name) for name in zipfile.ZipFile(out).namelist())
    monkeypatch.setenv("KIMI_DOCS_HOME", str(new))
    assert as_json("restore", out)["rows"] == made["rows"]
    assert as_json("summarize", PAPER)["id"] == summary["id"]  # it is there already
    assert as_json("search", "canopy")["total"] > 0
    assert "mine" in [template["name"] for template in as_json("templates", "list")["templates"]]
    assert as_json("restore", out, code=2)["error"]["code"] == "wrong_use"
    assert as_json("restore", out, "--merge")["rows"] == made["rows"]
    assert as_json("restore", PAPER, code=65)["error"]["code"] == "damaged"


@pytest.mark.skipif(sys.platform == "win32", reason="no orderly end there")
def test_a_backup_that_is_ended_leaves_no_copy_behind(home: Path, library: Library, tmp_path: Path) -> None:
    store = library.storage.of(LOCAL)
    for number in range(150):
        store.save_session(Session(id=f"{number}", title=os.urandom(200_000).hex(), documents=()))
    out = tmp_path / "out"
    out.mkdir()
    with subprocess.Popen([sys.executable, "-m", "kimi_docs", "backup", out / "all.zip"]) as process:
        eventually(lambda: list(out.iterdir()))
        process.terminate()
        assert process.wait(20) == 130
    assert list(out.iterdir()) == []


def test_a_backup_says_what_it_could_not_hold(home: Path, tmp_path: Path) -> None:
    id = as_json("summarize", PAPER)["document"]["id"]
    (home / "blobs" / id[:2] / id).unlink()
    assert as_json("backup", tmp_path / "all.zip", code=3)["missing"] == [id]
    assert "missing or damaged" in run("backup", tmp_path / "again.zip").stdout
