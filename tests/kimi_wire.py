"""Bytes of HTTP/1.1, one step at a time: everything a server may do to a connection, well or badly."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

MEASURED = -1  # Content-Length is what the Send steps add up to
POLL_SECONDS = 0.005
MAX_HEAD_BYTES = 1 << 20
NO_PHRASE = {499: "Client Closed Request", 529: "Site is overloaded"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One request as it came in. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers. `length` None means chunked; a number is sent as Content-Length, true or not."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = MEASURED


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body: one chunk where chunked. `tokens` were generated with it, `told` if it carries the usage."""

    data: bytes
    kind: str = ""
    tokens: int = 0
    told: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Torn:
    """A chunk announced longer than the bytes that follow."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Shut:
    """The connection ends with FIN, whatever was promised."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection ends with RST."""


Step: TypeAlias = Head | Send | Pause | Torn | Shut | Reset


class Gone(Exception):
    """The client closed the connection."""


class Wire:
    """One connection of one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunked = False
        self.open = True
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def receive(self) -> Received | None:
        """The next request, or None when the client has no more."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            method, target, _ = line.split(" ", 2)
            headers = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
            if headers.get("expect", "").lower() == "100-continue":
                self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await self._read_body(headers)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            return None
        return Received(method=method, path=target.partition("?")[0], headers=headers, body=body)

    async def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" not in headers.get("transfer-encoding", "").lower():
            return await self._reader.readexactly(int(headers.get("content-length") or 0))
        pieces = []
        while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return b"".join(pieces)

    async def play(self, steps: Sequence[Step], before: Callable[[Step, bool], None]) -> None:
        """Do the steps in order. `before(step, final)` is told of each before its bytes leave. Raises: Gone."""
        for index, step in enumerate(steps):
            self._check_client()
            before(step, index == len(steps) - 1)
            await self._do(step, steps)

    async def _do(self, step: Step, steps: Sequence[Step]) -> None:
        match step:
            case Head():
                self._write_head(step, steps)
            case Send():
                self._write_piece(step)
                await self._drain()
            case Pause(seconds):
                await self._wait(seconds)
            case Torn(data):
                self._writer.write(b"%x\r\n" % (len(data) + 64) + data if self._chunked else data)
                await self._drain()
            case Shut():
                self.open = False
                self._writer.close()
            case Reset():
                self._reset()

    def _write_head(self, head: Head, steps: Sequence[Step]) -> None:
        self._chunked = head.length is None
        body_bytes = sum(len(step.data) for step in steps if isinstance(step, Send))
        if head.length not in (None, MEASURED, body_bytes):
            self.open = False  # a lie about the length leaves nothing to reuse
        phrase = NO_PHRASE.get(head.status) or HTTPStatus(head.status).phrase
        length = body_bytes if head.length == MEASURED else head.length
        framing = ("Transfer-Encoding", "chunked") if self._chunked else ("Content-Length", str(length))
        lines = [f"HTTP/1.1 {head.status} {phrase}", *(f"{name}: {value}" for name, value in (*head.headers, framing))]
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def _write_piece(self, step: Send) -> None:
        framed = b"%x\r\n%b\r\n" % (len(step.data), step.data) if self._chunked and step.data else step.data
        self._writer.write(framed + (b"0\r\n\r\n" if self._chunked and step.last else b""))

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise Gone from error

    async def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            await asyncio.sleep(min(left, POLL_SECONDS))
            self._check_client()

    def _check_client(self) -> None:
        if self._reader.at_eof() or self._reader.exception() or self._writer.is_closing():
            self.open = False
            raise Gone

    def _reset(self) -> None:
        self.open = False
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def without_watch(step: Step, final: bool) -> None:
    """For `play` when nobody keeps account."""
