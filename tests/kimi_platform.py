"""The platform's book of rules for the stand-in: models, prices, tokens, checks, limits of the account, prefix cache."""

import hashlib
import json
import math
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ORGANIZATION = "org-5a1f0c2b7e9d4f38"
ACCESS_KEY = "ak-f3k9w2m7q1x8"
ACCOUNT = f"Your account {ORGANIZATION}<{ACCESS_KEY}>"
BLOCK_TOKENS = 256


class Refused(Exception):
    """The platform says no, with its status, type and sentence."""

    def __init__(self, status: int, type: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.type, self.message, self.headers = status, type, message, headers


def bad(message: str) -> Refused:
    """400, as for every request that makes no sense."""
    return Refused(400, "invalid_request_error", message)


# ---- Models -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A live model. `thinking` is always or switch; `overhead` is what its template adds to any prompt."""

    id: str
    window: int
    default_output: int
    thinking: str
    overhead: int
    price: tuple[Decimal, Decimal, Decimal]  # USD per million tokens: cache hit, input, output
    fixed: bool = True  # sampling parameters cannot be chosen


def _model(id: str, window: int, default_output: int, thinking: str, overhead: int, *price: str, fixed: bool = True) -> Model:
    hit, fresh, output = (Decimal(amount) for amount in price)
    return Model(
        id=id,
        window=window,
        default_output=default_output,
        thinking=thinking,
        overhead=overhead,
        price=(hit, fresh, output),
        fixed=fixed,
    )


MODELS: Mapping[str, Model] = {
    model.id: model
    for model in (
        _model("kimi-k3.1-pro", 1_048_576, 131_072, "always", 85, "0.20", "2.00", "10.00"),
        _model("kimi-k3.1-pro-highspeed", 1_048_576, 131_072, "always", 85, "0.20", "4.00", "20.00"),
        _model("kimi-k3", 1_048_576, 131_072, "always", 85, "0.30", "3.00", "15.00"),
        _model("kimi-k2.7-code", 262_144, 32_768, "always", 18, "0.19", "0.95", "4.00"),
        _model("kimi-k2.7-code-highspeed", 262_144, 32_768, "always", 18, "0.38", "1.90", "8.00"),
        _model("kimi-k2.6", 262_144, 32_768, "switch", 18, "0.16", "0.95", "4.00"),
    )
}
_RETIRED = (
    "kimi-k2.5 moonshot-v1-8k moonshot-v1-32k moonshot-v1-128k moonshot-v1-auto moonshot-v1-8k-vision-preview "
    "moonshot-v1-32k-vision-preview moonshot-v1-128k-vision-preview kimi-k2-0711-preview kimi-k2-0905-preview "
    "kimi-k2-turbo-preview kimi-k2-thinking kimi-k2-thinking-turbo kimi-latest kimi-thinking-preview"
)
RETIRED = frozenset(_RETIRED.split())  # as unknown as any invented name: they answer 404 like it


def self_hosted_model(name: str, window: int) -> Model:
    """What a vLLM serves under a name of its owner's choice."""
    return _model(name, window, window, "switch", 18, "0", "0", "0", fixed=False)


def find_model(models: Mapping[str, Model], id: object) -> Model:
    """The live model of that id. Raises: Refused (404), for retired ones too."""
    if isinstance(id, str) and id in models:
        return models[id]
    message = "Model not found, or this account does not have permission to access the model"
    raise Refused(404, "resource_not_found_error", message)


def thinks(model: Model, body: Mapping[str, Any]) -> bool:
    """Whether this request is answered with reasoning first."""
    if model.thinking == "always":
        return True
    if not model.fixed:
        return bool((body.get("chat_template_kwargs") or {}).get("thinking", False))
    return (body.get("thinking") or {}).get("type") != "disabled"


def cost_of(model: Model, prompt: int, cached: int, completion: int) -> Decimal:
    """US dollars of one call."""
    hit, fresh, output = model.price
    return (hit * cached + fresh * (prompt - cached) + output * completion) / Decimal(1_000_000)


# ---- Tokens: the one place that says what a token is here -----------------------------------------------------------

WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
NARROW = re.compile(r"[^\W_]")
SPACE = re.compile(r"\s")
IMAGE_TOKENS = 9
PER_MESSAGE = 4  # each message after the first
PER_ASSISTANT = 6  # the empty think block of a replayed answer
JSON_OBJECT_TOKENS = 47


def weight(text: str) -> float:
    """Tokens as a fraction: 0.55 a Han, kana or hangul character, 1/4.6 another letter or digit, 0.75 a sign, 0 a space."""
    rest = WIDE.sub("", text)
    signs = NARROW.sub("", rest)
    others = len(SPACE.sub("", signs))
    return 0.55 * (len(text) - len(rest)) + (len(rest) - len(signs)) / 4.6 + 0.75 * others


def count_tokens(text: str) -> int:
    """Tokens of a text, always rounded up. No vocabulary: the same text counts the same everywhere."""
    return math.ceil(weight(text) - 1e-9)


def cut_to_tokens(text: str, tokens: int) -> str:
    """The longest beginning of the text that counts no more than so many tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count_tokens(text[:middle]) <= tokens else (low, middle - 1)
    return text[:low]


def text_of(message: Mapping[str, Any]) -> str:
    """The words of a message, whichever way its content is written."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or "" for part in content if isinstance(part, Mapping))


def prompt_tokens(model: Model, body: Mapping[str, Any]) -> int:
    """What the request costs before anything is said: template, messages, images, tools and the injected format."""
    messages = body.get("messages") or []
    total = model.overhead + max(0, len(messages) - 1) * PER_MESSAGE
    for message in messages:
        total += count_tokens(text_of(message)) + (PER_ASSISTANT if message.get("role") == "assistant" else 0)
        total += IMAGE_TOKENS * _count_images(message)
    return total + count_tokens(_tools_text(body)) + _format_tokens(body)


def _count_images(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return sum(1 for part in parts if isinstance(part, Mapping) and part.get("type") in ("image_url", "video_url"))


def _tools_text(body: Mapping[str, Any]) -> str:
    return json.dumps(body["tools"], ensure_ascii=False) if body.get("tools") else ""


def _format_tokens(body: Mapping[str, Any]) -> int:
    format = body.get("response_format") or {}
    if format.get("type") == "json_object":
        return JSON_OBJECT_TOKENS
    if format.get("type") == "json_schema":
        return count_tokens(json.dumps(format["json_schema"].get("schema"), ensure_ascii=False))
    return 0


# ---- Checks of a request ---------------------------------------------------------------------------------------------


def check_chat(model: Model, body: Mapping[str, Any], limit: int | None, prompt: int) -> None:
    """Everything that makes chat/completions answer 400. Unknown keys are fine. Raises: Refused."""
    if model.fixed:
        _check_sampling(model, body)
    _check_messages(model, body)
    _check_format(body.get("response_format") or {"type": "text"})
    _check_tools(model, body)
    if limit is not None and limit < 1:
        raise bad("Invalid request: max_completion_tokens must be at least 1")
    requested = prompt + (limit or 0)
    if requested > model.window:
        raise bad(_too_long(model, prompt, limit or 0))


def _too_long(model: Model, prompt: int, limit: int) -> str:
    if model.fixed:
        return f"Invalid request: Your request exceeded model token limit: {model.window} (requested: {prompt + limit})"
    return (
        f"This model's maximum context length is {model.window} tokens. However, you requested {prompt + limit} tokens "
        f"({prompt} in the messages, {limit} in the completion). Please reduce the length of the messages or completion."
    )


def _check_sampling(model: Model, body: Mapping[str, Any]) -> None:
    temperature = 1 if thinks(model, body) else 0.6
    fixed = {"temperature": temperature, "top_p": 0.95, "frequency_penalty": 0, "presence_penalty": 0, "n": 1}
    for name, allowed in fixed.items():
        if body.get(name) is not None and body[name] != allowed:
            raise bad(f"invalid {name}: only {allowed} is allowed for this model")
    if body.get("logprobs"):
        raise bad("invalid logprobs: only false is allowed for this model")
    if body.get("top_logprobs") is not None:
        raise bad("Invalid request: logprobs must be set to true if top_logprobs is used")
    if body.get("logit_bias"):
        raise bad("Invalid request: logit_bias is not supported yet")
    if model.thinking == "always" and (body.get("thinking") or {}).get("type") == "disabled" and "k2" in model.id:
        raise bad("invalid thinking: only type=enabled is allowed for this model")
    stop = body.get("stop")
    if isinstance(stop, list) and (len(stop) > 5 or any(len(word.encode()) > 32 for word in stop)):
        raise bad("Invalid request: stop takes at most 5 strings of at most 32 bytes")


def _check_messages(model: Model, body: Mapping[str, Any]) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise bad("Invalid request: messages must not be empty")
    called: set[str] = set()
    for position, message in enumerate(messages):
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ("system", "user", "assistant", "tool"):
            raise bad(f"Invalid request: unknown role {role!r} at position {position}")
        _check_content(message, role, position)
        called |= {call.get("id") for call in message.get("tool_calls") or []}
        if role == "tool" and message.get("tool_call_id") not in called:
            raise bad(f"Invalid request: tool_call_id {message.get('tool_call_id')} not found")
        if message.get("tool_calls") and model.fixed and thinks(model, body) and not message.get("reasoning_content"):
            raise bad("thinking is enabled but reasoning_content is missing in assistant tool call message")


def _check_content(message: Mapping[str, Any], role: str, position: int) -> None:
    content = message.get("content")
    if isinstance(content, list):
        for part in content:
            if part.get("type") == "text" and not part.get("text"):
                raise bad("text content is empty")
            url = part.get("image_url") or part.get("video_url")
            address = url.get("url") if isinstance(url, Mapping) else url
            if address and not str(address).startswith(("data:", "ms://")):
                raise bad("Invalid request: unsupported image url, only data: and ms:// are supported")
    elif not content:
        excused = message.get("tool_calls") or message.get("tools") or (message.get("partial") and message.get("name"))
        if not excused:
            raise bad(f"the message at position {position} with role '{role}' must not be empty")


def _check_format(format: Mapping[str, Any]) -> None:
    if format.get("type") not in ("text", "json_object", "json_schema"):
        raise bad(f"Invalid request: unknown response_format type: {format.get('type')}")
    if format["type"] == "json_schema":
        schema = format.get("json_schema") or {}
        if not schema.get("name") or not isinstance(schema.get("schema"), Mapping):
            raise bad("Invalid request: response_format.json_schema needs a name and a schema")
        if schema["schema"].get("type") != "object":
            raise bad("Invalid request: the root of response_format.json_schema.schema must be an object")


def _check_tools(model: Model, body: Mapping[str, Any]) -> None:
    tools = body.get("tools") or []
    if len(tools) > 128:
        raise bad("Invalid request: at most 128 tools are allowed")
    for tool in tools:
        if tool.get("type") not in ("function", "plugin", "builtin_function"):
            kind = tool.get("type") or ""
            raise bad(f"Invalid request: unknown tool type: {kind}, currently only function and plugin are supported")
        name = (tool.get("function") or {}).get("name") or ""
        if tool["type"] == "function" and not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9-_]{2,63}", name):
            raise bad(f"Invalid request: function name is invalid: {name}")
    if body.get("tool_choice") == "required" and "k2" in model.id and model.fixed:
        raise bad("invalid tool_choice: required is not supported for this model")


# ---- Limits of the account -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """What an account may do at once, in a minute, in a day. None is no limit."""

    concurrency: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    tpd: int | None = None


TIERS = (
    Tier(concurrency=1, rpm=3, tpm=500_000, tpd=1_500_000),
    Tier(concurrency=50, rpm=200, tpm=2_000_000),
    Tier(concurrency=100, rpm=500, tpm=3_000_000),
    Tier(concurrency=200, rpm=5_000, tpm=3_000_000),
    Tier(concurrency=400, rpm=5_000, tpm=4_000_000),
    Tier(concurrency=1_000, rpm=10_000, tpm=5_000_000),
)
RPM_HEADERS = (("Retry-After", "1"), ("X-Retry-After", "1"), ("Msh-Cooldown-Seconds", "1"))


def limit_reached(what: str, headers: tuple[tuple[str, str], ...] = ()) -> Refused:
    """429 for one of the four limits, in the platform's words."""
    return Refused(429, "rate_limit_reached_error", f"{ACCOUNT} request reached organization {what}", headers)


class Limits:
    """The counters of one organization. `peak` is the most requests seen at once, refused ones included."""

    def __init__(self, tier: Tier, period: float, day: float) -> None:
        self.tier, self.period, self.day = tier, period, day
        self.active = 0
        self.peak = 0
        self.admitted_peak = 0
        self._admitted: deque[tuple[float, int]] = deque()

    def admit(self, tokens: int) -> None:
        """Take a place; `tokens` (prompt and the most that may come) are charged now. Raises: Refused (429)."""
        self.peak = max(self.peak, self.active + 1)
        now = time.monotonic()
        while self._admitted and now - self._admitted[0][0] > self.day:
            self._admitted.popleft()
        minute = [charged for at, charged in self._admitted if now - at <= self.period]
        self._check(minute, tokens)
        self._admitted.append((now, tokens))
        self.active += 1
        self.admitted_peak = max(self.admitted_peak, self.active)

    def _check(self, minute: Sequence[int], tokens: int) -> None:
        tier, spent, today = self.tier, sum(minute) + tokens, sum(charged for _, charged in self._admitted) + tokens
        if tier.concurrency is not None and self.active >= tier.concurrency:
            raise limit_reached(f"max concurrency: {tier.concurrency}, please try again after 0 seconds")
        if tier.rpm is not None and len(minute) >= tier.rpm:
            raise limit_reached(f"max RPM: {tier.rpm}, please try again after 1 seconds", RPM_HEADERS)
        if tier.tpm is not None and spent > tier.tpm:
            raise limit_reached(f"TPM rate limit, current: {spent}, limit: {tier.tpm}, please try again after 1 seconds")
        if tier.tpd is not None and today > tier.tpd:
            raise limit_reached(f"TPD rate limit, current: {today}, limit: {tier.tpd}")

    def release(self) -> None:
        """Give the place back."""
        self.active -= 1


# ---- Prefix cache ------------------------------------------------------------------------------------------------------

PIECE = re.compile(r"[^\n]{1,400}\n?|\n")


class PrefixCache:
    """Blocks of about 256 tokens, each named by the hash of all before it; a prompt hits as far as its chain is known."""

    def __init__(self, ttl: float, minimum: int) -> None:
        self.ttl, self.minimum = ttl, minimum
        self._known: dict[str, float] = {}

    def visit(self, model: Model, body: Mapping[str, Any], total: int) -> int:
        """How many tokens of this prompt were kept from an earlier one; what is new is kept now."""
        now = time.monotonic()
        chain = _chain(model, body)
        whole = chain[-1][0]
        hit = 0
        for name, tokens in chain[:-1]:
            if now - self._known.get(name, -math.inf) > self.ttl:
                break
            hit = tokens
        cached = total if now - self._known.get(whole, -math.inf) <= self.ttl else hit // BLOCK_TOKENS * BLOCK_TOKENS
        self._known.update((name, now) for name, _ in chain)
        return min(cached, total) if total > self.minimum else 0


def _chain(model: Model, body: Mapping[str, Any]) -> list[tuple[str, int]]:
    """(name, tokens up to its end) of every block, and of the whole prompt as the last."""
    state = hashlib.sha256(f"{model.id}|{body.get('reasoning_effort')}|{thinks(model, body)}".encode())
    chain, filled, block = [], 0.0, 0.0
    for piece in PIECE.findall(_prompt_text(body)):
        state.update(piece.encode("utf-8", "surrogatepass"))
        block += weight(piece)
        if block >= BLOCK_TOKENS:
            filled, block = filled + block, 0.0
            chain.append((state.hexdigest(), int(filled)))
    state.update(json.dumps(body.get("response_format")).encode())
    return [*chain, ("whole " + state.hexdigest(), int(filled + block))]


def _prompt_text(body: Mapping[str, Any]) -> str:
    images = re.compile(r"data:[^\"]{200,}")
    lines = [_tools_text(body)]
    for message in body["messages"]:
        lines.append(f"<|{message.get('role')}|>{message.get('name') or ''}\n{text_of(message)}")
        if isinstance(message.get("content"), list) or message.get("tool_calls"):
            told = json.dumps([message.get("content"), message.get("tool_calls")])
            lines.append(images.sub(lambda match: hashlib.sha256(match[0].encode()).hexdigest(), told))
    return "\n".join(lines)
