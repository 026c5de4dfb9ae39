"""Word's numbering part → the numbers it draws before paragraphs, counted as the document goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kimi_docs.extract.package import Element, attribute, child, local

_HAN = "零一二三四五六七八九"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"))
_ROMAN_END = ((5, "v"), (4, "iv"), (1, "i"))
_CHINESE = frozenset(
    ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCountingThousand", "ideographTraditional")
)
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str
    start: int
    legal: bool
    style: str


class Numbers:
    """One document's lists. Asked for each numbered paragraph once, in the document's order."""

    def __init__(self, root: Element | None) -> None:
        parts = list(root) if root is not None else []
        lists = {attribute(part, "abstractNumId"): _levels(part) for part in parts if local(part) == "abstractNum"}
        self._levels: dict[str, Mapping[int, _Level]] = {}
        self._names: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        for part in parts:
            if local(part) == "num":
                id, base = attribute(part, "numId"), attribute(child(part, "abstractNumId"), "val")
                overrides = {_whole(attribute(one, "ilvl")): one for one in part if local(one) == "lvlOverride"}
                self._levels[id] = _overridden(lists.get(base, {}), overrides)
                # A list that begins anew somewhere counts by itself; others of the same kind count on.
                self._names[id] = id if any(child(one, "startOverride") is not None for one in overrides.values()) else f"of {base}"

    def level_of(self, list_id: str, style: str) -> int:
        """The level of a list that belongs to a style: 0 where none says so."""
        found = (level for level, about in self._levels.get(list_id, {}).items() if about.style == style)
        return next(found, 0)

    def label(self, list_id: str, level: int) -> str:
        """What is drawn before the next paragraph of that level: `2.1`, `(a)`, `第三条`; `-` for a bullet, `""` for nothing."""
        levels = self._levels.get(list_id, {})
        about = levels.get(level)
        if about is None:
            return "-"
        counts = self._counts.setdefault(self._names[list_id], {})
        counts[level] = counts.get(level, about.start - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        if about.format in {"bullet", "none"}:
            return "-" if about.format == "bullet" else ""
        text = about.text
        for other in range(level + 1):
            if f"%{other + 1}" in text:
                number = counts.setdefault(other, levels[other].start if other in levels else 1)
                form = "decimal" if about.legal or other not in levels else levels[other].format
                text = text.replace(f"%{other + 1}", written(number, form))
        return text.strip()


def _levels(part: Element) -> Mapping[int, _Level]:
    return {
        _whole(attribute(level, "ilvl")): _Level(
            format=attribute(child(level, "numFmt"), "val") or "decimal",
            text=attribute(child(level, "lvlText"), "val"),
            start=_whole(attribute(child(level, "start"), "val") or "1"),
            legal=child(level, "isLgl") is not None,
            style=attribute(child(level, "pStyle"), "val"),
        )
        for level in part
        if local(level) == "lvl"
    }


_DECIMAL = _Level(format="decimal", text="", start=1, legal=False, style="")


def _overridden(levels: Mapping[int, _Level], overrides: Mapping[int, Element]) -> Mapping[int, _Level]:
    """The levels of a list, some written in another way or begun at another number."""
    found = dict(levels)
    for number, one in overrides.items():
        found[number] = next(iter(_levels(one).values()), found.get(number, _DECIMAL))
        start = attribute(child(one, "startOverride"), "val")
        if start:
            found[number] = replace(found[number], start=_whole(start))
    return found


def written(number: int, form: str) -> str:
    """A number in the way of writing of that name; in digits where it is not known."""
    if form in {"lowerLetter", "upperLetter"} and number > 0:
        letter = chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter[:20] if form == "lowerLetter" else letter[:20].upper()
    if form in {"lowerRoman", "upperRoman"} and 0 < number < 5000:
        return _roman(number) if form == "lowerRoman" else _roman(number).upper()
    if form in _CHINESE and 0 < number < 100:
        tens, ones = divmod(number, 10)
        return ("" if tens < 2 else _HAN[tens]) + ("十" if tens else "") + (_HAN[ones] if ones or not tens else "")
    return f"{number:02}" if form == "decimalZero" else str(number)


def _roman(number: int) -> str:
    text = ""
    for value, letters in (*_ROMAN, *_ROMAN_END):
        while number >= value:
            text, number = text + letters, number - value
    return text


def _whole(text: str) -> int:
    return min(int(text), _MOST) if text.isdigit() else 0
