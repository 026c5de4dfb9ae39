"""What the provider or the network said → what it means for us. The only place where a failure of a call is judged."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

import httpx2
import openai

from kimi_docs.errors import (
    BadResponse,
    KeyRefused,
    ModelUnavailable,
    PlatformError,
    QuotaExhausted,
    TooLong,
    TryLater,
    Withheld,
)
from kimi_docs.language import Message, say

FAILURES = (PlatformError, openai.OpenAIError, httpx2.HTTPError, TimeoutError, OSError, ValueError)
"""Every exception a call may end with: ours, the SDK's, the transport's, and broken JSON."""

TOO_LONG = re.compile(r"exceeded model token limit|token length too long|maximum context length", re.IGNORECASE)
TOLD_LIMITS = (
    ("concurrency", re.compile(r"max concurrency: (\d+)")),
    ("rpm", re.compile(r"max RPM: (\d+)")),
    ("tpm", re.compile(r"TPM rate limit.*?limit: (\d+)")),
)
EMPTY_PURSE = re.compile(r"insufficient balance|recharge|in arrears", re.IGNORECASE)
PROVIDER_FAULTS = ("server_error", "unexpected_output", "server_unavailable")
SECRETS = re.compile(r"\b(?:org|ak|sk|proj|key)-[A-Za-z0-9_-]{6,}")


class Action(StrEnum):
    """What to do about a failed call."""

    WAIT = "wait"  # an account limit: not a fault, come back after the wait
    BUSY = "busy"  # the provider is overloaded: fewer at once, come back ever later, half an hour long
    DROP = "drop"  # it does not take one of our parameters: once more without
    RETRY = "retry"  # a passing fault: again with back-off, a bounded number of times
    PARK = "park"  # nothing to be had before tomorrow
    STOP = "stop"  # no call can succeed until somebody does something
    GIVE_UP = "give_up"  # this call cannot succeed


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A failure judged: the error a person reads, what to do, and how long to wait first."""

    error: PlatformError
    action: Action
    wait_seconds: float = 0.0
    attempts: int = 5  # how often in all it is worth trying
    reached_provider: bool = True  # it may have worked, and billed, before it failed
    parameter: str = ""  # the one the provider does not take
    limits: Mapping[str, int] = field(default_factory=dict)  # what the account's limits are said to be: concurrency, rpm, tpm, tpd


def redact(text: str) -> str:
    """The text without organisation, access-key and secret ids."""
    return SECRETS.sub("…", text)


def classify(failure: BaseException, *, base_url: str, model: str, parameters: Mapping[str, object] | None = None) -> Fault:
    """Judge by the provider's `error.type` first, by the status only where there is none. `parameters` are those that were sent."""
    if isinstance(failure, PlatformError):
        return Fault(error=failure, action=Action.RETRY if isinstance(failure, BadResponse) else Action.GIVE_UP, attempts=3)
    if isinstance(failure, openai.APIStatusError):
        return _status(failure, base_url, model, parameters or {})
    if isinstance(failure, openai.APITimeoutError | TimeoutError | httpx2.TimeoutException):
        return _passing(say("The provider did not answer in time."))
    if isinstance(failure, openai.APIConnectionError | httpx2.TransportError | OSError):
        return _offline(failure, base_url)
    if isinstance(failure, openai.APIError):
        return _typed(failure.type or "", redact(failure.message), None, base_url, model, {})
    return Fault(error=BadResponse(say("The provider's answer could not be read."), _LATER), action=Action.RETRY, attempts=3)


_LATER = say("What was done so far is kept. Try again in a few minutes.")
_KEPT = say(
    "Nothing is lost: start it again when the connection is back. Reading documents and the engine on this machine still work."
)


def _passing(message: Message, wait_seconds: float = 0.0) -> Fault:
    return Fault(error=TryLater(message, _LATER), action=Action.RETRY, wait_seconds=wait_seconds)


def _offline(failure: BaseException, base_url: str) -> Fault:
    connected = isinstance(failure, httpx2.ReadError | httpx2.RemoteProtocolError | httpx2.WriteError) or isinstance(
        failure.__cause__, httpx2.ReadError | httpx2.RemoteProtocolError | httpx2.WriteError
    )
    host = urlsplit(base_url).hostname or base_url
    if connected:
        return _passing(say("The connection to {host} was cut.", host=host))
    error = TryLater(say("{host} cannot be reached from here.", host=host), _KEPT)
    return Fault(error=error, action=Action.RETRY, reached_provider=False)


def _status(failure: openai.APIStatusError, base_url: str, model: str, parameters: Mapping[str, object]) -> Fault:
    body = failure.body
    kind = body.get("type", "") if isinstance(body, Mapping) else ""
    said = redact(str(body.get("message", ""))) if isinstance(body, Mapping) else ""
    return _typed(str(kind or ""), said, failure.response, base_url, model, parameters)


