"""Nouns → the words a reader sees: verdicts, pages, coverage, amounts."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kimi_docs.domain.claims import Citation, Claim, Verdict
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.text import Coverage, Page, PageKind, PageState
from kimi_docs.language import mark, translate

Value = str | int | Decimal | datetime


class Standing(StrEnum):
    """How far a claim can be trusted: as far as its weakest quote."""

    VERIFIED = "verified"
    CLOSE = "close"
    UNVERIFIED = "unverified"
    SILENT = "silent"  # a cell of a table whose document does not say


VERDICTS = {Verdict.EXACT: ("✓", mark("exact")), Verdict.CLOSE: ("≈", mark("close")), Verdict.MISSING: ("✗", mark("not found"))}
STANDINGS = {
    Standing.VERIFIED: ("✓", mark("verified")),
    Standing.CLOSE: ("≈", mark("close wording found")),
    Standing.UNVERIFIED: ("✗", mark("not verified")),
    Standing.SILENT: ("–", mark("nothing to verify")),
}
TRUST = {Verdict.EXACT: Standing.VERIFIED, Verdict.CLOSE: Standing.CLOSE, Verdict.MISSING: Standing.UNVERIFIED}
STATES = {
    PageState.READ: mark("read"),
    PageState.RECOGNIZED: mark("recognized (OCR)"),
    PageState.EMPTY: mark("empty"),
    PageState.GARBLED: mark("garbled"),
    PageState.FAILED: mark("failed"),
    PageState.WITHHELD: mark("withheld by the provider"),
}
RUN_STATES = {
    RunState.QUEUED: mark("waiting"),
    RunState.RUNNING: mark("at work"),
    RunState.WAITING: mark("paused"),
    RunState.DONE: mark("done"),
    RunState.PARTIAL: mark("partly done"),
    RunState.FAILED: mark("failed"),
    RunState.STOPPED: mark("stopped"),
}
CAUTION = "⚠"
ENGINES = {"local": mark("on this machine"), "kimi": "Kimi"}


def standing_of(claim: Claim) -> Standing:
    if not claim.verified:
        return Standing.UNVERIFIED
    exact = all(citation.verdict == Verdict.EXACT for citation in claim.citations)
    return Standing.VERIFIED if exact else Standing.CLOSE


def verdict(value: Verdict, language: str | None) -> str:
    """A sign and a word, so that neither colour nor a font decides whether it is seen."""
    sign, word = VERDICTS[value]
    return f"{sign} {translate(word, language)}"


def standing(value: Standing, language: str | None) -> str:
    sign, word = STANDINGS[value]
    return f"{sign} {translate(word, language)}"


def not_quoted(numbers: Iterable[str], language: str | None) -> list[str]:
    """The numbers of a claim that stand in none of its quotes, said in one sentence; nothing where there are none."""
    listed = ", ".join(numbers)
    return [translate("not in the quotes: {numbers}", language, numbers=listed)] if listed else []


def borne(value: Standing, numbers: Iterable[str], language: str | None) -> str:
    """How far a claim is borne, in one cell."""
    return "; ".join([standing(value, language), *not_quoted(numbers, language)])


def page_name(page: Page, language: str | None) -> str:
    """What is printed on the page, and its place in the file where that differs."""
    label = page.label or str(page.number)
    if page.kind == PageKind.SHEET:
        return translate("sheet {label}", language, label=label)
    if page.kind == PageKind.SLIDE:
        return translate("slide {label}", language, label=label)
    if page.kind == PageKind.SECTION:
        return translate("section {label}", language, label=label)
    if label == str(page.number):
        return translate("p. {label}", language, label=label)
    return translate("p. {label} (page {number} of the file)", language, label=label, number=page.number)


def place(citation: Citation, page: Page | None, language: str | None) -> str:
    """Where a quote stands; for one that was not found, where it was said to stand; for what was computed, from which cells."""
    if citation.cells:
        return citation.cells
    if page is not None:
        return page_name(page, language)
    if citation.page is not None:
        return translate("p. {label}", language, label=citation.page)
    if citation.page_said is not None:
        return translate("said to be on p. {label}", language, label=citation.page_said)
    return ""


def coverage(value: Coverage, language: str | None) -> str:
    """One line on what was read: `12 of 14 pages read; empty: 1; garbled: 1`."""
    read = value.count(PageState.READ) + value.count(PageState.RECOGNIZED)
    parts = [translate("{read} of {pages} pages read", language, read=read, pages=len(value.by_page))]
    for state in PageState:
        if state != PageState.READ and value.count(state):
            parts.append(f"{translate(STATES[state], language)}: {value.count(state)}")
    return "; ".join(parts)


def quoted(text: str) -> str:
    return f"“{text}”"


def engine(name: str, language: str | None) -> str:
    return translate(ENGINES[name], language) if name in ENGINES else name


def shown(value: Value) -> str:
    """An amount as text, for the formats that know only text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} {value.tzname() or ''}".strip()
    if isinstance(value, Decimal):
        exact = value.quantize(Decimal("0.000001")).normalize()
        return f"{exact:,f}"
    return f"{value:,}" if isinstance(value, int) else value
