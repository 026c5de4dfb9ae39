"""An extraction: one text, and where its pages and blocks lie in it."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from unicodedata import east_asian_width

from kimi_docs.language import Message


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """A half-open range of characters."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, offset: int) -> bool:
        return self.start <= offset < self.end

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


class PageKind(StrEnum):
    PAGE = "page"
    SECTION = "section"
    SHEET = "sheet"
    SLIDE = "slide"


class PageState(StrEnum):
    """What became of a page. Exactly one holds for each."""

    READ = "read"
    RECOGNIZED = "recognized"  # by OCR
    EMPTY = "empty"
    GARBLED = "garbled"
    FAILED = "failed"
    WITHHELD = "withheld"  # refused by the provider's content filter


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A PDF page, Word section, sheet or slide. `number` is physical and starts at 1; `label` is what is printed on it."""

    number: int
    label: str
    kind: PageKind
    span: Span
    state: PageState = PageState.READ


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    TABLE = "table"
    LIST = "list"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A heading (level 1…6), paragraph, list or table of the text."""

    kind: BlockKind
    span: Span
    level: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something a reader of the result should know: a stable code, the page it concerns, the sentence."""

    code: str
    message: Message
    page: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle on a page as fractions of its width and height, origin top left."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a line of the text stands on the picture of its page. Kept only where it cannot be found again: recognized pages."""

    span: Span
    box: Box


class HiddenKind(StrEnum):
    """Why a person who looks at the document does not see a text."""

    COLOUR = "colour"  # of its background
    TINY = "tiny"
    OFF_PAGE = "off_page"
    UNPAINTED = "unpainted"  # written but not drawn
    UNSEEN = "unseen"  # characters without a shape: Unicode tags, zero widths, overrides of direction
    MARKED = "marked"  # hidden by the program it comes from


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenText:
    """A text of the document that its readers do not see. It is not in `Extraction.text` and goes to no model."""

    page: int
    kind: HiddenKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where a page leads to outside the document."""

    page: int
    target: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """One document's text. The pages' spans are in order and partition the text: joined, they give it back."""

    document: str
    extractor: str
    text: str
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...] = ()
    title: str = ""
    language: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    hidden: tuple[HiddenText, ...] = ()
    links: tuple[Link, ...] = ()
    places: tuple[Place, ...] = ()

    def page(self, number: int) -> Page | None:
        """The page of that physical number."""
        return self.pages[number - 1] if 1 <= number <= len(self.pages) else None

    def page_at(self, offset: int) -> Page:
        """The page that holds the character at `offset` (the last page for the end of the text)."""
        return self.pages[max(0, bisect_right(self.pages, offset, key=lambda page: page.span.start) - 1)]

    def page_text(self, number: int) -> str:
        page = self.page(number)
        return page.span.of(self.text) if page else ""

    def boxes(self, number: int, start: int, end: int) -> tuple[Box, ...]:
        """Where the characters `start`…`end` of a recognized page's text stand on it, one box per line; none for other pages."""
        page = self.page(number)
        if page is None or page.state is not PageState.RECOGNIZED:
            return ()
        wanted = Span(start=page.span.start + start, end=page.span.start + end)
        return tuple(_part(place, wanted, self.text) for place in self.places if place.span.overlaps(wanted))


def _part(place: Place, wanted: Span, text: str) -> Box:
    """The part of a line's box that the wanted characters take; Chinese ones are twice as wide as others."""
    widths = [2 if east_asian_width(letter) in "WF" else 1 for letter in place.span.of(text)]
    first = sum(widths[: max(0, wanted.start - place.span.start)])
    last = sum(widths[: wanted.end - place.span.start])
    each = place.box.width / max(1, sum(widths))
    return Box(left=place.box.left + first * each, top=place.box.top, width=(last - first) * each, height=place.box.height)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageCoverage:
    page: int
    state: PageState
    characters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What was read and what was sent, page by page. A result never stands without it."""

    by_page: tuple[PageCoverage, ...]
    characters: int
    characters_sent: int
    calls: int

    @classmethod
    def of(cls, extraction: Extraction, *, sent: Iterable[Span] = (), calls: int = 0, withheld: Iterable[Span] = ()) -> "Coverage":
        """The coverage of work that sent the spans `sent`, of which the provider withheld `withheld`."""
        refused = tuple(withheld)
        pages = tuple(
            PageCoverage(
                page=page.number,
                state=PageState.WITHHELD if any(page.span.overlaps(span) for span in refused) else page.state,
                characters=len(page.span),
            )
            for page in extraction.pages
        )
        return cls(by_page=pages, characters=len(extraction.text), characters_sent=sum(len(span) for span in sent), calls=calls)

    def count(self, state: PageState) -> int:
        return sum(page.state == state for page in self.by_page)

    @property
    def whole(self) -> bool:
        """Every page that has something on it was read."""
        unread = (PageState.GARBLED, PageState.FAILED, PageState.WITHHELD)
        return not any(page.state in unread for page in self.by_page)


@dataclass(frozen=True, kw_only=True, slots=True)
class PagePicture:
    """A page as a JPEG, with the boxes of the passage asked for."""

    jpeg: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()
