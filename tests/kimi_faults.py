"""Everything that can go wrong, by name: `429_rpm`, `stream_cut`, `slow_first_byte:2` (a number after the colon tunes it)."""

import json
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from itertools import pairwise
from typing import Any

from tests.kimi_answer import JSON, Answer, Response, error_response, event
from tests.kimi_brain import spoil_json
from tests.kimi_platform import ACCOUNT, RPM_HEADERS, limit_reached
from tests.kimi_wire import MEASURED, Head, Pause, Reset, Send, Shut, Step, Torn

FOREVER_SECONDS = 3600.0
CHAT = "chat/completions"
FILES = "files"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One of: an answer never made (`refuse`), made differently (`answer`), or brought differently (`steps`).

    `billed` says whether the platform counts the tokens of such a call.
    """

    name: str
    says: str
    refuse: Callable[[float | None], Response] | None = None
    answer: Callable[[Answer, float | None], Answer] | None = None
    steps: Callable[[list[Step], float | None], list[Step]] | None = None
    billed: bool = True
    path: str = CHAT
    after: bool = False  # what was asked for is done, and refused all the same


FAULTS: dict[str, Fault] = {}


def _add(fault: Fault) -> None:
    FAULTS[fault.name] = fault


# ---- Refusals ------------------------------------------------------------------------------------------------------------


def _refusal(name: str, status: int, type: str, message: str, *, retry_after: float | None = None, path: str = CHAT) -> None:
    def refuse(number: float | None) -> Response:
        seconds = number if number is not None else retry_after
        return error_response(status, type, message, () if seconds is None else (("Retry-After", f"{seconds:g}"),))

    _add(Fault(name=name, says=f"{status} {type}", refuse=refuse, billed=False, path=path))


def _html(name: str, status: int, title: str, status_sent: int | None = None) -> None:
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    response = Response(status=status_sent or status, body=page.encode(), content_type="text/html")
    _add(Fault(name=name, says=f"{status} as an HTML page", refuse=lambda _: response, billed=False))


_REACHED = {
    "429_concurrency": "max concurrency: 1, please try again after 0 seconds",
    "429_rpm_bare": "max RPM: 3, please try again after 1 seconds",
    "429_tpm": "TPM rate limit, current: 523412, limit: 500000, please try again after 1 seconds",
    "429_tpd": "TPD rate limit, current: 1523412, limit: 1500000",
}
for _name, _what in _REACHED.items():
    _refusal(_name, 429, "rate_limit_reached_error", limit_reached(_what).message)

_OVERLOADED = "The engine is currently overloaded, please try again later"
_SUSPENDED = (
    f"{ACCOUNT} is suspended due to insufficient balance, please recharge your account or check your plan and billing details"
)
_NO_MODEL = "Model not found, or this account does not have permission to access the model"
_TOO_LONG = "Invalid request: Your request exceeded model token limit: 262144 (requested: 274613)"
_refusal("429_overloaded", 429, "engine_overloaded_error", _OVERLOADED)
_refusal("429_overloaded_retry_after", 429, "engine_overloaded_error", _OVERLOADED, retry_after=2)
_refusal("429_quota", 429, "exceeded_current_quota_error", _SUSPENDED)
_refusal("429_token_quota", 429, "exceeded_current_quota_error", "You exceeded your current token quota: 0, please check your plan")
_refusal("403_quota", 403, "exceeded_current_quota_error", _SUSPENDED)
_refusal("402_balance", 402, "payment_required", "Insufficient balance, please recharge")
_refusal("401_key", 401, "incorrect_api_key_error", "Incorrect API key provided")
_refusal("401_auth", 401, "invalid_authentication_error", "Invalid Authentication")
_refusal("403_permission", 403, "permission_denied_error", "The API you are accessing is not open")
_refusal("403_ip", 403, "permission_denied_error", "Your IP is not allowed to access this organization")
_refusal("404_model", 404, "resource_not_found_error", _NO_MODEL)
_refusal("404_model_old", 404, "resource_not_found_error", "Not found the model kimi-k3 or Permission denied")
_refusal("400_context", 400, "invalid_request_error", _TOO_LONG)
_refusal("400_input_too_long", 400, "invalid_request_error", "Input token length too long")
_refusal("400_content_filter", 400, "content_filter", "The request was rejected because it was considered high risk")
_refusal("400_temperature", 400, "invalid_request_error", "invalid temperature: only 1 is allowed for this model")
_refusal("408", 408, "request_timeout", "Request timeout")
_refusal("409", 409, "conflict", "Conflict")
_refusal("499", 499, "client_closed_request", "Client closed request")
_refusal("500", 500, "server_error", "Internal server error")
_refusal("500_unexpected", 500, "unexpected_output", "Unexpected output")
_refusal("503", 503, "server_unavailable", "The server is currently unavailable")
_refusal("529", 529, "overloaded_error", "Overloaded")
_html("502_html", 502, "502 Bad Gateway")
_html("504_html", 504, "504 Gateway Time-out")
_html("html_200", 200, "Log in to this network")


def _rpm(number: float | None) -> Response:
    headers = RPM_HEADERS if number is None else (("Retry-After", f"{number:g}"),)
    return error_response(429, "rate_limit_reached_error", limit_reached(_REACHED["429_rpm_bare"]).message, headers)


def _retry_date(number: float | None) -> Response:
    header = ("Retry-After", formatdate(0 if number is None else number, usegmt=True))
    return error_response(429, "rate_limit_reached_error", limit_reached(_REACHED["429_rpm_bare"]).message, (header,))


_add(Fault(name="429_rpm", says="429 with Retry-After, 1 unless told", refuse=_rpm, billed=False))
_add(Fault(name="429_retry_date", says="429 with Retry-After as a date long past", refuse=_retry_date, billed=False))
_add(Fault(name="empty_body", says="200 and no body", refuse=lambda _: Response(), billed=False))

_NO_TEXT = "text extract error: 没有解析出内容"
_refusal("file_no_text", 400, "invalid_request_error", _NO_TEXT, path=FILES)
_refusal("file_too_large", 400, "invalid_request_error", "File size is too large, max file size is 100MB, please confirm "
         "and re-upload the file", path=FILES)  # fmt: skip
_refusal("file_too_many", 400, "invalid_request_error", "Too many uploaded files", path=FILES)
_refusal("file_500", 500, "server_error", "Failed to extract file: timeout", path=FILES)
_refusal("file_429", 429, "rate_limit_reached_error", limit_reached("max file uploads").message, path=FILES)
_add(Fault(name="file_lost", says="filed, and 504", path=FILES, after=True,
           refuse=lambda _: error_response(504, "server_error", "gateway timeout")))  # fmt: skip
_refusal("file_404", 404, "resource_not_found_error", "file not found", path=FILES)


# ---- Other answers -------------------------------------------------------------------------------------------------------


def _other(name: str, says: str, change: Callable[[Answer, float | None], Answer]) -> None:
    _add(Fault(name=name, says=says, answer=change))


def _shortened(answer: Answer, finish: str | None, part: float) -> Answer:
    return replace(
        answer, content=answer.content[: int(len(answer.content) * part)], finish=finish, tool_calls=(), spent_tokens=None
    )


def _strange(answer: Answer, _: float | None) -> Answer:
    extra = {"vendor_field": {"deep": [1, None, "新"]}, "refusal": None, "audio": None, "token_ids": None}
    return replace(answer, extra=extra)


_other("finish_length", "half the answer, finish length", lambda answer, part: _shortened(answer, "length", part or 0.5))
_other("finish_content_filter", "a third of it, withheld", lambda answer, part: _shortened(answer, "content_filter", part or 0.34))
_other("finish_unknown", "all of it, a finish nobody knows", lambda answer, _: replace(answer, finish="repeat"))
_other("empty_content", "no text, finish stop", lambda answer, _: _shortened(answer, "stop", 0))
_other("empty_length", "no text, finish length", lambda answer, _: _shortened(answer, "length", 0))
_other("think_only", "reasoning and nothing after", lambda answer, _: replace(
    _shortened(answer, "stop", 0), reasoning=answer.reasoning or "Let me think about it. 想一想。"))  # fmt: skip
_other("usage_missing", "no usage anywhere", lambda answer, _: replace(answer, usage="missing"))
_other("usage_zero", "usage of zeros", lambda answer, _: replace(answer, usage="zero"))
_other("usage_wrong", "usage three times too high", lambda answer, _: replace(answer, usage="wrong"))
_other("usage_last_choice", "usage only in the last choice", lambda answer, _: replace(answer, usage="choice"))
_other("usage_top", "usage only at the top level", lambda answer, _: replace(answer, usage="top"))
_other("unknown_fields", "fields nobody knows, everywhere", _strange)
_other("broken_json", "text that is no JSON", lambda answer, _: replace(answer, content=spoil_json(answer.content)))
_other("wrong_shape", "JSON of another shape", lambda answer, _: replace(answer, content='{"unexpected": true}'))
_other("fenced_json", "JSON in a code fence with words before", lambda answer, _: replace(
    answer, content=f"Here is the JSON you asked for:\n```json\n{answer.content}\n```"))  # fmt: skip


# ---- Other ways of bringing it -------------------------------------------------------------------------------------------


def _way(name: str, says: str, change: Callable[[list[Step], float | None], list[Step]], billed: bool = True) -> None:
    _add(Fault(name=name, says=says, steps=change, billed=billed))


def _streams(steps: Sequence[Step]) -> bool:
    return any(isinstance(step, Head) and step.length is None for step in steps)


def _spoken(steps: Sequence[Step], part: float = 0.5) -> int:
    """The index of the text piece about which a stream breaks."""
    pieces = [index for index, step in enumerate(steps) if isinstance(step, Send) and step.kind in ("content", "tool", "reasoning")]
    content = [index for index in pieces if isinstance(step := steps[index], Send) and step.kind == "content"] or pieces
    return content[int(len(content) * part)] if content else len(steps) - 1


def _before_end(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if not (isinstance(step, Send) and step.kind in ("finish", "usage", "done"))]


def _torn(end: Step, pause: float = 0.0) -> Callable[[list[Step], float | None], list[Step]]:
    def change(steps: list[Step], part: float | None) -> list[Step]:
        at = _spoken(steps, part or 0.5) if _streams(steps) else len(steps) - 1
        piece = steps[at]
        assert isinstance(piece, Send)
        kept = [
            replace(step, length=1 << 20) if isinstance(step, Head) and step.length == MEASURED else step for step in steps[:at]
        ]
        return [*kept, Torn(piece.data[: len(piece.data) // 2]), Pause(pause), end]

    return change


def _no_end(steps: list[Step], _: float | None) -> list[Step]:
    return [*_before_end(steps), Send(b"", last=True)] if _streams(steps) else steps


def _no_done(steps: list[Step], _: float | None) -> list[Step]:
    return [replace(step, data=b"") if isinstance(step, Send) and step.kind == "done" else step for step in steps]


def _null_finish(steps: list[Step], _: float | None) -> list[Step]:
    done = Send(b"data: [DONE]\n\n", "done", last=True)
    return [*_before_end(steps), done] if _streams(steps) else steps


def _half_json(steps: list[Step], _: float | None) -> list[Step]:
    return [*steps[: _spoken(steps)], Send(b'data: {"id":"chatcmpl-', last=True)] if _streams(steps) else _json_cut(steps, None)


def _json_cut(steps: list[Step], _: float | None) -> list[Step]:
    first = next(step.data for step in steps if isinstance(step, Send)).removeprefix(b"data: ")
    head = next(step for step in steps if isinstance(step, Head))
    headers = tuple((name, JSON if name == "Content-Type" else value) for name, value in head.headers)
    return [Head(200, headers), Send(first[: len(first) // 3], "cut", _tokens(steps), last=True)]


def _short_body(steps: list[Step], _: float | None) -> list[Step]:
    whole = b"".join(step.data for step in steps if isinstance(step, Send))
    head = next(step for step in steps if isinstance(step, Head))
    body = Send(whole[: len(whole) // 2], "cut", _tokens(steps))
    return [replace(head, length=len(whole)), body, Shut()]


def _tokens(steps: Sequence[Step]) -> int:
    return sum(step.tokens for step in steps if isinstance(step, Send))


def _inserted(data: bytes, ends: bool) -> Callable[[list[Step], float | None], list[Step]]:
    def change(steps: list[Step], _: float | None) -> list[Step]:
        if not _streams(steps):
            return _json_cut(steps, None)
        at = _spoken(steps)
        return [*steps[:at], Send(data, last=ends), *([] if ends else steps[at:])]

    return change


def _only_done(steps: list[Step], _: float | None) -> list[Step]:
    return [step for step in steps if isinstance(step, Head) or (isinstance(step, Send) and step.kind in ("done", "answer"))]


def _stall(steps: list[Step], seconds: float | None) -> list[Step]:
    if not _streams(steps):
        return _no_first_byte(steps, seconds)
    return [*steps[: _spoken(steps, 0) + 1], Pause(FOREVER_SECONDS if seconds is None else seconds), Shut()]


def _pings(steps: list[Step], seconds: float | None) -> list[Step]:
    if not _streams(steps):
        return _no_first_byte(steps, seconds)
    beats = int((seconds or FOREVER_SECONDS) / 0.1)
    return [steps[0], *[step for _ in range(beats) for step in (Send(b": ping\n\n"), Pause(0.1))], Shut()]


def _no_first_byte(steps: list[Step], seconds: float | None) -> list[Step]:
    return [Pause(FOREVER_SECONDS if seconds is None else seconds), Shut()]


def _slow_first_byte(steps: list[Step], seconds: float | None) -> list[Step]:
    return [Pause(1.0 if seconds is None else seconds), *steps]


def _slow_drip(steps: list[Step], per_second: float | None) -> list[Step]:
    wait = 1 / (per_second or 1.0)
    return [part for step in steps for part in ((Pause(wait), step) if isinstance(step, Send) else (step,))]


def _each(change: Callable[[Send], Sequence[Step]]) -> Callable[[list[Step], float | None], list[Step]]:
    return lambda steps, _: [part for step in steps for part in (change(step) if isinstance(step, Send) else (step,))]


def _parts(step: Send, cuts: Sequence[int], pause: float = 0.0) -> list[Step]:
    """The same bytes in several pieces; the account goes with the first, the end with the last."""
    edges = [0, *cuts, len(step.data)]
    pieces = [step.data[start:stop] for start, stop in pairwise(edges)]
    sends = [Send(piece, step.kind, last=step.last and index == len(pieces) - 1) for index, piece in enumerate(pieces)]
    sends[0] = replace(sends[0], tokens=step.tokens, told=step.told)
    return [part for send in sends for part in ((send, Pause(pause)) if pause and send is not sends[-1] else (send,))]


def _inside_character(step: Send) -> Sequence[Step]:
    at = next((index for index, byte in enumerate(step.data) if byte >= 0xC0), None)
    return [step] if at is None else _parts(step, [at + 1], pause=0.002)


def _one_byte(step: Send) -> Sequence[Step]:
    return _parts(step, range(1, len(step.data))) if step.data else [step]


def _crlf(step: Send) -> Sequence[Step]:
    return [replace(step, data=step.data.replace(b"\n", b"\r\n"))]


def _with_comments(step: Send) -> Sequence[Step]:
    return [step] if step.kind == "answer" else [Send(b": keep-alive\n\n"), step]


def _several_lines(step: Send) -> Sequence[Step]:
    return [step] if step.kind == "answer" else [replace(step, data=step.data.replace(b', "', b',\ndata: "', 1))]


def _bom(steps: list[Step], _: float | None) -> list[Step]:
    at = next(index for index, step in enumerate(steps) if isinstance(step, Send))
    first = steps[at]
    assert isinstance(first, Send)
    return [*steps[:at], replace(first, data=b"\xef\xbb\xbf" + first.data), *steps[at + 1 :]]


def _repeated_keys(step: Send) -> Sequence[Step]:
    return [replace(step, data=step.data.replace(b'"object": ', b'"object": "other", "object": ', 1))]


_ERROR_EVENT = event({"error": {"message": _OVERLOADED, "type": "engine_overloaded_error"}})
_way("refused", "RST as soon as the request is read", lambda *_: [Reset()], billed=False)
_way("reset_before_headers", "the answer is made and RST is sent", lambda *_: [Reset()])
_way("close_before_headers", "the answer is made and FIN is sent", lambda *_: [Shut()])
_way("no_first_byte", "nothing at all, for ever or so many seconds", _no_first_byte)
_way("slow_first_byte", "everything, one or so many seconds late", _slow_first_byte)
_way("json_cut", "a third of the JSON, its length told rightly", _json_cut)
_way("short_body", "half the body that Content-Length tells", _short_body)
_way("stream_reset", "RST inside a chunk", _torn(Reset(), pause=0.02))
_way("stream_cut", "FIN inside a chunk", _torn(Shut()))
_way("stream_no_end", "a clean end, no finish and no [DONE]", _no_end)
_way("stream_no_done", "finish, but no [DONE]", _no_done)
_way("stream_null_finish", "all of it and [DONE], but no finish", _null_finish)
_way("stream_half_json", "the last line is half an event", _half_json)
_way("stream_bad_event", "an event that is no JSON, then the rest", _inserted(b'data: {"id": oops}\n\n', ends=False))
_way("stream_error_event", "an error as an event, then the end", _inserted(_ERROR_EVENT, ends=True))
_way("stream_only_done", "[DONE] and nothing before", _only_done)
_way("stream_stall", "the first token, then nothing", _stall)
_way("stream_pings", "comments and never a token", _pings)
_way("stream_comments", "a comment before every event", _each(_with_comments))
_way("stream_several_lines", "events of two data lines", _each(_several_lines))
_way("slow_drip", "one piece a second, or so many", _slow_drip)
_way("utf8_split", "characters split over packets", _each(_inside_character))
_way("one_byte", "one byte a chunk", _each(_one_byte))
_way("crlf", "line ends of two bytes", _each(_crlf))
_way("bom", "a byte order mark first", _bom)
_way("repeated_keys", "a key twice in each object", _each(_repeated_keys))

_HARMLESS = (
    "finish_unknown unknown_fields slow_first_byte stream_no_done stream_comments stream_several_lines slow_drip utf8_split "
    "one_byte crlf bom repeated_keys usage_missing usage_zero usage_wrong usage_last_choice usage_top"
)
HARMLESS = frozenset(_HARMLESS.split())  # the whole text arrives
ENDLESS = frozenset({"no_first_byte", "stream_stall", "stream_pings"})  # without a number they last until the client leaves
HOPELESS = frozenset(name for name in FAULTS if name[:3] in ("401", "402", "403", "404") or "quota" in name)
CHAOS = tuple(
    name
    for name, fault in FAULTS.items()
    if fault.path == CHAT
    and name not in HOPELESS | ENDLESS | {"slow_drip", "429_tpd", "400_temperature", "400_context", "400_input_too_long"}
)  # what a soak may meet at random and live through


# ---- The plan ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault with its number."""

    fault: Fault
    number: float | None = None


