"""HTML → its visible text, as sections cut at headings. Nothing it links to is fetched."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import html  # type: ignore[import-untyped]
from lxml.etree import ParserError  # type: ignore[import-untyped]

from kimi_docs.domain.text import BlockKind, Extraction, HiddenKind, HiddenText
from kimi_docs.errors import EmptyDocument
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.encoding import decode
from kimi_docs.extract.hidden import MOST_CHARACTERS
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.language import say

EXTRACTOR = "web-1"
_SILENT = {"script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "select", "button", "textarea"}
_BLOCK_NAMES = (
    "p div section article main header footer nav aside ul ol dl dt dd blockquote pre figure figcaption form fieldset address "
    "body html details summary h1 h2 h3 h4 h5 h6 li table caption hr tr td th"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$|!)"
    r"|font-size\s*:\s*[01](?:px|pt)?\s*(?:;|$|!)|(?:left|top|text-indent)\s*:\s*-\d{4}",
    re.IGNORECASE,
)
_MOST_SPANNED = 100
_LINE_END = "\u2028"
"""A line end that is meant; those of the source are spaces."""
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,30})""", re.IGNORECASE)


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - a page has no password
    """Raises: EmptyDocument, NoText, TooLarge."""
    root = parse(decoded(path.read_bytes()))
    builder, hidden = Builder(document_id, EXTRACTOR), list[str]()
    add_sections(builder, paragraphs(root, hidden))
    builder.hidden += listed(hidden)
    builder.note_lost()
    return builder.finish(title=str(root.findtext(".//title") or ""))


def parse(text: str) -> Any:
    """The root of a page. Raises: EmptyDocument."""
    try:
        return html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", tidy(text)), parser=html.HTMLParser(no_network=True))
    except (ParserError, ValueError) as error:
        raise EmptyDocument(say("This page is empty.")) from error


def listed(hidden: list[str]) -> list[HiddenText]:
    """Hidden texts as entries of the list of them. Where a page begins nobody knows yet, so all are said of the first."""
    return [HiddenText(page=1, kind=HiddenKind.MARKED, text=text[:MOST_CHARACTERS]) for text in hidden]


def paragraphs(root: Any, hidden: list[str] | None = None) -> Iterator[Paragraph]:
    """What a reader of the page sees; what its own styles hide is added to `hidden`."""
    return _Reader([] if hidden is None else hidden).paragraphs(root)


def decoded(content: bytes) -> str:
    """The text of a page. By what the page itself says, where that is right."""
    declared = _CHARSET.search(content[:4000])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        name = declared[1].decode("ascii").lower()
        try:
            return content.decode("gb18030" if name in {"gb2312", "gbk"} else name)
        except (UnicodeDecodeError, LookupError):
            pass
    return decode(content)[0]


class _Reader:
    """Gathers inline text until a block begins or ends."""

    def __init__(self, hidden: list[str]) -> None:
        self._words: list[str] = []
        self._hidden = hidden

    def paragraphs(self, root: Any) -> Iterator[Paragraph]:
        yield from self._block(root)
        yield from self._flush()

    def _block(self, element: Any) -> Iterator[Paragraph]:
        if not self._is_seen(element):
            return
        tag = element.tag
        if tag == "table" and element.find(".//table") is None:
            yield from self._flush()
            yield from self._table(element)
            return
        if tag == "br":
            self._words.append(_LINE_END)
        breaks = tag in _BLOCKS
        if breaks:
            yield from self._flush()
        self._words.append(element.text or "")
        for below in element:
            yield from self._block(below)
            self._words.append(below.tail or "")
        if breaks:
            yield from self._flush(tag)

    def _flush(self, tag: str = "") -> Iterator[Paragraph]:
        gathered = "".join(self._words)
        if tag == "pre":
            gathered = gathered.replace("\n", _LINE_END)
        lines = (" ".join(line.split()) for line in gathered.split(_LINE_END))
        text = "\n".join(line for line in lines if line)
        self._words = []
        if not text:
            return
        if re.fullmatch("h[1-6]", tag):
            yield Paragraph(text=" ".join(text.split()), kind=BlockKind.HEADING, level=int(tag[1]))
        elif tag == "li":
            yield Paragraph(text=f"- {text}", kind=BlockKind.LIST)
        else:
            yield Paragraph(text=text)

    def _is_seen(self, element: Any) -> bool:
        """Not silent by its kind, and not hidden by its own style: that is listed."""
        if not isinstance(element.tag, str) or element.tag in _SILENT:
            return False
        if "hidden" not in element.attrib and not _UNSEEN.search(element.get("style", "")):
            return True
        self._hidden += [text] if (text := tidy(" ".join(" ".join(element.itertext()).split()))) else []
        return False

    def _table(self, element: Any) -> Iterator[Paragraph]:
        """Its caption, then its rows. Where a cell spans others these are empty, so that values stay below their headers."""
        captions = [self._flat(caption) for caption in element if caption.tag == "caption" and self._is_seen(caption)]
        yield from (Paragraph(text=text) for text in captions if text)
        rows, covered = list[str](), dict[int, int]()
        for row in self._below(element, {"tr"}):
            cells, owed = list[str](), 0
            for cell in self._below(row, {"td", "th"}):
                cells += [""] * owed
                while len(cells) in covered:
                    cells.append("")
                width, height = _span(cell, "colspan"), _span(cell, "rowspan")
                covered.update((len(cells) + number, height) for number in range(width) if height > 1)
                cells.append(self._flat(cell))
                owed = width - 1
            covered = {column: left - 1 for column, left in covered.items() if left > 1}
            if any(cells):
                rows.append(" | ".join(cells).rstrip())
        if rows:
            yield Paragraph(text="\n".join(rows), kind=BlockKind.TABLE)

    def _below(self, parent: Any, names: set[str]) -> Iterator[Any]:
        """The rows of a table or the cells of a row that are seen, whatever wraps them."""
        for element in parent:
            if element.tag != "caption" and self._is_seen(element):
                if element.tag in names:
                    yield element
                elif element.tag not in {"td", "th"}:
                    yield from self._below(element, names)

    def _flat(self, cell: Any) -> str:
        """A cell in one line."""
        inner = _Reader(self._hidden)
        inner._words.append(cell.text or "")
        blocks: list[Paragraph] = []
        for below in cell:
            blocks += inner._block(below)
            inner._words.append(below.tail or "")
        blocks += inner._flush()
        return " ".join(" ".join(block.text for block in blocks).split())


def _span(cell: Any, name: str) -> int:
    """How many columns or rows a cell says it spans."""
    said = cell.get(name, "").strip()
    return max(1, min(int(said), _MOST_SPANNED)) if said.isascii() and said.isdigit() and len(said) < 6 else 1
