"""Bytes of an event stream → its events as JSON, however they are cut up: byte by byte, inside a character, with either line end.

The SDK's own reader makes an object of every token, which takes four times as long as this, and hides the end mark.
"""

import codecs
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jiter

END = "[DONE]"
BROKEN = "an event that is no JSON"


class Decoder:
    """Takes bytes in, gives the data of the events that are whole. What is left at the end was never whole."""

    def __init__(self) -> None:
        self._characters = codecs.getincrementaldecoder("utf-8-sig")()  # only a mark at the very beginning is passed over
        self._rest = ""
        self._data: list[str] = []

    def feed(self, content: bytes) -> Iterator[str]:
        """The data of each event that these bytes complete. Raises: UnicodeDecodeError."""
        text = self._rest + self._characters.decode(content)
        if text.endswith("\r"):  # the other half of a line end may follow
            text, held = text[:-1], "\r"
        else:
            held = ""
        *lines, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = last + held
        for line in lines:
            if line.startswith("data:"):
                self._data.append(line[6:] if line.startswith("data: ") else line[5:])
            elif not line and self._data:
                data, self._data = "\n".join(self._data), []
                yield data


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    """The JSON of every event up to the end mark, or to the end of the bytes; the end mark itself is given as `END`, an event
    that is no JSON as `BROKEN`. Raises: UnicodeDecodeError, and what `pieces` raises.
    """
    decoder = Decoder()
    async for piece in pieces:
        for data in decoder.feed(piece):
            if data.strip() == END:
                yield END
                return
            try:
                event = jiter.from_json(data.encode())
            except ValueError:
                event = BROKEN
            yield event
