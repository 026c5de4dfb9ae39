"""A stand-in for the Kimi platform over real HTTP, for tests and acceptance runs.

In a test:      with KimiServer(tier=0, period=2) as server: server.fail_next("429_rpm", "stream_cut"); … server.url
From a shell:   python -m tests.kimi_server --port 0 --tier 0 --period 2 --brain honest --ledger calls.jsonl
Over HTTP:      GET /_control/ledger; POST /_control/faults {"next": [...]}; also reset, script, brain, down
One request:    the header X-Kimi-Fault: NAME, or the base URL http://host:port/fault/NAME/v1
The pieces:     kimi_wire (bytes), kimi_platform (rules), kimi_brain (words), kimi_answer (events), kimi_faults, kimi_files
"""

import argparse
import asyncio
import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any, TypeVar

from tests.kimi_answer import Answer, Pace, Response, error_response, json_response
from tests.kimi_brain import BRAINS, Asked, Reply, Scripted, go_on, make_brain, think
from tests.kimi_faults import CHAOS, CHAT, Plan, Planned, planned
from tests.kimi_files import FileRules, Files, parse_multipart
from tests.kimi_platform import (
    ACCOUNT,
    MODELS,
    TIERS,
    Limits,
    Model,
    PrefixCache,
    Refused,
    Tier,
    bad,
    check_chat,
    cost_of,
    find_model,
    prompt_tokens,
    self_hosted_model,
    text_of,
    thinks,
)
from tests.kimi_wire import MAX_HEAD_BYTES, Gone, Received, Step, Wire, without_watch

Result = TypeVar("Result")
SHORT_CHARACTERS = 50_000

DAY_IN_PERIODS = 24 * 60
IN_PLAIN_SIGHT = "/_control/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the stand-in behaves. `tier` None is an account without limits; a single limit given wins over the tier's."""

    host: str = "127.0.0.1"
    port: int = 0
    tier: int | None = None
    concurrency: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    tpd: int | None = None
    period: float = 60.0  # seconds of the provider's minute
    day: float | None = None  # seconds of its day; 1440 minutes unless given
    brain: str = "honest"
    latency: float = 0.0  # seconds to the first token
    tokens_per_second: float = 0.0
    piece_characters: int = 16
    key: str = "sk-test"  # keys that begin so are known
    region_key: str = ""  # where given, known keys of another beginning belong to the other region
    balance: float = 50.0
    voucher: float = 0.0
    models: tuple[str, ...] = ()  # those that /models lists; all unless given
    window: int | None = None  # of every model, to meet its end with small texts
    self_hosted: bool = False
    served_model: str = "kimi-k2"
    cache_ttl: float = 300.0
    cache_minimum: int = 256
    chance: float = 0.0
    clock_ahead: float = 0.0  # seconds
    names: tuple[str, ...] = CHAOS
    seed: int = 0
    ledger: str = ""
    file_status: str = "ok"
    file_content_type: str = "application/json; charset=utf-8"
    max_files: int = 1000
    max_file_bytes: int = 100 * 1024 * 1024

    @property
    def limits(self) -> Tier:
        tier = TIERS[self.tier] if self.tier is not None else Tier()
        given = {name: value for name in ("concurrency", "rpm", "tpm", "tpd") if (value := getattr(self, name)) is not None}
        return replace(tier, **given)

    @property
    def known_models(self) -> Mapping[str, Model]:
        if self.self_hosted:
            return {self.served_model: self_hosted_model(self.served_model, self.window or 131_072)}
        return {id: replace(model, window=self.window or model.window) for id, model in MODELS.items()}


async def _aside(body: Mapping[str, Any], work: Callable[..., Result], *given: Any) -> Result:
    """In a thread where it takes long, so that others are answered; a change of threads takes longer than a short one."""
    if sum(len(str(message.get("content"))) for message in body["messages"]) < SHORT_CHARACTERS:
        return work(*given)
    return await asyncio.to_thread(work, *given)


