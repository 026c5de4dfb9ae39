"""An Office package's own properties → a title and the metadata a reader may want."""

from collections.abc import Mapping

from kimi_docs.extract.package import Element, Package, local

_WANTED: Mapping[str, str] = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "keywords": "keywords",
    "created": "created",
    "modified": "modified",
    "lastModifiedBy": "modified_by",
    "Application": "application",
    "Company": "company",
}
_UNTITLED = frozenset(
    (
        *("untitled", "word document", "document", "presentation", "powerpoint presentation", "powerpoint-präsentation"),
        *("无标题", "文档", "演示文稿", "powerpoint 演示文稿", "powerpoint プレゼンテーション", "diapositive 1", "slide 1"),
    )
)


def properties(package: Package) -> dict[str, str]:
    """Title, author, dates and so on, as far as they are there. A title that a program made up is none."""
    found: dict[str, str] = {}
    for part in ("docProps/core.xml", "docProps/app.xml"):
        found |= _of(package.optional(part))
    if found.get("title", "").lower() in _UNTITLED:
        del found["title"]
    return found


def _of(root: Element | None) -> dict[str, str]:
    values = ((_WANTED.get(local(entry)), (entry.text or "").strip()) for entry in (root if root is not None else ()))
    return {name: value for name, value in values if name and value}
