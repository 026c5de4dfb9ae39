"""An S3 store of our own that listens on a port, and before it a proxy that can fail as networks and stores do."""

import http.client
import logging
import threading
import uuid
from collections import Counter, deque
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

REFUSALS = {
    "denied": (403, "AccessDenied"),
    "wrong key": (403, "InvalidAccessKeyId"),
    "wrong signature": (403, "SignatureDoesNotMatch"),
    "expired": (400, "ExpiredToken"),
    "slow down": (503, "SlowDown"),
    "broken": (500, "InternalError"),
    "elsewhere": (400, "AuthorizationHeaderMalformed"),
}
HUNG_SECONDS = 2.0


class S3Server:
    """Runs as long as the `with` does. `fail("slow down", "cut")` is what becomes of the next requests, one each.

    Beside the refusals there are: `reset` (no answer), `hung` (none either, but late), `cut` (half of it), `wrong` (other bytes),
    `no store` (a page of some other server).
    """

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._store = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._proxy.owner = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._proxy.server_port}"
        self.ended = threading.Event()
        self.faults: deque[str] = deque()
        self.calls: Counter[str] = Counter()
        """How often each method was asked for."""

    def __enter__(self) -> Self:
        self._store.start()
        threading.Thread(target=self._proxy.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended.set()
        self._proxy.shutdown()
        self._proxy.server_close()
        self._store.stop()

    def bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"docs-{uuid.uuid4().hex[:12]}"
        self.ask("PUT", f"/{name}")
        return name

    def fail(self, *faults: str) -> None:
        self.faults.extend(faults)

    def reset(self) -> None:
        """Forget what was to fail and what was counted."""
        self.faults.clear()
        self.calls.clear()

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Everything in a bucket."""
        listed = self.ask("GET", f"/{bucket}?list-type=2")[1].decode()
        keys = [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]
        return {key: self.ask("GET", f"/{bucket}/{key}")[1] for key in keys}

    def change(self, bucket: str, key: str, content: bytes) -> None:
        """As somebody else does who may write there."""
        self.ask("PUT", f"/{bucket}/{key}", content)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, list[tuple[str, str]]]:
        """Past the proxy."""
        connection = http.client.HTTPConnection(*self._store.get_host_and_port())
        unsigned = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"}
        connection.request(method, path, body, headers or unsigned)
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.getheaders()
        connection.close()
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def _pass(self) -> None:
        server: S3Server = self.server.owner  # type: ignore[attr-defined]
        server.calls[self.command] += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = server.faults.popleft() if server.faults else ""
        self.close_connection = True
        if fault == "hung":
            server.ended.wait(HUNG_SECONDS)
        if fault in ("hung", "reset"):
            return
        if fault in REFUSALS:
            status, code = REFUSALS[fault]
            text = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
            self._answer(status, text, [("Content-Type", "application/xml")])
        elif fault == "no store":
            self._answer(200, b"<html>Please log in<br>", [("Content-Type", "text/html")])
        else:
            self._answer(*server.ask(self.command, self.path, body, dict(self.headers)), fault)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815

    def _answer(self, status: int, body: bytes, headers: list[tuple[str, str]], fault: str = "") -> None:
        self.send_response(status)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # the answer to HEAD has one and no body
            elif name.lower() not in ("date", "server", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault == "wrong":
            body = bytes(byte ^ 1 for byte in body)
        with suppress(ConnectionError):  # nobody waits for it any more
            self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
