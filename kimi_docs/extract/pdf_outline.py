"""PDF → its title, and its headings from the outline or from their numbering."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import pypdfium2 as pdfium

from kimi_docs.domain.text import BlockKind
from kimi_docs.extract import pdf_objects
from kimi_docs.extract.build import Mark, tidy

Entry = tuple[str, int]
"""What the outline calls a place, and its level from 1."""

_MOST_ENTRIES = 3000
_NUMBERED = re.compile(
    r"(?:(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})\.?|第\s*[一二三四五六七八九十百\d]+\s*[章节節])[ \t\u3000]+(?P<words>\S.{1,80})"
)
_LINE = re.compile(r"^.{3,150}$", re.MULTILINE)
_CANDIDATE = re.compile(r"^[ \t]*(?:[\d第].{2,120}|[A-Za-z摘引绪结参致附].{2,20})$", re.MULTILINE)
_LONGEST_NAME = 25
_NAMED = re.compile(
    r"(?:abstract|introduction|related work|background|methods?|results|discussion|conclusions?|references"
    r"|acknowledge?ments?|appendix"
    r"|摘\s*要|引\s*言|绪论|结\s*论|参考文献|致\s*谢|附\s*录)",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    r"(?:untitled.*|无标题.*|title|document\s*\d*|slide \d+|powerpoint presentation"
    r"|microsoft word\s*[-–].*|\(?anonymous\)?|.*\.\.\."
    r"|\S+\.[a-z]{2,4}x?|.*\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?|rtf|odt|ps)"
    r"|[\d\W_]*|.{1,2}|about:blank|https?://\S+)",
    re.IGNORECASE,
)


def outline(document: Any) -> Mapping[int, Sequence[Entry]]:
    """Page index → the entries of the outline that lead there."""
    entries: dict[int, list[Entry]] = {}
    try:
        for count, bookmark in enumerate(document.get_toc(max_depth=6)):
            if count >= _MOST_ENTRIES:
                break
            destination = bookmark.get_dest()
            index = destination.get_index() if destination is not None else None
            if index is not None:
                entries.setdefault(index, []).append((tidy(bookmark.get_title()), bookmark.level + 1))
    except (pdfium.PdfiumError, RecursionError, UnicodeDecodeError):
        return entries
    return entries


def ranks(pages: Sequence[Mapping[str, float]]) -> dict[float, int]:
    """Height of letters → level of a heading, from what stands out of the usual height of the document."""
    usual = sorted(lines[""] for lines in pages if lines.get(""))
    if not usual:
        return {}
    body = usual[len(usual) // 2]
    counts = Counter(height for lines in pages for line, height in lines.items() if line)
    most = 0.25 * sum(counts.values()) + 3
    tall = sorted((height for height, count in counts.items() if 1.15 * body < height < 6 * body and count < most), reverse=True)
    found: dict[float, int] = {}
    level = 0
    for number, height in enumerate(tall):
        if not number or height < 0.93 * tall[number - 1]:
            level += 1
        found[height] = min(level, 6)
    return found


def headings(text: str, entries: Sequence[Entry]) -> Iterator[Mark]:
    """The lines of a page that are headings: those the outline names, else those numbered or named like one."""
    wanted = {_key(name): level for name, level in entries}
    for match in (_LINE if wanted else _CANDIDATE).finditer(text):
        if level := _level(match[0].strip(), wanted):
            yield _heading(match.start(), match[0], level)


def tall(text: str, levels: Mapping[str, int]) -> Iterator[Mark]:
    """The lines of a page that are headings because they are written larger; `levels` are those of its tall lines."""
    for line, level in levels.items():
        place = text.find(line) if _is_heading(line) else -1
        while place >= 0:
            start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
            whole = text[start : end if end >= 0 else len(text)]
            if whole.strip() == line:
                yield _heading(start, whole, level)
            place = text.find(line, start + len(whole))


def _heading(start: int, line: str, level: int) -> Mark:
    return BlockKind.HEADING, start, start + len(line.rstrip()), level


def _is_heading(line: str) -> bool:
    return 2 < len(line) < 100 and 2 * sum(map(str.isalpha, line)) > len(line)


def _level(line: str, wanted: Mapping[str, int]) -> int:
    if not 2 < len(line) < 120:
        return 0
    if wanted:
        return min(6, wanted.get(_key(line), 0))
    if len(line) < _LONGEST_NAME and _NAMED.fullmatch(line):
        return 1
    if not (line[0].isdigit() or line[0] == "第") or line[-1] in ".,;:。，；：" or line.count(" ") > 12:
        return 0
    if not (numbered := _NUMBERED.fullmatch(line)):
        return 0
    if not (numbered["words"][0].isupper() or "\u4e00" <= numbered["words"][0] <= "\u9fff") or re.search(
        r"\d{3}|\s\d|[:;,：；，]", numbered["words"]
    ):
        return 0
    return (numbered["number"] or "").count(".") + 1


def _key(text: str) -> str:
    """Letters only: outlines leave numbers out or write them otherwise."""
    return "".join(filter(str.isalpha, text.lower()))


def title(said: str, large: str) -> str:
    """The title the document says it has, if it is one; else the largest lines of its first page with text."""
    said = " ".join(tidy(said).split())
    return said if said and not _NO_TITLE.fullmatch(said) and _is_words(said) else large


def _is_words(text: str) -> bool:
    if sum(letter.isalpha() for letter in text) < 0.5 * len(text):
        return False
    return not re.search("[\ufffd\ue000-\uf8ff\x00-\x1f]", text) and not text.startswith("þÿ")


def largest_lines(text_page: Any) -> str:
    """Lines of the tallest letters, when they are clearly taller than the rest."""
    raw = text_page.get_text_range(0, min(4000, text_page.count_chars()), errors="surrogatepass")
    pointer = pdf_objects.address(text_page.raw)
    found: list[tuple[float, str]] = []
    for match in list(re.finditer(r"[^\r\n]+", raw))[:40]:
        line = " ".join(tidy(match[0]).split())
        if len(line) > 3 and not re.match(r"arxiv:|doi:|https?:|www\.", line, re.IGNORECASE):
            found.append((_height(pointer, match.start(), match.end()), line))
    if len(found) < 2:
        return ""
    tallest = max(height for height, line in found if len(line) > 3)
    if tallest < 1.15 * median(height for height, _ in found):
        return ""
    first = next(number for number, (height, _) in enumerate(found) if height >= 0.97 * tallest)
    lines = [found[first][1]]
    for height, line in found[first + 1 : first + 4]:
        if height < 0.95 * tallest:
            break
        lines.append(line)
    joined = " ".join(lines)
    return joined if 4 <= len(joined) <= 250 and not _NO_TITLE.fullmatch(joined) and _is_words(joined) else ""


def _height(pointer: int, start: int, end: int) -> float:
    """Median height of some letters of a line."""
    boxes = (pdf_objects.loose_box(pointer, index) for index in range(start, end, max(1, (end - start) // 3)))
    heights = [abs(box[3] - box[1]) for box in boxes if box]
    return float(median(heights)) if heights else 0.0
