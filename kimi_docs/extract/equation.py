"""Office Math (m:oMath) → the equation in one line: `(a+b)/(2c)`, `x_i^2`, `√(y)`, `∑_(i=1)^n a_i`."""

from collections.abc import Callable, Mapping

from kimi_docs.extract.package import Element, attribute, child, local

_APPLIED = "\u2061"
"""The sign nobody sees between a function and what it is applied to."""
_SKIPPED_ENDINGS = ("Pr",)


def linear(element: Element | None) -> str:
    """The characters of an equation, its structure said by signs."""
    if element is None:
        return ""
    name = local(element)
    if name == "t":
        return (element.text or "").replace(_APPLIED, " ")
    made = _FORMS.get(name)
    if made:
        return made(element)
    return "".join(linear(part) for part in element if not local(part).endswith(_SKIPPED_ENDINGS))


def _part(element: Element, name: str) -> str:
    return linear(child(element, name))


def _group(text: str) -> str:
    """In brackets where it is more than one sign or number."""
    text = text.strip()
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def _fraction(element: Element) -> str:
    return f"{_group(_part(element, 'num'))}/{_group(_part(element, 'den'))}"


def _raised(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    return _part(element, "e") + (f"_{_group(below)}" if below else "") + (f"^{_group(above)}" if above else "")


def _before(element: Element) -> str:
    below, above = _part(element, "sub"), _part(element, "sup")
    return (f"_{_group(below)}" if below else "") + (f"^{_group(above)}" if above else "") + _part(element, "e")


def _root(element: Element) -> str:
    degree = _part(element, "deg")
    return f"{'' if degree in {'', '2'} else degree}√({_part(element, 'e').strip()})"


def _large(element: Element) -> str:
    sign = attribute(child(child(element, "naryPr"), "chr"), "val") or "∫"
    return sign + _before(element)


def _fenced(element: Element) -> str:
    about = child(element, "dPr")
    signs = {name: child(about, name) for name in ("begChr", "endChr", "sepChr")}
    first, last, between = (
        usual if signs[name] is None else attribute(signs[name], "val")
        for name, usual in (("begChr", "("), ("endChr", ")"), ("sepChr", "|"))
    )
    return first + between.join(linear(part) for part in element if local(part) == "e") + last


def _limit(element: Element) -> str:
    sign = "_" if local(element) == "limLow" else "^"
    return f"{_part(element, 'e')}{sign}{_group(_part(element, 'lim'))}"


def _matrix(element: Element) -> str:
    rows = (", ".join(linear(cell) for cell in row if local(cell) == "e") for row in element if local(row) == "mr")
    return f"[{'; '.join(rows)}]"


_FORMS: Mapping[str, Callable[[Element], str]] = {
    "f": _fraction,
    "sSub": _raised,
    "sSup": _raised,
    "sSubSup": _raised,
    "sPre": _before,
    "rad": _root,
    "nary": _large,
    "d": _fenced,
    "limLow": _limit,
    "limUpp": _limit,
    "m": _matrix,
    "func": lambda element: f"{_part(element, 'fName')} {_part(element, 'e')}".strip(),
    "eqArr": lambda element: "; ".join(linear(part) for part in element if local(part) == "e"),
}
