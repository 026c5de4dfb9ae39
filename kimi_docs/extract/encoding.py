"""Bytes of a text file → text, whatever encoding it was saved in."""

import codecs

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 64_000


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was read in: byte order mark, strict UTF-8, the likeliest, and GB18030 at last."""
    for name in candidates(content):
        try:
            return content.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("gb18030", errors="replace"), "gb18030"


def candidates(content: bytes) -> list[str]:
    """Encodings to try, best first."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return [name]
    return [*wide(content), "utf-8", *_likely(content)] if not _is_utf8(content) else ["utf-8"]


def wide(content: bytes) -> list[str]:
    """UTF-16 without a mark: every other byte of Latin text is zero."""
    sample = content[:4000]
    if len(sample) < 4 or len(content) % 2:
        return []
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.3 * len(sample[1::2]) and even < 0.05 * len(sample[0::2]):
        return ["utf-16-le"]
    if even > 0.3 * len(sample[0::2]) and odd < 0.05 * len(sample[1::2]):
        return ["utf-16-be"]
    return []


def _is_utf8(content: bytes) -> bool:
    if wide(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _likely(content: bytes) -> list[str]:
    """charset-normalizer's guess from the part that is not plain ASCII; GB18030 first where the bytes pair up as Han."""
    sample = content[:_SAMPLE_BYTES]
    best = from_bytes(sample).best()
    guess = [best.encoding] if best else []
    return [*guess, "gb18030"]