def _typed(
    kind: str, said: str, response: httpx2.Response | None, base_url: str, model: str, parameters: Mapping[str, object]
) -> Fault:
    told = _Told(
        kind=kind,
        said=said,
        status=response.status_code if response is not None else 0,
        base_url=base_url,
        model=model,
        wait_seconds=_retry_after(response),
        parameters=frozenset(parameters),
    )
    request_id = response.headers.get("msh-request-id") if response is not None else None
    fault = _purse(told) or _account(told) or _busy(told) or _content(told)
    fault.error.request_id = request_id
    return fault


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What the provider said: error type, text (redacted), status, Retry-After; and what was asked of whom."""

    kind: str
    said: str
    status: int
    base_url: str
    model: str
    wait_seconds: float
    parameters: frozenset[str]


def _purse(told: _Told) -> Fault | None:
    if told.kind == "exceeded_current_quota_error" or told.status == 402 or EMPTY_PURSE.search(told.said):
        advice = say("Top up the account in the provider's console, then go on: what is done is kept and is not paid again.")
        return _final(QuotaExhausted(say("The account has no balance or quota left."), advice), Action.STOP)
    return None


def _account(told: _Told) -> Fault | None:
    if told.kind in ("invalid_authentication_error", "incorrect_api_key_error") or told.status == 401:
        return _final(KeyRefused(say("The provider refused the key."), _key_advice(told.base_url)), Action.STOP)
    if told.kind == "permission_denied_error" or told.status == 403:
        message = say("The provider does not let this account do that: {reason}", reason=told.said or str(told.status))
        return _final(KeyRefused(message, _key_advice(told.base_url)), Action.STOP)
    if told.kind == "resource_not_found_error" or told.status == 404:
        message = say("The model {model} is unknown to the provider, or not open to this account.", model=told.model)
        return _final(ModelUnavailable(message, say("Choose another model in the settings, or “auto”.")), Action.STOP)
    return None


def _busy(told: _Told) -> Fault | None:
    if told.kind == "engine_overloaded_error":
        error = TryLater(say("The provider is overloaded."), _LATER)
        return Fault(error=error, action=Action.BUSY, wait_seconds=told.wait_seconds, reached_provider=told.status == 0)
    if told.kind == "rate_limit_reached_error" or told.status == 429:
        return _rate(told)
    if told.status in (408, 409, 499) or told.status >= 500 or told.kind in PROVIDER_FAULTS:
        return _passing(say("The provider had a fault of its own ({status}).", status=told.status or told.kind), told.wait_seconds)
    return None


def _content(told: _Told) -> Fault:
    if told.kind == "content_filter":
        advice = say("The pages concerned are marked as withheld; the rest is kept.")
        return _final(Withheld(say("The provider refused this text as high risk."), advice), Action.GIVE_UP)
    if TOO_LONG.search(told.said):
        return _final(TooLong(say("The request is longer than the model's window."), _LATER), Action.GIVE_UP)
    message = say("The provider refused the request: {reason}", reason=told.said or str(told.status))
    if name := _refused_parameter(told):
        return Fault(error=BadResponse(message), action=Action.DROP, parameter=name, reached_provider=False)
    return _final(BadResponse(message, say("Nothing was billed for it.")), Action.GIVE_UP)


def _refused_parameter(told: _Told) -> str:
    """The parameter of ours that a 400 complains about by name."""
    if told.status not in (400, 422):
        return ""
    words = set(re.findall(r"[A-Za-z_]+", told.said))
    return next((name for name in sorted(told.parameters) if name in words), "")


def _final(error: PlatformError, action: Action) -> Fault:
    return Fault(error=error, action=action, reached_provider=False)


def _rate(told: _Told) -> Fault:
    if "TPD" in told.said:
        advice = say("It goes on tomorrow, or sooner with a higher tier. What is done is kept.")
        return _final(TryLater(say("The account's tokens for today are used up."), advice), Action.PARK)
    seconds = re.search(r"after (\d+(?:\.\d+)?) seconds?", told.said)
    wait = max(float(seconds.group(1)) if seconds else 0.0, told.wait_seconds)
    error = TryLater(say("The account's rate limit is reached."), _LATER)
    limits = {name: int(found[1]) for name, pattern in TOLD_LIMITS if (found := pattern.search(told.said))}
    return Fault(error=error, action=Action.WAIT, wait_seconds=wait, reached_provider=False, limits=limits)


def _retry_after(response: httpx2.Response | None) -> float:
    """Seconds of a Retry-After header, a number or a date, kept within 0…600: a clock may be wrong."""
    value = response.headers.get("retry-after", "") if response is not None else ""
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), 600.0)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0), 600.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _key_advice(base_url: str) -> Message:
    host = urlsplit(base_url).hostname or ""
    if host.endswith("moonshot.cn"):
        return say("Keys of platform.kimi.ai do not work here: try the international region, or make a key on platform.kimi.com.")
    if host.endswith("moonshot.ai"):
        return say("Keys of platform.kimi.com do not work here: try the region China, or make a key on platform.kimi.ai.")
    return say("Check the key and the address {host}. Keys of the regions .ai and .cn are not interchangeable.", host=host)
