"""EPUB → its chapters in the order of the spine, as sections labelled with the chapter's name. Nothing outside it is read."""

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kimi_docs.domain.text import BlockKind, Extraction, Notice
from kimi_docs.errors import EmptyDocument
from kimi_docs.extract import web
from kimi_docs.extract.build import Builder
from kimi_docs.extract.package import Element, Package, attribute, child, damaged, local
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "book-1"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - protected books cannot be opened by one
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    with Package(path) as package:
        place = _package_file(package)
        root = package.tree(place)
        if root is None:
            raise damaged()
        manifest = _manifest(root, posixpath.dirname(place))
        names = _names(package, manifest)
        add_sections(builder, _chapters(builder, package, _spine(root, manifest), names))
        about = _metadata(root)
    return builder.finish(title=about.pop("title", ""), metadata=about)


def _package_file(package: Package) -> str:
    """Where the package document lies (META-INF/container.xml says)."""
    container = package.optional("META-INF/container.xml")
    found = [attribute(entry, "full-path") for entry in container.iter("{*}rootfile")] if container is not None else []
    return next((_join("", name) for name in found if name), "content.opf")


def _join(folder: str, reference: str) -> str:
    """A reference as a name in the package; a leading `/` and steps above the top end at the top."""
    return posixpath.normpath(posixpath.join("/", folder, unquote(urlsplit(reference).path))).lstrip("/")


def _manifest(root: Element, folder: str) -> Mapping[str, tuple[str, str, str]]:
    """Id → name in the package, media type, properties."""
    return {
        attribute(item, "id"): (
            _join(folder, attribute(item, "href")),
            attribute(item, "media-type"),
            attribute(item, "properties"),
        )
        for item in root.iter("{*}item")
        if attribute(item, "href") and not urlsplit(attribute(item, "href")).scheme
    }


def _spine(root: Element, manifest: Mapping[str, tuple[str, str, str]]) -> list[str]:
    """Names of the chapters in reading order, each once; the table of contents is none of them."""
    spine = next(root.iter("{*}spine"), None)
    entries = [entry for entry in spine if local(entry) == "itemref"] if spine is not None else []
    entries.sort(key=lambda entry: attribute(entry, "linear") == "no")
    found = (manifest.get(attribute(entry, "idref")) for entry in entries)
    return list(dict.fromkeys(item[0] for item in found if item and "html" in item[1] and "nav" not in item[2].split()))


def _names(package: Package, manifest: Mapping[str, tuple[str, str, str]]) -> Mapping[str, str]:
    """Chapter → its name in the table of contents (EPUB 3's nav, else EPUB 2's ncx)."""
    names: dict[str, str] = {}
    for place, kind, properties in manifest.values():
        if "nav" in properties.split() or kind == "application/x-dtbncx+xml":
            tree = package.optional(place)
            for entry in tree.iter() if tree is not None else ():
                reference = attribute(entry, "href") if local(entry) == "a" else _ncx_target(entry)
                if reference:
                    label = child(entry, "navLabel") if local(entry) == "navPoint" else entry
                    text = " ".join("".join(label.itertext()).split()) if label is not None else ""
                    names.setdefault(_join(posixpath.dirname(place), reference), text)
    return names


def _ncx_target(entry: Element) -> str:
    return attribute(child(entry, "content"), "src") if local(entry) == "navPoint" else ""


def _chapters(builder: Builder, package: Package, spine: list[str], names: Mapping[str, str]) -> Iterator[Paragraph]:
    for name in spine:
        content = package.content(name)
        if content is None:
            message = say("A chapter is missing in this book: {name}.", name=name)
            builder.notice(Notice(code="missing_chapter", message=message))
            continue
        with suppress(EmptyDocument):
            hidden: list[str] = []
            yield from _chapter(web.parse(web.decoded(content)), names.get(name, ""), hidden)
            builder.hidden += web.listed(hidden)


def _chapter(root: Any, name: str, hidden: list[str]) -> Iterator[Paragraph]:
    """The paragraphs of a chapter; the first begins a page with its name, else with its first heading."""
    found = list(web.paragraphs(root, hidden))
    label = name or next((part.text for part in found if part.kind is BlockKind.HEADING), "")
    for place, part in enumerate(found):
        yield part if place else replace(part, fresh=True, label=label[:120])


def _metadata(root: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    metadata = child(root, "metadata")
    names = {"title": "title", "creator": "author", "publisher": "publisher", "date": "created", "subject": "subject"}
    for entry in metadata.iter() if metadata is not None else ():
        name, text = names.get(local(entry), ""), " ".join((entry.text or "").split())
        if name and text:
            several = name in {"author", "subject"} and name in found
            found[name] = f"{found[name]}; {text}" if several else found.get(name, text)
    return found