def planned(name: str) -> Planned | None:
    """`stream_cut` or `429_rpm:120`; `ok` is none. Raises: KeyError."""
    if name == "ok":
        return None
    base, _, number = name.partition(":")
    if base not in FAULTS:
        raise KeyError(f"no fault is called {base}; there are: {', '.join(FAULTS)}")
    return Planned(FAULTS[base], float(number) if number else None)


@dataclass(slots=True)
class Plan:
    """Which request meets which fault: first the queue, then words in the request, then always, then by chance."""

    chance: float = 0.0
    names: Sequence[str] = CHAOS
    seed: int = 0
    _queue: dict[str, deque[Planned | None]] = field(default_factory=dict)
    _words: list[tuple[str, Planned | None]] = field(default_factory=list)
    _always: Planned | None = None
    _dice: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice.seed(self.seed)

    def follow(self, wishes: Mapping[str, Any]) -> None:
        """Take wishes in as JSON: next [names], when {words: name}, always name or null, chance, names, seed. Raises: KeyError."""
        for name in wishes.get("next", ()):
            found = planned(name)
            self._queue.setdefault(found.fault.path if found else CHAT, deque()).append(found)
        self._words += [(words, planned(name)) for words, name in wishes.get("when", {}).items()]
        if "always" in wishes:
            self._always = planned(wishes["always"] or "ok")
        self.names = [name for name in wishes.get("names", self.names) if planned(name)]
        self.chance = wishes.get("chance", self.chance)
        if "seed" in wishes:
            self._dice.seed(wishes["seed"])

    def take(self, path: str, body: Mapping[str, Any]) -> Planned | None:
        """The fault of the next request on this path."""
        with self._lock:
            if queue := self._queue.get(path):
                return queue.popleft()
            if self._words:
                text = json.dumps(body.get("messages", body), ensure_ascii=False)
                if found := next((fault for words, fault in self._words if words in text), None):
                    return found
            if self._always and self._always.fault.path == path:
                return self._always
            if path == CHAT and self.chance and self._dice.random() < self.chance:
                return planned(self._dice.choice(self.names))
        return None

    def clear(self) -> None:
        """Nothing goes wrong any more, but for the chance given at the start."""
        self._queue.clear()
        self._words.clear()
        self._always = None
        self._dice.seed(self.seed)