@dataclass(kw_only=True, slots=True)
class Entry:
    """One request and its account. Tokens are what the platform counts; `told` whether the client was shown the usage.

    `outcome` is answered, refused, cut (by a fault) or left (by the client); a call is billed from its first token on.
    """

    number: int
    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    request_id: str
    status: int = 0
    outcome: str = ""
    error: str = ""
    fault: str = ""
    seconds: float = 0.0
    model: str = ""
    stream: bool = False
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    billed: bool = False
    told: bool = False
    cost: Decimal = Decimal(0)
    finish: str | None = None
    content: str = ""
    notes: Sequence[Mapping[str, Any]] = ()
    settled: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"cost": str(self.cost)}


@dataclass(kw_only=True, slots=True)
class Played:
    """What is about to be sent for an entry, and how to account for it while it is."""

    steps: list[Step]
    entry: Entry
    model: Model | None = None
    place: Limits | None = None  # held until settled
    counts: bool = False  # tokens are billed as they are sent
    cuts: bool = False
    started: float = field(default_factory=time.monotonic)


class KimiServer:
    """The stand-in: HTTP on a thread of its own. What happened is in `calls`; what shall happen is told by `fail_…`, `script`."""

    def __init__(self, **options: Any) -> None:
        self.settings = Settings(**options)
        self._entries: list[Entry] = []
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Wire] = {}
        self.opened = 0  # connections since the start
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="kimi-server", daemon=True)
        self._failure: OSError | None = None
        self.port = self.settings.port
        self.plan = Plan(chance=self.settings.chance, names=self.settings.names, seed=self.settings.seed)
        self.brain = Scripted(make_brain(self.settings.brain))
        rules = FileRules(
            status=self.settings.file_status,
            content_type=self.settings.file_content_type,
            max_files=self.settings.max_files,
            max_bytes=self.settings.max_file_bytes,
        )
        self.files = Files(rules)
        self._begin_anew()

    def _begin_anew(self) -> None:
        settings = self.settings
        day = settings.day if settings.day is not None else settings.period * DAY_IN_PERIODS
        self.limits = Limits(settings.limits, settings.period, day)
        self.cache = PrefixCache(settings.cache_ttl, settings.cache_minimum)
        self.spent = Decimal(0)

    # ---- For the test ----

    def __enter__(self) -> "KimiServer":
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://{self.settings.host}:{self.port}/v1"

    @property
    def ledger(self) -> list[Entry]:
        """Every request received, whatever the endpoint, in the order of arrival."""
        return list(self._entries)

    @property
    def calls(self) -> list[Entry]:
        """The requests to chat/completions."""
        return [entry for entry in self._entries if entry.path.endswith("/" + CHAT)]

    @property
    def billed(self) -> list[Entry]:
        return [entry for entry in self._entries if entry.billed]

    @property
    def peak_concurrency(self) -> int:
        """The most chat requests seen at once, those refused for it included."""
        return self.limits.peak

    def totals(self) -> dict[str, Any]:
        """What the account was charged for all."""
        counted = ("prompt_tokens", "cached_tokens", "completion_tokens")
        sums = {name: sum(getattr(entry, name) for entry in self.billed) for name in counted}
        return {"calls": len(self.billed), **sums, "cost": str(self.spent)}

    def fail_next(self, *names: str) -> None:
        """The next requests meet these, in order; `ok` lets one pass. Raises: KeyError."""
        self.plan.follow({"next": names})

    def fail_when(self, words: str, name: str) -> None:
        """Every request with these words in its messages meets it."""
        self.plan.follow({"when": {words: name}})

    def fail_always(self, name: str | None) -> None:
        """Every request meets it, until None."""
        self.plan.follow({"always": name})

    def script(self, lines: Sequence[str | Mapping[str, Any]]) -> None:
        """Say these in order: texts, or {content, reasoning, tool_calls: [{name, arguments}], finish}."""
        self.brain.add(lines)

    def use_brain(self, name: str) -> None:
        """Change who answers from now on. Raises: KeyError."""
        self.brain.behind = make_brain(name)

    def reset(self) -> None:
        """As if just started: no calls, no faults, no lines, no files, nothing cached, full purse."""
        self._entries.clear()
        self.plan.clear()
        self.brain.clear()
        self.files.clear()
        self._begin_anew()

    def down(self, seconds: float) -> None:
        """Refuse connections for a while: the port is closed, open connections are dropped."""
        assert self._loop
        asyncio.run_coroutine_threadsafe(self._close_door(), self._loop).result()
        self._loop.call_soon_threadsafe(self._open_later, seconds)

    # ---- The listening ----

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self._open_door()
        except OSError as error:
            self._failure = error
        self._ready.set()
        if not self._failure:
            await self._stop.wait()
            await self._close_door()

    async def _open_door(self) -> None:
        self._listener = await asyncio.start_server(
            self._attend, self.settings.host, self.port, limit=MAX_HEAD_BYTES, backlog=1024, reuse_address=True
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _close_door(self) -> None:
        if self._listener:
            self._listener.close()
        tasks = [task for task in self._connections if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # for the transports to let go of their sockets

    def _open_later(self, seconds: float) -> None:
        assert self._loop
        self._loop.call_later(seconds, lambda: self._keep(asyncio.ensure_future(self._open_door())))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._opening = task  # the loop itself holds tasks only weakly

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer)
        task = asyncio.current_task()
        assert task
        self._connections[task] = wire
        self.opened += 1
        try:
            while wire.open and (received := await wire.receive()):
                await self._respond(wire, received)
                if received.headers.get("connection", "").lower() == "close":
                    break
        except (Gone, asyncio.CancelledError):
            writer.transport.abort()  # the client left or the server ends: either way this connection does
        finally:
            writer.close()
            self._connections.pop(task, None)

    # ---- One request ----

    async def _respond(self, wire: Wire, received: Received) -> None:
        if received.path.startswith(IN_PLAIN_SIGHT):
            await wire.play((await self._control(received)).steps(()), without_watch)
            return
        played = await self._prepare(received)
        try:
            await wire.play(played.steps, lambda step, final: self._watch(played, step, final))
        finally:
            if not played.entry.settled:
                self._settle(played, "left")

    async def _prepare(self, received: Received) -> Played:
        entry = self._enter(received)
        played = Played(steps=[], entry=entry)
        try:
            self._check_key(received)
            response = await self._route(entry, received, played)
        except Refused as refused:
            response = self._refusal(refused)
        except (AttributeError, TypeError, ValueError, LookupError) as error:  # fields of types nobody foresaw
            response = self._refusal(bad(f"Invalid request: {error!r}"))
        if response is not None:
            entry.status = response.status
            if response.status >= 400 or entry.path.endswith(CHAT):
                entry.outcome, entry.error = "refused", _error_type(response)
            played.steps = response.steps(self._headers(entry))
        return played

    def _enter(self, received: Received) -> Entry:
        entry = Entry(
            number=len(self._entries) + 1,
            at=time.time(),
            method=received.method,
            path=received.path,
            headers=received.headers,
            body=_readable(received),
            request_id=str(uuid.uuid4()),
        )
        self._entries.append(entry)
        return entry

    def _refusal(self, refused: Refused) -> Response:
        if not self.settings.self_hosted:
            return error_response(refused.status, refused.type, refused.message, refused.headers)
        kind = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError"}.get(refused.status, refused.type)
        error = {"message": refused.message, "type": kind, "param": None, "code": refused.status}
        return json_response({"error": error}, refused.status)

    def _check_key(self, received: Received) -> None:
        if self.settings.self_hosted:
            return
        scheme, _, key = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Refused(401, "invalid_authentication_error", "Invalid Authentication")
        if not key.startswith(self.settings.key):
            raise Refused(401, "incorrect_api_key_error", "Incorrect API key provided")
        if not key.startswith(self.settings.region_key):
            raise Refused(401, "invalid_authentication_error", "Invalid Authentication")

    async def _route(self, entry: Entry, received: Received, played: Played) -> Response | None:
        wish, path = _wish(received)
        match received.method, path.strip("/").split("/")[1:] if path.startswith("/v1/") else [path]:
            case "POST", ["chat", "completions"]:
                return await self._chat(entry, wish, played)
            case "GET", ["models"]:
                return self._list_models()
            case "POST", ["/tokenize"] if self.settings.self_hosted:
                return self._tokenize(entry)
            case _, _ if self.settings.self_hosted:
                pass
            case "POST", ["tokenizers", "estimate-token-count"]:
                return self._estimate(entry)
            case "GET", ["users", "me", "balance"]:
                return self._balance()
            case method, ["files", *rest]:
                return await self._files(entry, received, method, rest, wish)
        raise Refused(404, "resource_not_found_error", f"The requested resource was not found: {received.method} {received.path}")

    # ---- Endpoints beside chat ----

    def _list_models(self) -> Response:
        models = self.settings.known_models
        listed = [models[id] for id in self.settings.models or models]
        show = _self_hosted_entry if self.settings.self_hosted else _model_entry
        return json_response({"object": "list", "data": [show(model) for model in listed]})

    def _estimate(self, entry: Entry) -> Response:
        body = _object(entry.body)
        model = find_model(self.settings.known_models, body.get("model"))
        check_chat(replace(model, window=1 << 40), body, None, 0)
        return json_response({"data": {"total_tokens": prompt_tokens(model, body)}})

    def _tokenize(self, entry: Entry) -> Response:
        body = _object(entry.body)
        model = find_model(self.settings.known_models, body.get("model", self.settings.served_model))
        messages = body.get("messages") or [{"role": "user", "content": body.get("prompt", "")}]
        count = prompt_tokens(model, {"messages": messages}) - (0 if body.get("messages") else model.overhead)
        return json_response({"count": count, "max_model_len": model.window, "tokens": list(range(count))})

    def _balance(self) -> Response:
        cash = round(self.settings.balance - float(self.spent), 5)
        voucher = self.settings.voucher
        amounts = {
            "available_balance": voucher + max(cash, 0.0) if voucher else cash,
            "voucher_balance": voucher,
            "cash_balance": cash,
        }
        return json_response({"code": 0, "data": amounts, "scode": "0x0", "status": True})

    async def _files(self, entry: Entry, received: Received, method: str, rest: list[str], wish: Planned | None) -> Response:
        fault = wish or self.plan.take("files", entry.body if isinstance(entry.body, Mapping) else {})
        if fault and fault.fault.refuse:
            entry.fault = fault.fault.name
            if fault.fault.after:
                await self._file(received, method, rest)
            return fault.fault.refuse(fault.number)
        return await self._file(received, method, rest)

    async def _file(self, received: Received, method: str, rest: list[str]) -> Response:
        match method, rest:
            case "POST", []:
                parsed = await asyncio.to_thread(parse_multipart, received.headers.get("content-type", ""), received.body)
                return await asyncio.to_thread(self.files.upload, parsed)
            case "GET", []:
                return self.files.list()
            case "GET", [id]:
                return self.files.show(id)
            case "GET", [id, "content"]:
                return self.files.content(id)
            case "DELETE", [id]:
                return self.files.delete(id)
        raise Refused(404, "resource_not_found_error", "The requested resource was not found")

    # ---- Chat ----

    async def _chat(self, entry: Entry, wish: Planned | None, played: Played) -> Response | None:
        body = _object(entry.body)
        model = find_model(self.settings.known_models, body.get("model"))
        entry.model, entry.stream, played.model = model.id, bool(body.get("stream")), model
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        check_chat(model, body, None, 0)
        if body.get("continue_final_message") and body.get("add_generation_prompt"):
            raise bad("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")
        prompt = await _aside(body, prompt_tokens, model, body)
        check_chat(model, body, limit, prompt)
        self._check_purse()
        ceiling = limit or min(model.default_output, model.window - prompt)
        self.limits.admit(prompt + ceiling)
        played.place = self.limits
        fault = wish or self.plan.take(CHAT, body)
        entry.fault = fault.fault.name if fault else ""
        if fault and fault.fault.refuse:
            return fault.fault.refuse(fault.number)
        await self._make_answer(played, body, prompt, ceiling, fault)
        return None

    def _check_purse(self) -> None:
        if not self.settings.self_hosted and self.settings.balance + self.settings.voucher - float(self.spent) <= 0:
            sentence = (
                "is suspended due to insufficient balance, please recharge your account or check your plan and billing details"
            )
            raise Refused(429, "exceeded_current_quota_error", f"{ACCOUNT} {sentence}")

    async def _make_answer(self, played: Played, body: Mapping[str, Any], prompt: int, ceiling: int, fault: Planned | None) -> None:
        model, entry = played.model, played.entry
        assert model
        cached = 0 if self.settings.self_hosted else await _aside(body, self.cache.visit, model, body, prompt)
        reply = await _aside(body, self._say, model, body)
        answer = self._answer(model, body, reply, prompt, cached).limited(ceiling)
        if fault and fault.fault.answer:
            answer = fault.fault.answer(answer, fault.number)
        pace = Pace(
            first_token_seconds=self.settings.latency,
            tokens_per_second=self.settings.tokens_per_second,
            piece_characters=self.settings.piece_characters,
        )
        hit = (("Msh-Context-Cache-Token-Saved", str(cached)),) if cached else ()
        steps = answer.steps((*self._headers(entry), *hit), pace)
        if fault and fault.fault.steps:
            steps = fault.fault.steps(steps, fault.number)
            played.cuts = not any(getattr(step, "kind", "") in ("done", "answer") for step in steps)
        played.steps = steps
        entry.status, entry.content, entry.finish, entry.notes = 200, answer.content, answer.finish, tuple(reply.notes)
        entry.reasoning_tokens = answer.reasoning_tokens
        entry.billed = fault is None or fault.fault.billed
        if entry.billed:
            entry.prompt_tokens, entry.cached_tokens = prompt, cached
            played.counts = answer.stream and any(getattr(step, "tokens", 0) for step in steps)
            entry.completion_tokens = 0 if played.counts else answer.completion_tokens

    def _say(self, model: Model, body: Mapping[str, Any]) -> Reply:
        messages = list(body["messages"])
        prefix = ""
        goes_on = body.get("continue_final_message") if self.settings.self_hosted else messages[-1].get("partial")
        if goes_on and messages[-1].get("role") == "assistant":
            prefix = text_of(messages.pop())
        asked = Asked(
            messages=messages,
            format=body.get("response_format") or {},
            tools=body.get("tools") or (),
            tool_choice=body.get("tool_choice", "auto"),
        )
        reply = self.brain(asked, prefix)
        content = go_on(reply.content, prefix) if prefix else reply.content
        if thinks(model, body) and reply.reasoning is None:
            reply = replace(reply, reasoning=think(asked, body.get("reasoning_effort") or "max"))
        return replace(reply, content=_stopped(content, body.get("stop")))

    def _answer(self, model: Model, body: Mapping[str, Any], reply: Reply, prompt: int, cached: int) -> Answer:
        return Answer(
            id=f"chatcmpl-{secrets.token_hex(12)}",
            model=model.id,
            created=int(time.time()),
            content=reply.content,
            reasoning=(reply.reasoning or "") if thinks(model, body) else "",
            tool_calls=tuple(reply.tool_calls),
            finish=reply.finish or ("tool_calls" if reply.tool_calls else "stop"),
            prompt_tokens=prompt,
            cached_tokens=cached,
            stream=bool(body.get("stream")),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            self_hosted=self.settings.self_hosted,
        )

    def _headers(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        if self.settings.self_hosted:
            return (("Server", "uvicorn"),)
        return (
            ("Date", formatdate(time.time() + self.settings.clock_ahead, usegmt=True)),
            ("Msh-Request-Id", entry.request_id),
            ("X-Msh-Trace-Id", uuid.UUID(entry.request_id).hex),
            ("Msh-Trace-Mode", "on"),
            ("Server-Timing", "inner; dur=12"),
        )

    # ---- The account ----

    def _watch(self, played: Played, step: Step, final: bool) -> None:
        """Before a step's bytes leave: so that whoever reads the last byte finds place and ledger in order."""
        entry = played.entry
        if entry.billed and played.model:
            entry.completion_tokens += getattr(step, "tokens", 0) if played.counts else 0
            entry.told = entry.told or getattr(step, "told", False)
        if final:
            self._settle(played, "cut" if played.cuts else "answered")

    def _settle(self, played: Played, outcome: str) -> None:
        entry = played.entry
        entry.settled = True
        entry.outcome = entry.outcome or outcome
        entry.seconds = round(time.monotonic() - played.started, 6)
        if entry.billed and played.model:
            entry.cost = cost_of(played.model, entry.prompt_tokens, entry.cached_tokens, entry.completion_tokens)
            self.spent += entry.cost
        if played.place:
            played.place.release()
        if self.settings.ledger:
            with Path(self.settings.ledger).open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry.as_json(), ensure_ascii=False) + "\n")

    # ---- Control ----

    async def _control(self, received: Received) -> Response:
        command = received.path.removeprefix(IN_PLAIN_SIGHT)
        try:
            wishes = json.loads(received.body or b"{}")
            return json_response(self._obey(command, wishes))
        except (KeyError, ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)

    def _obey(self, command: str, wishes: Mapping[str, Any]) -> Any:
        commands: dict[str, Callable[[], Any]] = {
            "ledger": lambda: {
                "calls": [entry.as_json() for entry in self._entries],
                "totals": self.totals(),
                "peak_concurrency": self.peak_concurrency,
            },
            "faults": lambda: self.plan.follow(wishes),
            "reset": self.reset,
            "script": lambda: self.script(wishes["lines"]),
            "brain": lambda: self.use_brain(wishes["name"]),
            "down": lambda: self._down_soon(float(wishes["seconds"])),
        }
        return commands[command]() or {"done": command}

    def _down_soon(self, seconds: float) -> None:
        assert self._loop
        self._loop.call_later(0.05, lambda: self._keep(asyncio.ensure_future(self._close_door())))
        self._open_later(0.05 + seconds)


