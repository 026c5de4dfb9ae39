"""Every response → the same response with headers that keep foreign content out, and the page in the reader's language.

Streamlit draws remote pictures in Markdown and hard-codes `<html lang="en">`; a picture's address can carry a document's text
away, and a screen reader would read Chinese as English.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kimi_docs.errors import Misconfigured
from kimi_docs.language import closest
from kimi_docs.settings import load_settings

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: blob: data:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
FIXED = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
}

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Send = Callable[[Event], Awaitable[None]]
Receive = Callable[[], Awaitable[Event]]


class Headers:
    """ASGI middleware. Only the small start page is touched in its body."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_page = b"text/html" in dict(scope["headers"]).get(b"accept", b"")
        language = _language(scope) if start_page else "en"
        if language != "en":
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]  # its body is read below
        held: list[Event] = []

        async def answer(event: Event) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [pair for pair in event["headers"] if pair[0].lower() not in FIXED] + list(FIXED.items())
                if language != "en" and (b"content-type", b"text/html; charset=utf-8") in event["headers"]:
                    held.append(event)
                    return
            elif held and event["type"] == "http.response.body":
                await _relabelled(held.pop(), event, language, send)
                return
            await send(event)

        await self._app(scope, receive, answer)


def _language(scope: Scope) -> str:
    """The language of the page: the installation's where it is set, else the browser's first."""
    accepted = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    try:
        chosen = load_settings().language
    except Misconfigured:  # told on the page itself
        chosen = ""
    return chosen or closest(accepted.split(",")[0])


async def _relabelled(start: Event, body: Event, language: str, send: Send) -> None:
    content: bytes = body.get("body", b"")
    changed = content.replace(b'<html lang="en"', f'<html lang="{language}"'.encode(), 1)
    length = str(len(changed)).encode()
    if not body.get("more_body"):
        start["headers"] = [(name, length if name.lower() == b"content-length" else value) for name, value in start["headers"]]
        body["body"] = changed
    await send(start)
    await send(body)
