"""Zip of XML parts (docx) → XML trees, without entities, DTDs or network."""

import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from lxml import etree  # type: ignore[import-untyped]

from kimi_docs.errors import Damaged
from kimi_docs.language import say

Element = Any
"""An lxml element (the library has no types)."""


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
        stored = self._names.get(name.lower())
        if stored is None:
            return None
        try:
            content = self._archive.read(stored)
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
            return etree.fromstring(content, parser)
        except (
            zipfile.BadZipFile,
            etree.XMLSyntaxError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise damaged() from error

    def optional(self, name: str) -> Element | None:
        """The same for a part the document can do without: damaged is absent."""
        try:
            return self.tree(name)
        except Damaged:
            return None

    def main_part(self) -> str:
        """Where the relations of the package say the document is; the usual place where they say nothing."""
        relations = self.optional("_rels/.rels")
        for relation in relations if relations is not None else ():
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                return _normal(relation.get("Target", ""))
        return "word/document.xml"


def _normal(target: str) -> str:
    return str(PurePosixPath("/", target)).lstrip("/")


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
        say("This document is damaged and cannot be read."), say("Open it in a word processor, save it again, and add that file.")
    )