def _wish(received: Received) -> tuple[Planned | None, str]:
    """The fault named by the request itself, and the path without it."""
    parts = received.path.split("/")
    if parts[1:2] == ["fault"] and len(parts) > 3:
        return _known_fault(parts[2]), "/" + "/".join(parts[3:])
    name = received.headers.get("x-kimi-fault")
    return (_known_fault(name) if name else None), received.path


def _known_fault(name: str) -> Planned | None:
    try:
        return planned(name)
    except KeyError as error:
        raise bad(str(error)) from error


def _readable(received: Received) -> Any:
    """The body as the ledger keeps it: JSON parsed, an upload as its size, else text."""
    if received.headers.get("content-type", "").startswith("multipart/"):
        return {"bytes": len(received.body)}
    try:
        return json.loads(received.body) if received.body else None
    except ValueError:
        return received.body.decode("utf-8", "replace")


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise bad("Invalid request: the body must be a JSON object")
    return body


def _error_type(response: Response) -> str:
    try:
        return str(json.loads(response.body)["error"]["type"])
    except (ValueError, KeyError, TypeError):
        return response.content_type


def _stopped(text: str, stop: str | Sequence[str] | None) -> str:
    for word in [stop] if isinstance(stop, str) else stop or ():
        text = text.partition(word)[0] if word else text
    return text


def _model_entry(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": 1_784_160_000,
        "owned_by": "moonshot",
        "context_length": model.window,
        "supports_image_in": True,
        "supports_video_in": True,
        "supports_reasoning": True,
    }


def _self_hosted_entry(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": 1_784_160_000,
        "owned_by": "vllm",
        "root": f"/models/{model.id}",
        "parent": None,
        "max_model_len": model.window,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed; the first line of stdout is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.kimi_server", description="A stand-in for the Kimi platform.")
    types: dict[str, Any] = {"tier": int, "concurrency": int, "rpm": int, "tpm": int, "tpd": int, "window": int, "day": float}
    for option in fields(Settings):
        flag = "--" + option.name.replace("_", "-")
        default = option.default
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true")
        elif isinstance(default, tuple):
            parser.add_argument(flag, nargs="+", default=default)
        else:
            choices = BRAINS if option.name == "brain" else None
            parser.add_argument(flag, type=types.get(option.name, type(default)), default=default, choices=choices)
    options = vars(parser.parse_args(arguments))
    with KimiServer(**{name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}) as server:
        print(server.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
