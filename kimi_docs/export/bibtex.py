"""Reports → BibTeX: one entry a document, in UTF-8, whatever the text is."""

import re
import unicodedata
from collections.abc import Mapping
from typing import BinaryIO

from kimi_docs.export.bibliography import Reference
from kimi_docs.export.nouns import Report
from kimi_docs.export.plain import one_line

_ESCAPES: Mapping[int, str] = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # `\{` would still count where BibTeX balances braces
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_"},
    }
)
_SMALL_WORDS = frozenset(("a", "an", "the", "of", "on", "in", "for", "to", "and", "with", "by", "from", "at", "is", "are"))
_CHINESE = re.compile(r"[\u3400-\u9fff]+")


def write(report: Report, out: BinaryIO) -> None:
    taken: set[str] = set()
    entries = [_entry(reference, _unused(key(reference), taken)) for reference in report.all_references]
    out.write("\n".join(entries).encode())


def escaped(text: str) -> str:
    """Text that LaTeX sets as exactly these characters."""
    return one_line(text).translate(_ESCAPES)


def key(reference: Reference) -> str:
    """`authorYEARword`: family name of the first author, year, first telling word of the title. A Chinese name is not split."""
    first = reference.authors[0] if reference.authors else ""
    family = first.split(",")[0] if "," in first else first.split(" ")[-1] if first else ""
    words = [_plain(word) for word in re.split(r"[\s\W_]+", reference.title) if word]
    word = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return f"{_plain(family)[:40]}{reference.year}{word[:20]}" or "document"


def _plain(text: str) -> str:
    """Letters and digits without accents, in lower case."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in bare if character.isalnum())


def _unused(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name


def _entry(reference: Reference, name: str) -> str:
    fields = {
        "title": f"{{{escaped(reference.title)}}}",
        "author": " and ".join(_author(author) for author in reference.authors),
        "year": reference.year,
        "doi": escaped(reference.doi),
        "language": escaped(reference.language),
        "abstract": escaped(reference.abstract),
        "note": escaped(reference.file),
    }
    lines = [f"  {field} = {{{value}}}," for field, value in fields.items() if value]
    kind = "article" if reference.doi else "misc"
    return "\n".join([f"@{kind}{{{name},", *lines, "}", ""])


def _author(name: str) -> str:
    """A person as `First Last` or `Last, First`; braces keep a Chinese name or an organisation in one piece."""
    safe = escaped(name)
    whole = _CHINESE.search(name) or not re.fullmatch(r"[^\W\d_][\w’'.-]*(?:,?\s[^\W\d_][\w’'.-]*){1,3}", name)
    organisation = re.search(r"\b(?:association|university|institute|office|press|and)\b", name, re.IGNORECASE)
    return f"{{{safe}}}" if whole or organisation else safe
