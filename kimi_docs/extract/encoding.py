"""Bytes of a text file → text, whatever encoding it was saved in."""

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_USUAL = ("gb18030", "big5", "shift_jis", "euc_kr", "cp1252")
_SAMPLE_BYTES = 16_000


def decode(content: bytes) -> tuple[str, str]:
    """The text and the encoding it was read in: byte order mark, strict UTF-8, UTF-8 with a few bad bytes, the likeliest,
    and GB18030 at last. `\ufffd` stands where bytes are no character.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    for name in [marked] if marked else [*_wide(content), "utf-8"]:
        try:
            return content.decode(name), name
        except UnicodeDecodeError:
            continue
    name = marked or "utf-8"
    text = content.decode(name, errors="replace")
    # A cut file ends within a character, a copied one has a bad byte: that makes it no other encoding.
    if _lost(text) * (20 if marked else 4) <= (len(text) if marked else _foreign(text)):
        return text, name
    for name in _likely(content):
        text = content.decode(name, errors="replace")
        if _lost(text) * 20 <= _foreign(text):
            return text, name
    return content.decode("gb18030", errors="replace"), "gb18030"


def _lost(text: str) -> int:
    return text.count("\ufffd")


def _foreign(text: str) -> int:
    """How many characters are beyond ASCII and whole."""
    return len(text) - len(text.encode("ascii", "ignore")) - _lost(text)


def _wide(content: bytes) -> list[str]:
    """UTF-16 without a mark: every other byte of Latin text is zero."""
    sample = content[:4000]
    if len(sample) < 4 or len(content) % 2:
        return []
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) / 2
    if odd > 0.3 * half and even < 0.05 * half:
        return ["utf-16-le"]
    return ["utf-16-be"] if even > 0.3 * half and odd < 0.05 * half else []


def _likely(content: bytes) -> list[str]:
    """What charset-normalizer guesses and what people here use, by how much the text looks like one."""
    first = _HIGH.search(content)
    start = max(0, first.start() - _SAMPLE_BYTES // 4) // 4 * 4 if first else 0  # what stands before is ASCII: no character is cut
    sample = content[start : start + _SAMPLE_BYTES]
    best = from_bytes(sample).best()
    names = dict.fromkeys([*([best.encoding] if best else []), *_USUAL])
    scores = {name: _score(sample, name) for name in names}
    return sorted((name for name in names if scores[name] > -1), key=lambda name: -scores[name])


_COMMON_HAN = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本"
    "這個們來為國說時會對於著過發後裡種經麼學現當沒動還進樣與關開長門問間東車體點電話書讀寫員產業實驗總結論"
)
_COMMON_HANGUL = frozenset("이다의는을에가를은고하한지도로서기사인자시어나그리아대수있것들게해과정일부전제보주장스라면만")
_COMMON_LATIN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøùúûüÿßÀÂÄÁÅÆÇÈÉÊËÍÎÑÓÔÖØÚÜ–—‘’“”…•€£§©®°±²³µ·½«»¿¡™")
_HIGH = re.compile(rb"[\x80-\xff]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile(r"[^\x00-\x7f]{2,}")


def _score(sample: bytes, name: str) -> float:
    """Mean likelihood of the characters beyond ASCII; low where bytes are none in this encoding, -1 where it is unknown."""
    try:
        text = codecs.getincrementaldecoder(name)("replace").decode(sample)  # it waits for the rest of a character that was cut
    except LookupError:
        return -1
    foreign = _FOREIGN.findall(text)
    if not foreign:
        return 0
    crowded = sum(map(len, _RUN.findall(text))) / len(foreign)
    return sum(map(_weight, foreign)) / len(foreign) - (crowded if _COMMON_LATIN.intersection(foreign) else 0)


def _weight(letter: str) -> float:
    if letter == "\ufffd":
        return -30
    if letter in _COMMON_HAN or letter in _COMMON_HANGUL:
        return 3
    if letter in _COMMON_LATIN:
        return 1.3
    if "\u3041" <= letter <= "\u30ff":
        return 1.4
    if "\u3000" <= letter <= "\u303f" or "\uff01" <= letter <= "\uff5e" or "\u0410" <= letter <= "\u044f":
        return 1.1
    if "\u4e00" <= letter <= "\u9fff":
        return 1.0 if _first_byte(letter, "gb2312", 0xB0, 0xD7) else 0.8 if _first_byte(letter, "big5", 0xA4, 0xC6) else 0.0
    return 0.3 if "\uac00" <= letter <= "\ud7a3" or "\u0100" <= letter <= "\u024f" else -0.5


def _first_byte(letter: str, name: str, low: int, high: int) -> bool:
    """The character stands in the part of a set that holds its usual ones."""
    return low <= letter.encode(name, errors="replace")[0] <= high
