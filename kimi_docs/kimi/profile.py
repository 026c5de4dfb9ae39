"""Provider → what it can do, and how a request is put to it: the platform itself, or open Kimi weights served by somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from kimi_docs.domain.calls import Request
from kimi_docs.settings import Settings

Partial = Literal["partial", "continue_final_message", "none"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The capabilities of a provider. What is missing has a local substitute, or is said in a sentence."""

    name: str
    files: bool  # reads files; else text is extracted on this machine
    partial: Partial  # how an answer is gone on with
    counter: Literal["estimate", "tokenize"]  # which endpoint counts tokens; where there is none we count ourselves
    balance: bool
    limits: bool  # the account has requests and tokens a minute; else only those the settings name count
    window_field: str  # of an entry in /v1/models
    thinking: Literal["kimi", "template"]  # parameters of the platform, or arguments of the chat template

    def body(self, request: Request) -> dict[str, Any]:
        """The parameters beside model and messages, in this provider's words."""
        body = dict(request.parameters)
        if self.partial == "continue_final_message" and _goes_on(request):
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        if self.thinking == "template":
            effort, switch = body.pop("reasoning_effort", None), body.pop("thinking", None)
            if effort or switch:
                thinks = switch.get("type") != "disabled" if isinstance(switch, Mapping) else True
                body["chat_template_kwargs"] = {"thinking": thinks}
        return body

    def messages(self, request: Request) -> list[dict[str, Any]]:
        """The messages; a server of open weights does not know the mark of partial mode."""
        said = [dict(message) for message in request.messages]
        if self.partial != "partial" and said:
            said[-1].pop("partial", None)
        return said

    def window(self, entry: Mapping[str, Any]) -> int | None:
        """The window in tokens that an entry of /v1/models tells, whichever of the known fields holds it."""
        for name in (self.window_field, "context_length", "max_model_len", "context_window"):
            if isinstance(entry.get(name), int) and entry[name] > 0:
                return int(entry[name])
        return None


MOONSHOT = Profile(
    name="moonshot",
    files=True,
    partial="partial",
    counter="estimate",
    balance=True,
    limits=True,
    window_field="context_length",
    thinking="kimi",
)
SELF_HOSTED = Profile(
    name="openai-compatible",
    files=False,
    partial="continue_final_message",
    counter="tokenize",
    balance=False,
    limits=False,
    window_field="max_model_len",
    thinking="template",
)
OWN_HOSTS = ("moonshot.ai", "moonshot.cn", "kimi.com", "kimi.ai")
SERVERS = ("vllm", "sglang", "tensorrt", "trtllm", "ktransformers")


def profile_of(settings: Settings) -> Profile:
    """The profile the settings name; `auto` is the platform until `recognize` has seen the server's own list."""
    return SELF_HOSTED if settings.chosen_provider == "openai-compatible" else MOONSHOT


def own_host(base_url: str) -> bool:
    """Whether the address is the platform's own."""
    host = urlsplit(base_url).hostname or ""
    return any(host == own or host.endswith("." + own) for own in OWN_HOSTS)


def recognize(entries: Sequence[Mapping[str, Any]]) -> Profile:
    """What answered `/v1/models`: vLLM and its like name themselves as owner, or tell `max_model_len`."""
    for entry in entries:
        owner = str(entry.get("owned_by", "")).lower()
        if any(server in owner for server in SERVERS) or "max_model_len" in entry:
            return SELF_HOSTED
    return MOONSHOT


def _goes_on(request: Request) -> bool:
    return bool(request.messages) and bool(request.messages[-1].get("partial"))
