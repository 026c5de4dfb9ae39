"""Pages one after the other → an Extraction whose pages partition its text."""

import re
from collections.abc import Iterable, Mapping, Sequence

from kimi_docs.domain.text import (
    Block,
    BlockKind,
    Extraction,
    HiddenKind,
    HiddenText,
    Link,
    Notice,
    Page,
    PageKind,
    PageState,
    Span,
)
from kimi_docs.errors import NoText, TooLarge
from kimi_docs.extract.hidden import MOST_LISTED, listed, orders, unseen
from kimi_docs.extract.quality import detect
from kimi_docs.language import say

MAX_CHARACTERS = 40_000_000
"""Of one document. A book has 1–2 million; above this the text fits no model and no screen."""

_MOST_ORDERS = 20
_MOST_LINKS = 2000

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
        self.hidden: list[HiddenText] = []
        self.links: list[Link] = []
        self._texts: list[str] = []
        self._pages: list[Page] = []
        self._blocks: list[Block] = []
        self._quiet: set[int] = set()
        self._length = 0

    def __len__(self) -> int:
        """How many pages there are so far."""
        return len(self._pages)

    def add(
        self,
        text: str,
        *,
        kind: PageKind,
        label: str = "",
        state: PageState | None = None,
        marks: Iterable[Mark] = (),
        words: Iterable[str] | None = None,
        ordering: bool = True,
    ) -> None:
        """The next page. `words`, where its reader has them, are all words of the page, each once; not `ordering` is a page that
        is known to hold no order to a model. Raises: TooLarge."""
        if ranges := unseen(text):
            self.hidden += listed(len(self._pages) + 1, [(*one, HiddenKind.UNSEEN) for one in ranges], text)
            text, marks = _without(text, ranges, marks)
        if not ordering or (words is not None and not orders("\n".join(words))):
            self._quiet.add(len(self._pages) + 1)
        start, self._length = self._length, self._length + len(text)
        check_length(self._length)
        state = state or (PageState.EMPTY if is_blank(text) else PageState.READ)
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

    def note_lost(self) -> None:
        """Say how many characters of a text file could not be made out."""
        lost = sum(text.count("\ufffd") for text in self._texts)
        if lost:
            message = say("Some characters of this file are damaged, “\ufffd” stands for them: {count}.", count=lost)
            self.notice(Notice(code="damaged_characters", message=message))

    def finish(self, *, title: str = "", metadata: Mapping[str, str] | None = None) -> Extraction:
        """Raises: NoText when no page has a character."""
        return whole(self.draft(title=title, metadata=metadata))

    def draft(self, *, title: str = "", metadata: Mapping[str, str] | None = None) -> Extraction:
        """What there is so far, be it nothing: pictures of text may still be recognized."""
        text = "".join(self._texts)
        self._note_orders(text)
        if self.hidden:
            message = say("Texts that readers do not see were found, listed and left out: {count}.", count=len(self.hidden))
            self.notice(Notice(code="hidden", message=message, page=self.hidden[0].page))
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
            hidden=tuple(self.hidden[:MOST_LISTED]),
            links=tuple(self.links[:_MOST_LINKS]),
        )

    def _note_orders(self, text: str) -> None:
        """Visible text that speaks to a model as its master would stays in the text, and is said."""
        if len(self._quiet) == len(self._pages):
            return
        for start, end in orders(text)[:_MOST_ORDERS]:
            page = next(page.number for page in self._pages if start < page.span.end)
            words = tidy(text[start:end])[:100]
            message = say("Page {number} holds words meant as orders to a model: “{words}”.", number=page, words=words)
            self.notice(Notice(code="instructions", message=message, page=page))


def _without(text: str, ranges: Sequence[tuple[int, int]], marks: Iterable[Mark]) -> tuple[str, list[Mark]]:
    """The text less some ranges, and its blocks where they are then."""
    ends = [0, *(end for _, end in ranges)]
    starts = [*(start for start, _ in ranges), len(text)]

    def moved(place: int) -> int:
        return place - sum(max(0, min(end, place) - start) for start, end in ranges)

    kept = "".join(text[end:start] for end, start in zip(ends, starts, strict=True))
    return kept, [(kind, moved(start), moved(end), level) for kind, start, end, level in marks]


def whole(extraction: Extraction) -> Extraction:
    """The extraction if it has a character. Raises: NoText."""
    if not is_blank(extraction.text):
        return extraction
    if any(notice.code in {"picture_page", "pictures"} for notice in extraction.notices):
        raise NoText(
            say("There is no text in this document: its pages are pictures."),
            say("To have pictures of text read, install the “ocr” extra or set a Kimi key."),
        )
    raise NoText(say("There is no text in this document."), say("Check in the program it comes from that it is the right file."))


def is_blank(text: str) -> bool:
    """No character to be seen; `not text.strip()` would copy what may be megabytes."""
    return not text or text.isspace()


def check_length(characters: int) -> None:
    """Raises: TooLarge above `MAX_CHARACTERS`."""
    if characters > MAX_CHARACTERS:
        raise TooLarge(
            say("This document has more than {count} million characters.", count=MAX_CHARACTERS // 1_000_000),
            say("Split it into smaller files and add those."),
        )
