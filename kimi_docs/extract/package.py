"""Zip of XML parts (docx, pptx, odt, epub) → XML trees, without entities, DTDs or network."""

import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lxml import etree  # type: ignore[import-untyped]

from kimi_docs.errors import Damaged
from kimi_docs.language import say

Element = Any
"""An lxml element (the library has no types)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """What a part says another part is to it: the last word of the type, and where it lies in the package."""

    kind: str
    target: str


class Package:
    """An open document package. Raises: Damaged, at opening and at every part that is no XML."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise damaged() from error
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in self._archive.namelist()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._archive.close()

    def names(self) -> list[str]:
        return list(self._names)

    def tree(self, name: str) -> Element | None:
        """The root of a part, None where there is no such part."""
        content = self.content(name)
        if content is None:
            return None
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
            return etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise damaged() from error

    def content(self, name: str) -> bytes | None:
        """The bytes of a part, None where there is no such part. Raises: Damaged."""
        stored = self._names.get(name.lower())
        if stored is None:
            return None
        try:
            return self._archive.read(stored)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
            raise damaged() from error

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a part, `b""` where there is none. Raises: Damaged."""
        stored = self._names.get(name.lower())
        if stored is None:
            return b""
        try:
            with self._archive.open(stored) as part:
                return part.read(size)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
            raise damaged() from error

    def size(self, name: str) -> int:
        """How many bytes a part has, by its header; 0 where there is none."""
        stored = self._names.get(name.lower())
        return self._archive.getinfo(stored).file_size if stored else 0

    def optional(self, name: str) -> Element | None:
        """The same for a part the document can do without: damaged is absent."""
        try:
            return self.tree(name)
        except Damaged:
            return None

    def main_part(self, usual: str = "word/document.xml") -> str:
        """Where the relations of the package say the document is; the usual place where they say nothing."""
        found = (relation.target for relation in self.relations("").values() if relation.kind == "officeDocument")
        return next(found, usual)

    def relations(self, part: str) -> Mapping[str, Relation]:
        """By their ids, what a part refers to within the package."""
        folder, name = posixpath.split(part)
        root = self.optional(posixpath.join(folder, "_rels", f"{name}.rels"))
        return {
            str(relation.get("Id", "")): Relation(
                kind=str(relation.get("Type", "")).rpartition("/")[2],
                target=posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/"),
            )
            for relation in (root if root is not None else ())
            if relation.get("TargetMode") != "External" and local(relation) == "Relationship"
        }


def local(element: Element) -> str:
    """The name of an element without its namespace (strict and transitional documents differ only there)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element | None, name: str) -> str:
    """An attribute by its name without the namespace."""
    if element is None:
        return ""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def child(element: Element | None, name: str) -> Element | None:
    if element is None:
        return None
    return next((found for found in element if local(found) == name), None)


def damaged() -> Damaged:
    return Damaged(
        say("This document is damaged and cannot be read."),
        say("Open it in the program it comes from, save it again, and add that."),
    )
