"""Word's styles → which paragraphs are headings, and of what level."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kimi_docs.extract.package import Element, attribute, child, local

_HEADING = re.compile(r"(?:heading|标题|標題|überschrift|titre|título|見出し|заголовок)\s*([1-9])", re.IGNORECASE)
_TITLES = {"title", "标题", "標題", "文档标题"}
TITLE = 100
"""The level of the document's own title: above every heading."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What letters look like, as far as it may hide them: `None` and `""` where nothing is said."""

    vanishes: bool | None = None
    half_points: str = ""
    colour: str = ""
    grounded: bool = False

    def over(self, base: "Look") -> "Look":
        """This look, and what it says nothing of from another."""
        return Look(
            vanishes=base.vanishes if self.vanishes is None else self.vanishes,
            half_points=self.half_points or base.half_points,
            colour=self.colour or base.colour,
            grounded=self.grounded or base.grounded,
        )


def look_of(properties: Element | None) -> Look:
    """The look that a run's or a style's own properties give."""
    if properties is None:
        return _PLAIN
    vanish = child(properties, "vanish")
    return Look(
        vanishes=None if vanish is None else attribute(vanish, "val") not in {"0", "false", "off"},
        half_points=attribute(child(properties, "sz"), "val"),
        colour=attribute(child(properties, "color"), "val"),
        grounded=any(child(properties, name) is not None for name in ("shd", "highlight")),
    )


_PLAIN = Look()


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    look: Look
    level: int
    base: str
    listed: bool
    list_id: str
    list_level: int | None


class Styles:
    """Style id → its level, its own or inherited."""

    def __init__(self, root: Element | None) -> None:
        self._styles: Mapping[str, Style] = {
            attribute(style, "styleId"): _style(style) for style in (root if root is not None else ()) if local(style) == "style"
        }
        self._looks: dict[str, Look] = {}

    def look(self, name: str) -> Look:
        """Of the letters in a style, its own or inherited."""
        if name not in self._looks:
            found, base = _PLAIN, name
            for _ in range(10):
                style = self._styles.get(base)
                if style is None:
                    break
                found, base = found.over(style.look), style.base
            self._looks[name] = found
        return self._looks[name]

    def level(self, properties: Element | None) -> int:
        """1…6 for a heading, `TITLE` for the title, 0 for a paragraph."""
        outline = _outline(properties)
        if outline is not None:
            return outline
        name = attribute(child(properties, "pStyle"), "val")
        for _ in range(10):  # styles may inherit in a circle
            style = self._styles.get(name)
            if style is None:
                return _named(name)
            if style.level:
                return style.level
            name = style.base
        return 0

    def place(self, properties: Element | None) -> tuple[str, int | None, str]:
        """The list a paragraph is in, its level there if that is said, and the style that says so; `""` for no list."""
        numbering = child(properties, "numPr")
        name = attribute(child(properties, "pStyle"), "val")
        level = _level(numbering)
        if numbering is not None and child(numbering, "numId") is not None:
            return attribute(child(numbering, "numId"), "val").lstrip("0"), level, name
        for _ in range(10):
            style = self._styles.get(name)
            if style is None:
                break
            if style.list_id:
                return style.list_id.lstrip("0"), style.list_level if level is None else level, name
            name = style.base
        return "", None, ""

    def listed(self, properties: Element | None) -> bool:
        numbering = child(properties, "numPr")
        if numbering is not None:
            return attribute(child(numbering, "numId"), "val") != "0"
        style = self._styles.get(attribute(child(properties, "pStyle"), "val"))
        return bool(style and style.listed)


def _style(element: Element) -> Style:
    properties = child(element, "pPr")
    outline = _outline(properties)
    name = attribute(child(element, "name"), "val")
    grounded = child(properties, "shd") is not None
    return Style(
        look=look_of(child(element, "rPr")).over(Look(grounded=grounded)),
        level=_named(name) or outline or 0,
        base=attribute(child(element, "basedOn"), "val"),
        listed=child(properties, "numPr") is not None or name.lower().startswith("list "),
        list_id=attribute(child(child(properties, "numPr"), "numId"), "val"),
        list_level=_level(child(properties, "numPr")),
    )


def _level(numbering: Element | None) -> int | None:
    value = attribute(child(numbering, "ilvl"), "val")
    return int(value) if value.isdigit() and len(value) < 3 else None


def _outline(properties: Element | None) -> int | None:
    value = attribute(child(properties, "outlineLvl"), "val")
    if not value.isdigit():
        return None
    return int(value) + 1 if int(value) < 6 else 0


def _named(name: str) -> int:
    if name.strip().lower() in _TITLES:
        return TITLE
    found = _HEADING.fullmatch(name.strip())
    return min(int(found[1]), 6) if found else 0
