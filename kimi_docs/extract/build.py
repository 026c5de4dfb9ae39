"""Pages one after the other → an Extraction whose pages partition its text."""

import re
from collections.abc import Iterable, Mapping

from kimi_docs.domain.text import Block, BlockKind, Extraction, Notice, Page, PageKind, PageState, Span
from kimi_docs.errors import NoText, TooLarge
from kimi_docs.extract.quality import detect
from kimi_docs.language import say

MAX_CHARACTERS = 40_000_000
"""Of one document. A book has 1–2 million; above this the text fits no model and no screen."""

Mark = tuple[BlockKind, int, int, int]
"""A block by its place on its page: kind, start, end, level."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def tidy(text: str) -> str:
    """Line ends as `\\n`; control characters gone; lone surrogates replaced. What a database and JSON can hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNPRINTABLE.sub(_replacement, text) if _UNPRINTABLE.search(text) else text


def _replacement(match: re.Match[str]) -> str:
    return "\ufffd" if "\ud800" <= match[0] <= "\udfff" else ""


class Builder:
    """Collects pages in order. The text of a page is taken as it is, so readers tidy it first."""

    def __init__(self, document_id: str, extractor: str) -> None:
        self.document_id = document_id
        self.extractor = extractor
        self.notices: list[Notice] = []
        self._texts: list[str] = []
        self._pages: list[Page] = []
        self._blocks: list[Block] = []
        self._length = 0

    def add(
        self, text: str, *, kind: PageKind, label: str = "", state: PageState | None = None, marks: Iterable[Mark] = ()
    ) -> None:
        """The next page. Raises: TooLarge."""
        start, self._length = self._length, self._length + len(text)
        check_length(self._length)
        state = state or (PageState.READ if text.strip() else PageState.EMPTY)
        span = Span(start=start, end=self._length)
        self._texts.append(text)
        self._pages.append(Page(number=len(self._pages) + 1, label=tidy(label)[:300], kind=kind, span=span, state=state))
        for block, first, last, level in marks:
            self._blocks.append(Block(kind=block, span=Span(start=start + first, end=start + last), level=level))

    @property
    def first_label(self) -> str:
        """What the first page calls itself: the title of a document that says none."""
        return self._pages[0].label if self._pages else ""

    def notice(self, notice: Notice) -> None:
        if len(self.notices) < 1000:
            self.notices.append(notice)

    def finish(self, *, title: str = "", metadata: Mapping[str, str] | None = None) -> Extraction:
        """Raises: NoText when no page has a character."""
        text = "".join(self._texts)
        if not text.strip():
            raise self._no_text()
        return Extraction(
            document=self.document_id,
            extractor=self.extractor,
            text=text,
            pages=tuple(self._pages),
            blocks=tuple(self._blocks),
            title=" ".join(tidy(title).split())[:300],
            language=detect(text),
            metadata={key[:100]: tidy(value)[:2000] for key, value in (metadata or {}).items() if value},
            notices=tuple(self.notices),
        )

    def _no_text(self) -> NoText:
        if any(notice.code in {"picture_page", "pictures"} for notice in self.notices):
            return NoText(
                say("There is no text in this document: its pages are pictures."),
                say("To have pictures of text read, install the “ocr” extra or set a Kimi key."),
            )
        return NoText(
            say("There is no text in this document."), say("Check in the program it comes from that it is the right file.")
        )


def check_length(characters: int) -> None:
    """Raises: TooLarge above `MAX_CHARACTERS`."""
    if characters > MAX_CHARACTERS:
        raise TooLarge(
            say("This document has more than {count} million characters.", count=MAX_CHARACTERS // 1_000_000),
            say("Split it into smaller files and add those."),
        )
