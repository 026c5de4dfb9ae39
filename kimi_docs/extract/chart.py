"""A chart's part (c:chartSpace) → its title and its numbers as rows of cells."""

from collections.abc import Iterator

from kimi_docs.extract.package import Element, attribute, child, local

MOST_POINTS = 500
"""Of one series: a chart that draws more than this draws a curve, and nobody reads its numbers."""


def chart_text(root: Element | None) -> str:
    """Title, axis titles and one row per category: `Category | first series | second series`; `""` where it holds nothing."""
    if root is None:
        return ""
    titles = [text for title in root.iter("{*}title") if (text := _words(title))]
    return "\n".join([*titles, *_rows(root)])


def _rows(root: Element) -> Iterator[str]:
    names: list[str] = []
    columns: list[dict[int, str]] = []
    categories: dict[int, str] = {}
    for series in root.iter("{*}ser"):
        names.append(" ".join(_points(child(series, "tx")).values()))
        categories = categories or _points(child(series, "cat")) or _points(child(series, "xVal"))
        values = child(series, "val")
        columns.append(_points(values if values is not None else child(series, "yVal")))
    if any(names):
        yield " | ".join(["", *names]).strip()
    for place in sorted(set(categories).union(*columns))[:MOST_POINTS]:
        yield " | ".join([categories.get(place, ""), *(column.get(place, "") for column in columns)]).strip()


def _points(element: Element | None) -> dict[int, str]:
    """Place → value, from what the chart keeps of its cells."""
    if element is None:
        return {}
    found = {
        int(attribute(point, "idx") or 0): _value(point) for point in element.iter("{*}pt") if attribute(point, "idx").isdigit()
    }
    if not found and (text := child(element, "v")) is not None:
        return {0: text.text or ""}
    return found


def _value(point: Element) -> str:
    value = child(point, "v")
    text = " ".join((value.text or "").split()) if value is not None else ""
    try:
        return f"{float(text):.10g}" if "." in text else text
    except ValueError:
        return text


def _words(title: Element) -> str:
    return " ".join("".join(part.text or "" for part in title.iter() if local(part) in {"t", "v"}).split())
