"""A session's documents → tools to look things up in them: list, search, read pages, compute over sheets. They can do nothing else.

Pages that were shown are remembered, for the answer to say what it was read from, and so is every query with its result.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from kimi_docs.analyze import prompts
from kimi_docs.analyze.query_table import QueryResult, Sheets
from kimi_docs.domain.claims import Computation
from kimi_docs.domain.search import Found, Hit
from kimi_docs.domain.text import Extraction, PageKind
from kimi_docs.errors import KimiDocsError, WrongUse
from kimi_docs.kimi.tokens import count
from kimi_docs.kimi.tools import Tool, Toolbox
from kimi_docs.language import say
from kimi_docs.local.search import asked_words

Search = Callable[[str], Found]
"""Words → the places in the session's documents that have all of them."""

MOST_WORDS = 8
MOST_HITS = 12
MOST_PAGES = 10
"""Pages read by one call."""
ROWS_TOLD = 50
LONGEST_VALUE = 500
LEAST_RESULT = 300
"""Tokens that a computed result may always take: a sum can be told even when there is no room for pages."""


def has_sheets(extractions: Sequence[Extraction]) -> bool:
    return any(page.kind is PageKind.SHEET for extraction in extractions for page in extraction.pages)


@dataclass(eq=False)
class Consultation:
    """What a model looks up for one answer. `room` are the tokens that pages may still take; `seen` are (document, page)."""

    extractions: Sequence[Extraction]
    search: Search
    room: int
    seen: set[tuple[int, int]] = field(default_factory=set)
    computed: list[Computation] = field(default_factory=list)
    _sheets: Sheets | None = None
    _one_query: asyncio.Lock = field(default_factory=asyncio.Lock)

    def toolbox(self, *, whole: bool) -> Toolbox:
        """For documents the model has whole only what it cannot do itself: compute."""
        compute = (self._query_table(),) if has_sheets(self.extractions) else ()
        return Toolbox(tools=compute if whole else (self._list(), self._search(), self._read(), *compute))

    def opening(self, question: str, share: int) -> list[prompts.Message]:
        """The pages found for the question, of each document those it has, as long as they fit into so many tokens."""
        found = self.places(question) or [(number, 1) for number in range(1, len(self.extractions) + 1)]
        taken: set[tuple[int, int]] = set()
        for number, page in found:
            tokens = count(self.extractions[number - 1].page_text(page)) + 10
            if tokens <= share:
                share -= tokens
                self.room -= tokens
                taken.add((number, page))
        self.seen |= taken
        return [
            prompts.document_message(number, extraction, pages={page for of, page in taken if of == number})
            for number, extraction in enumerate(self.extractions, 1)
        ]

    def places(self, query: str) -> list[tuple[int, int]]:
        """(document, page), best first."""
        return list(dict.fromkeys((number, hit.page) for number, hit in self._hits(query) if hit.page))

    def _hits(self, query: str) -> list[tuple[int, Hit]]:
        """Places with all of the words, else those with the rarest of them."""
        numbers = {extraction.document: number for number, extraction in enumerate(self.extractions, 1)}
        found: Sequence[Hit] = self.search(query).hits
        if not found:
            found = self._with_some(list(dict.fromkeys(asked_words(query)))[:MOST_WORDS])
        return [(numbers[hit.document], hit) for hit in found if hit.document in numbers and hit.page]

    def _with_some(self, words: Sequence[str]) -> Sequence[Hit]:
        worth: Counter[tuple[str, int | None]] = Counter()
        hits: dict[tuple[str, int | None], Hit] = {}
        for found in map(self.search, words):
            for place, hit in {(hit.document, hit.page): hit for hit in found.hits}.items():
                worth[place] += int(1000 / math.log(2 + found.total))
                hits.setdefault(place, hit)
        return [hits[place] for place, _ in worth.most_common()]

    def read_from(self) -> str:
        """Which pages were shown: `2: 3, 7–9` is document 2; without a number when there is only one document."""
        parts = []
        for number, pages in groupby(sorted(self.seen), key=lambda each: each[0]):
            name = self.extractions[number - 1].title or str(number)
            listed = ranges([page for _, page in pages])
            parts.append(listed if len(self.extractions) == 1 else f"{name}: {listed}")
        return "; ".join(parts) or "–"

    # The tools

    def _list(self) -> Tool:
        async def work(_arguments: Mapping[str, Any]) -> str:
            return "\n".join(
                f"document {number}: {prompts.fenced(extraction.title) or 'without a title'}, {len(extraction.pages)} pages"
                for number, extraction in enumerate(self.extractions, 1)
            )

        return _tool("list_documents", "The documents of this session: number, title, pages.", {}, work)

    def _search(self) -> Tool:
        async def work(arguments: Mapping[str, Any]) -> str:
            query = str(arguments.get("query", "")).encode("utf-8", "replace").decode()  # JSON can say half a character
            hits = await asyncio.to_thread(self._hits, query)
            lines = [f"document {number}, page {hit.page}: {prompts.fenced(hit.snippet)}" for number, hit in hits[:MOST_HITS]]
            return "\n".join(lines) or "Nothing was found. Try other words."

        told = "Pages of the documents that have the words, best first. Read a page before you quote it."
        return _tool("search_documents", told, {"query": {"type": "string"}}, work)

    def _read(self) -> Tool:
        async def work(arguments: Mapping[str, Any]) -> str:
            number, pages = _whole_number(arguments.get("document", 1)), arguments.get("pages")
            if not 1 <= number <= len(self.extractions):
                return f"There is no document {number}. There are 1 to {len(self.extractions)}."
            wanted = [_whole_number(page) for page in (pages if isinstance(pages, list) else [pages])][:MOST_PAGES]
            return self._pages(number, wanted)

        shape = {"document": {"type": "integer"}, "pages": {"type": "array", "items": {"type": "integer"}}}
        return _tool("read_pages", f"The text of pages, at most {MOST_PAGES} at once.", shape, work)

    def _pages(self, number: int, wanted: Collection[int]) -> str:
        extraction, shown = self.extractions[number - 1], set()
        for page in dict.fromkeys(wanted):
            tokens = count(extraction.page_text(page)) + 10
            if extraction.page(page) and tokens <= self.room:
                self.room -= tokens
                shown.add(page)
        self.seen |= {(number, page) for page in shown}
        lacking = [page for page in wanted if page not in shown]
        told = f"\nNot shown, because it is not there or there is no room left: {ranges(lacking)}." if lacking else ""
        return (prompts.document_message(number, extraction, pages=shown)["content"] if shown else "") + told

    def _query_table(self) -> Tool:
        async def work(arguments: Mapping[str, Any]) -> str:
            async with self._one_query:
                result = await asyncio.to_thread(self._query, str(arguments.get("sql", "")))
                done, more = self._fitted(result)
                self.computed.append(done)
                told = prompts.computed(len(self.computed), done, more=more)
                self.room -= count(told)
                return told

        self._sheets = self._sheets or Sheets(self.extractions)
        numbers = {extraction.document: number for number, extraction in enumerate(self.extractions, 1)}
        tables = "\n".join(
            f"{table.name}: document {numbers[table.document]}, sheet {prompts.fenced(table.sheet)}, "
            f"rows {table.first_row} to {table.last_row}, columns "
            + ", ".join(f'"{prompts.fenced(column.name)}" {column.type}' for column in table.columns)
            for table in self._sheets.tables
        )
        told = f"Computes over the sheets with one SELECT of DuckDB's SQL. Whatever is a sum, count or rank, compute it.\n{tables}"
        return _tool("query_table", told, {"sql": {"type": "string"}}, work)

    def _fitted(self, result: QueryResult) -> tuple[Computation, bool]:
        """The result with as many of its rows as there is room for, and whether some were left out. Raises: WrongUse."""
        table = result.tables[0] if result.tables else None
        names, rows = tuple(map(_cut, result.columns)), []
        left = max(self.room, LEAST_RESULT) - count("\t".join((*names, *result.cells))) - 30
        for row in result.rows[:ROWS_TOLD]:
            values = tuple("" if value is None else _cut(str(value)) for value in row)
            left -= count("\t".join(values)) + 1
            if left < 0:
                break
            rows.append(values)
        if left < 0 and not rows:
            raise WrongUse(say("The result is too long to be shown."), say("Ask for fewer columns, or for less of each."))
        done = Computation(
            sql=result.sql,
            columns=names,
            rows=tuple(rows),
            cells=result.cells,
            document=table.document if table else "",
            page=table.page if table else None,
        )
        return done, result.more or len(result.rows) > len(rows)

    def _query(self, sql: str) -> QueryResult:
        self._sheets = self._sheets or Sheets(self.extractions)
        return self._sheets.query(sql)

    def close(self) -> None:
        if self._sheets:
            self._sheets.close()


def ranges(numbers: Sequence[int]) -> str:
    """`3, 7–9`."""
    ordered = sorted(set(numbers))
    runs = [[n for _, n in run] for _, run in groupby(enumerate(ordered), key=lambda each: each[1] - each[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _tool(name: str, description: str, properties: Mapping[str, Any], work: Callable[..., Any]) -> Tool:
    async def fenced(arguments: Mapping[str, Any]) -> str:
        try:
            return str(await work(arguments))
        except KimiDocsError as error:  # DuckDB's words about a wrong query hold text of the sheet
            return f"It failed: {prompts.fenced(str(error))}"

    parameters = {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}
    return Tool(name=name, description=description, parameters=parameters, work=fenced)


def _whole_number(value: Any) -> int:
    text = str(value)
    return int(text) if not isinstance(value, bool) and text.isdecimal() and len(text) < 10 else 0


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
