"""`doctor` at the provider: one token is asked for, recorded and paid for; what is wrong is named."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kimi_docs.doctor import ask_balance
from kimi_docs.errors import KimiDocsError, Misconfigured
from kimi_docs.settings import load_settings
from tests.kimi_server import KimiServer

Start = Callable[..., KimiServer]


def run(command: str, code: int = 0) -> Any:
    done = subprocess.run([sys.executable, "-m", "kimi_docs", command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "sk-test" not in done.stdout + done.stderr
    return json.loads(done.stdout)


def doctor(code: int = 0) -> dict[str, Any]:
    return {check["name"]: check for check in run("doctor", code)["checks"]}


def test_one_token_is_asked_for_recorded_and_on_the_receipt(kimi: Start) -> None:
    server = kimi(balance=12.5)
    found = doctor()
    assert all(found[name]["ok"] for name in ("key", "call", "clock", "limits", "balance"))
    assert "12.50 USD" in found["balance"]["message"]
    (entry,) = server.calls
    assert entry.body["max_completion_tokens"] == 1
    assert run("usage")["total"]["input_tokens"] == entry.prompt_tokens
    doctor()
    assert len(server.calls) == 2  # a recorded answer would prove nothing


def test_a_key_of_the_other_region_is_named_and_nothing_is_asked(kimi: Start) -> None:
    server = kimi(region_key="sk-other")
    found = doctor(Misconfigured.exit_code)
    assert not found["key"]["ok"]
    assert server.calls == []


@pytest.mark.parametrize("fault", ["500", "429_overloaded"])
def test_a_call_that_is_not_answered_is_said_and_the_rest_stands(kimi: Start, fault: str) -> None:
    server = kimi()
    server.fail_next(fault)
    found = doctor(Misconfigured.exit_code)
    assert found["key"]["ok"]
    assert not found["call"]["ok"]
    assert found["balance"]["ok"]


def test_an_empty_purse_and_a_wrong_clock_are_said(kimi: Start) -> None:
    kimi(balance=0.0, clock_ahead=600)
    found = doctor(Misconfigured.exit_code)
    assert not found["balance"]["ok"]
    assert "topped up" in found["balance"]["advice"]
    assert "off by 10 min" in found["clock"]["message"]


def test_the_balance_alone_is_asked_for_without_a_call(kimi: Start) -> None:
    server = kimi(balance=12.5)
    left = ask_balance(load_settings())
    assert left
    assert left.ok
    assert "12.50 USD" in left.message.text("en")
    assert server.calls == []


def test_a_provider_without_a_purse_says_nothing_and_a_wrong_key_is_told(kimi: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    kimi(region_key="sk-other")
    with pytest.raises(KimiDocsError):
        ask_balance(load_settings())
    kimi(self_hosted=True)
    monkeypatch.setenv("KIMI_DOCS_PROVIDER", "openai-compatible")
    assert ask_balance(load_settings()) is None
