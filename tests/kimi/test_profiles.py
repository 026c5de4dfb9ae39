"""Whoever serves the model: the platform, or open weights behind an interface like OpenAI's."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kimi_docs.domain.runs import Run, RunState
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import Misconfigured, ModelUnavailable
from kimi_docs.kimi.catalog import catalog_for, load_catalog
from kimi_docs.kimi.connection import Connection
from kimi_docs.kimi.profile import MOONSHOT, SELF_HOSTED, own_host, profile_of
from kimi_docs.library import make_desk
from kimi_docs.settings import UNLIMITED, load_settings
from storage.open import open_storage
from tests.conftest import ROOT
from tests.kimi.conftest import Desk, request
from tests.kimi_server import KimiServer

Make = Callable[..., Desk]
PAPER = ROOT / "samples" / "paper-en.pdf"


async def test_with_provider_auto_the_servers_own_list_tells_what_it_is(desk: Make) -> None:
    assert await desk().connect().client.recognized() is MOONSHOT
    hosted = desk(self_hosted=True, window=50_000)
    connection = hosted.connect()
    assert await connection.client.recognized() is SELF_HOSTED
    catalog = await connection.catalog(load_catalog())
    assert [(model.id, model.window_tokens, dict(model.prices)) for model in catalog.models] == [("kimi-k2", 50_000, {})]
    assert catalog.get("kimi-k2").id == "kimi-k2"


async def test_what_a_provider_lacks_has_a_substitute(desk: Make) -> None:
    hosted = desk(self_hosted=True).connect(provider="openai-compatible").client
    assert await hosted.balance() == {}
    assert await hosted.estimate(request("Some words to count.", model="kimi-k2")) > 5
    platform = desk(balance=12.5).connect().client
    assert (await platform.balance())["available_balance"] == 12.5
    assert await platform.estimate(request("Some words to count.")) > 5


def test_thinking_is_steered_in_the_words_of_each_provider(home: Path) -> None:
    asked = request(thinking={"type": "disabled"})
    assert MOONSHOT.body(asked)["thinking"] == {"type": "disabled"}
    assert SELF_HOSTED.body(asked)["chat_template_kwargs"] == {"thinking": False}
    assert "thinking" not in SELF_HOSTED.body(asked)
    assert profile_of(load_settings(provider="openai-compatible")) is SELF_HOSTED
    assert own_host("https://api.moonshot.cn/v1")
    assert not own_host("https://moonshot.cn.example.org/v1")


def test_nothing_is_priced_that_somebody_else_serves(home: Path) -> None:
    catalog = catalog_for(load_settings(provider="openai-compatible", model="kimi-k2"))
    assert [(model.id, dict(model.prices)) for model in catalog.models] == [("kimi-k2", {})]


@pytest.mark.parametrize("explicit", [True, False])
def test_a_self_hosted_server_summarizes_and_answers(
    home: Path, monkeypatch: pytest.MonkeyPatch, explicit: bool, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(self_hosted=True)
    if explicit:
        monkeypatch.setenv("KIMI_DOCS_PROVIDER", "openai-compatible")
    settings = load_settings()
    storage = open_storage(**settings.storage)
    with make_desk(storage, storage.blobs, settings, storage.close) as at:
        library = at.library
        document = library.add(LOCAL, PAPER.read_bytes(), PAPER.name).document.id
        run = library.summarize(LOCAL, document, library.order())
        assert isinstance(run, Run)
        done = at.finish(run)
        assert done.state is RunState.DONE, done.failure
        summary = library.summary(LOCAL, done.result)
        assert summary.model == "kimi-k2"
        assert summary.usage.cost is None
        assert summary.usage.input_tokens == server.calls[0].prompt_tokens
        session = library.open_session(LOCAL, [document])
        assert at.finish(library.ask(LOCAL, session.id, "How many stations were placed?")).state is RunState.DONE
    assert {call.status for call in server.calls} == {200}
    assert "balance" not in json.dumps([entry.path for entry in server.ledger])


async def test_a_server_that_turns_out_to_be_ones_own_has_no_limits_but_those_that_were_set(
    home: Path, kimi: Callable[..., KimiServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    kimi(self_hosted=True)
    monkeypatch.delenv("KIMI_DOCS_TIER")
    connection = Connection.open(load_settings(rpm=7))
    assert connection.limiter.limits.tpm == 500_000
    await connection.catalog(load_catalog())
    assert (connection.limiter.limits.rpm, connection.limiter.limits.tpm) == (7, UNLIMITED)
    await connection.close()


@pytest.mark.parametrize("provider", ["auto", "openai-compatible"])
def test_every_command_works_with_a_self_hosted_server(
    home: Path, monkeypatch: pytest.MonkeyPatch, provider: str, kimi: Callable[..., KimiServer]
) -> None:
    """The commands a person goes through, with a server that has no files, no balance, no estimate, and tells usage at the top."""
    server = kimi(self_hosted=True)
    monkeypatch.setenv("KIMI_DOCS_PROVIDER", provider)

    def run(*arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "kimi_docs", *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert run("doctor")["ok"]
    summary = run("summarize", str(PAPER))
    assert (summary["model"], summary["state"], summary["usage"]["cost"]) == ("kimi-k2", "done", None)
    assert summary["claims_verified"] == summary["claims_total"] > 0
    assert run("ask", str(PAPER), "--question", "How many stations were placed?")["found"]
    batch = run("batch", str(ROOT / "samples"))
    assert batch["state"] == "done"
    total = run("usage")["total"]
    assert (total["calls"], total["cost"]) == (len(server.calls), None)
    assert (total["input_tokens"], total["output_tokens"]) == (
        sum(entry.prompt_tokens for entry in server.billed),
        sum(entry.completion_tokens for entry in server.billed),
    )
    assert {entry.status for entry in server.ledger} == {200}


def test_where_there_is_no_file_service_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi(self_hosted=True)
    monkeypatch.setenv("KIMI_DOCS_PROVIDER", "openai-compatible")
    command = [sys.executable, "-m", "kimi_docs", "extract", str(PAPER), "--via", "kimi", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == Misconfigured.exit_code
    assert "no file service" in json.loads(done.stdout)["error"]["message"]
    assert server.ledger == []


def test_where_auto_chose_a_model_that_is_not_open_the_next_one_is_taken(home: Path, kimi: Callable[..., KimiServer]) -> None:
    server = kimi()
    server.fail_next("404_model")
    settings = load_settings()
    storage = open_storage(**settings.storage)
    with make_desk(storage, storage.blobs, settings, storage.close) as at:
        document = at.library.add(LOCAL, PAPER.read_bytes(), PAPER.name).document.id
        run = at.library.summarize(LOCAL, document, at.library.order())
        assert isinstance(run, Run)
        assert at.finish(run).state is RunState.DONE
    assert [call.body["model"] for call in server.calls] == ["kimi-k2.6", "kimi-k3.1-pro"]


def test_l7_a_document_the_provider_finds_too_long_is_split_and_the_result_is_complete(
    home: Path, kimi: Callable[..., KimiServer]
) -> None:
    server = kimi()
    server.fail_next("400_context")
    settings = load_settings()
    storage = open_storage(**settings.storage)
    with make_desk(storage, storage.blobs, settings, storage.close) as at:
        document = at.library.add(LOCAL, PAPER.read_bytes(), PAPER.name).document.id
        run = at.library.summarize(LOCAL, document, at.library.order())
        assert isinstance(run, Run)
        done = at.finish(run)
        assert done.state is RunState.DONE, done.failure
        coverage = at.library.summary(LOCAL, done.result).coverage
        assert coverage.characters_sent == coverage.characters
    assert len(server.calls) >= 3


def test_a_retired_model_is_named_with_its_successor() -> None:
    with pytest.raises(ModelUnavailable, match=r"retired on 2026-05-25.*kimi-k2\.6"):
        load_catalog().get("kimi-k2-0905-preview")


def test_any_id_may_be_typed_and_an_unknown_price_is_none_not_zero() -> None:
    model = load_catalog().get("kimi-k9")
    assert model.price(1000, 0, 1000, "USD") is None
