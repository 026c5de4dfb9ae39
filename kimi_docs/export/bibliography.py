"""Extraction → a reference to the paper: title, authors, year, DOI, as far as metadata, XMP or the first pages say them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction
from kimi_docs.export.plain import one_line

_DOI = re.compile(r"(?:\bdoi(?:\.org)?\s*[:/]?\s*|\b)(10\.\d{4,9}/[!-~]{2,200})", re.IGNORECASE)
_DOI_END = ".,;:'\"’”>*"
_YEAR = r"((?:19|20)\d\d)"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_STATED = re.compile(
    rf"(?:published|accepted|copyright|©|\(c\)|出版日期|发表日期|收稿日期)[^\n]{{0,40}}?\b{_YEAR}\b", re.IGNORECASE
)
_ON_TOP = (
    re.compile(rf"\b{_MONTH}\s+(?:\d{{1,2}},?\s+)?{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"\({_YEAR}\)"),
    re.compile(rf"{_YEAR}\s*年"),
)
_ARXIV = re.compile(r"\barXiv:\s*(\d\d)\d\d\.\d{4,5}(?!\d)")
_MADE = re.compile(r"^(?:D:)?((?:19[89]|20\d)\d)(?:$|-|(?:0[1-9]|1[0-2]))")
_HEAD, _TOP = 4000, 500  # characters: below the head line a year is that of something else
_DATE_KEYS = ("prism:publicationdate", "date", "dc:date", "issued", "year", "creationdate", "created", "xmp:createdate")
_AUTHOR_KEYS = ("author", "dc:creator", "authors")  # not `creator`: in a PDF it is the program
_NOBODY = frozenset(
    ("unknown", "author", "admin", "administrator", "user", "owner", "windows user", "microsoft office user", "root", "anonymous")
)
_CHINESE = re.compile(r"[\u3400-\u9fff·]{2,}")
_CHINESE_NAME = r"[\u4e00-\u9fff]{2,4}"
_LATIN_NAME = r"(?:[A-ZÀ-Þ][a-zà-ÿA-ZÀ-Þ’'.-]*\.?\s+){1,3}(?:(?:de|da|van|von|der|den|la|le|di)\s+)*[A-ZÀ-Þ][a-zà-ÿA-ZÀ-Þ’'-]+"
_NAMES = re.compile(
    rf"(?:{_LATIN_NAME})(?:\s*(?:,|;|&|\band\b)+\s*(?:{_LATIN_NAME}))*|{_CHINESE_NAME}(?:[\s,，、;；]+{_CHINESE_NAME})*"
)
_NOT_NAMES = re.compile(
    r"\b(?:university|institute|department|school|college|laboratory|abstract|introduction|inc|press|association|conference|"
    r"journal|office|research|contents|the|of|for|in|on)\b|大学|学院|研究|摘要|目录|前言|公司|报告|中心",
    re.IGNORECASE,
)
_MOST_AUTHORS = 100
_FIRST_PAGES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What a list of references says of a document. Empty means that the document does not say it."""

    title: str
    authors: tuple[str, ...] = ()
    year: str = ""
    doi: str = ""
    language: str = ""
    file: str = ""
    abstract: str = ""


def reference(document: Document, extraction: Extraction | None) -> Reference:
    """The reference of a document; without its extraction, what its own row says."""
    if extraction is None:
        return Reference(title=one_line(document.shown_name), language=document.language, file=one_line(document.name))
    said = {key.lower(): one_line(value) for key, value in extraction.metadata.items()}
    first = "\n".join(page.span.of(extraction.text) for page in extraction.pages[:_FIRST_PAGES])[:20_000]
    title = one_line(extraction.title or document.shown_name)
    return Reference(
        title=title,
        authors=_authors(said, first, title),
        year=_year(said, first),
        doi=_doi([*said.values(), first]),
        language=extraction.language or document.language,
        file=one_line(document.name),
    )


def _doi(texts: list[str]) -> str:
    """The first DOI; brackets that were opened before it are not part of it."""
    for text in texts:
        for found in _DOI.finditer(unicodedata.normalize("NFKC", text)):
            doi = found[1].rstrip(_DOI_END)
            for left, right in ("()", "[]", "{}", "<>"):
                while doi.endswith(right) and doi.count(right) > doi.count(left):
                    doi = doi[:-1].rstrip(_DOI_END)
            if len(doi.split("/", 1)[1]) > 1:
                return doi
    return ""


def _year(said: Mapping[str, str], first: str) -> str:
    """The year it was published as its first page says it, else when the file was made."""
    if found := _STATED.search(first[:_HEAD]):
        return found[1]
    if found := _ARXIV.search(first[:_HEAD]):
        return f"20{found[1]}"
    for pattern in _ON_TOP:
        if found := pattern.search(first[:_TOP]):
            return found[1]
    dates = (_MADE.match(said.get(key, "")) for key in _DATE_KEYS)
    return next((found[1] for found in dates if found), "")


def _authors(said: Mapping[str, str], first: str, title: str) -> tuple[str, ...]:
    """Those of the metadata if they are persons; else the names under the title; else whoever the metadata name."""
    named = next((names for key in _AUTHOR_KEYS if (names := tuple(_split(said.get(key, ""))))), ())
    persons = all(_NAMES.fullmatch(name) or "," in name for name in named) and not _NOT_NAMES.search(" ".join(named))
    return (named if named and persons else tuple(_below_title(first, title)) or named)[:_MOST_AUTHORS]


def _split(text: str) -> Iterator[str]:
    """Names out of a metadata field. A comma divides people only where each side is a whole name: `Smith, John` is one."""
    for group in re.split(r"\s*[;；、\n]\s*|\s+(?:and|und|et)\s+|\s*&\s*", text):
        pieces = [piece for piece in re.split(r"\s*[,，]\s*", group) if piece]
        whole = all(" " in piece or _CHINESE.fullmatch(piece) for piece in pieces)
        for name in pieces if whole else [group]:
            tidy = name.strip(" ,，.*")
            if len(tidy) > 1 and tidy.lower() not in _NOBODY and any(character.isalpha() for character in tidy):
                yield tidy[:200]


def _below_title(first: str, title: str) -> Iterator[str]:
    """The names on the lines right under the title, if those lines are nothing but names."""
    lines = [one_line(line) for line in first[:_HEAD].splitlines() if line.strip()]
    wanted = _letters(title)
    for number, line in enumerate(lines[:30]):
        seen = _letters(line)
        if not seen or not wanted.endswith(seen):
            continue
        for below in lines[number + 1 : number + 3]:
            bare = re.sub(r"[\d*†‡§¶∗]+", " ", below).strip(" ,，")
            tidy = one_line(re.sub(r"\s+([,，])", r"\1", bare))
            if not _NAMES.fullmatch(tidy) or _NOT_NAMES.search(tidy):
                break
            yield from _split(re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "、", tidy))
        return


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
