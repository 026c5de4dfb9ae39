"""Words and a filter → the places one may see that have them, best first, each with a snippet."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kimi_docs.domain.claims import Answer
from kimi_docs.domain.search import EVERYTHING, Found, Hit, HitKind, SearchFilter
from storage import passages, tables
from storage.engine import reading
from storage.part import Part
from storage.passages import Passage, language_part
from storage.rows import from_row
from storage.segments import Query, fts_match, parse, ts_query

RANKED = 20_000
"""Of more passages that match, those taken in last are ranked and the others only counted: ranking takes microseconds each. Where
one of the words is a single Chinese character nothing is ranked then: it is the beginning of thousands of segments.
"""


class Search(Part):
    """Documents and summaries of the space, answers of the person; nothing that lies in the trash."""

    def search(
        self, query: str, *, filter: SearchFilter = EVERYTHING, some: bool = False, limit: int = 20, offset: int = 0
    ) -> Found:
        """Every text is a query: words, phrases in quotation marks, of the last word its beginning."""
        asked = parse(query)
        if not asked:
            return Found(query=query, some=some)
        match = (fts_match if self._engine.dialect.name == "sqlite" else ts_query)(asked, some=some)
        matching = self._scope.matching(match, *_wanted(filter))
        with reading(self._engine) as connection:
            total = connection.execute(matching.count()).scalar_one()
            if total <= RANKED:
                best = matching.best(limit, offset)
            elif any(phrase.single for phrase in asked):
                best = matching.newest(limit, offset)
            else:
                best = matching.best_of_newest(RANKED, limit, offset)
            ids = connection.execute(best).scalars().all() if total else []
            return Found(query=query, hits=tuple(self._hits(connection, asked, ids)), total=total, some=some)

    def _hits(self, connection: Connection, asked: Query, ids: Sequence[int]) -> list[Hit]:
        table, sources = tables.passages, tables.sources
        columns = (*table.c, sources.c.kind, sources.c.id.label("of"), sources.c.document, sources.c.session)
        here = self._scope.select(table, *columns).join(sources, sources.c.number == table.c.source).where(table.c.id.in_(ids))
        rows = {row.id: row for row in connection.execute(here)}
        found = [rows[id] for id in ids if id in rows]
        names = self._names(connection, found)
        return [_hit(row, asked, *names.get(row.of, names.get(row.document, ("", "")))) for row in found]

    def _names(self, connection: Connection, rows: Sequence[Any]) -> dict[str, tuple[str, str]]:
        """Document and name of each document and answer found."""
        table, answers = tables.documents, tables.answers
        documents = self._scope.select(table, table.c.id, table.c.name).where(table.c.id.in_({row.document for row in rows}))
        names = {row.id: (row.id, row.name) for row in connection.execute(documents)}
        asked = {row.of for row in rows if row.kind == HitKind.ANSWER}
        for row in connection.execute(self._scope.select(answers).where(answers.c.id.in_(asked))).mappings() if asked else ():
            answer = from_row(Answer, row)
            names[answer.id] = (next(iter(answer.documents), ""), answer.question)
        return names


def _hit(row: Any, asked: Query, document: str = "", name: str = "") -> Hit:
    passage = Passage(text=row.text, title=row.title, page=row.page, start=row.start)
    snippet = passages.snippet(passage, asked)
    on_page = snippet.first if passage.page is not None else None
    return Hit(
        kind=HitKind(row.kind),
        id=row.of,
        document=document or row.document or "",
        name=name,
        page=row.page,
        snippet=snippet.text,
        marks=snippet.marks,
        start=row.start + on_page.start if on_page else None,
        end=row.start + on_page.end if on_page else None,
        session=row.session or "",
    )


def _wanted(filter: SearchFilter) -> list[sa.ColumnElement[bool]]:
    table = tables.sources
    lists = {"kind": filter.kinds, "format": filter.formats, "document": filter.documents}
    wanted: list[sa.ColumnElement[bool]] = [table.c[name].in_(list(chosen)) for name, chosen in lists.items() if chosen]
    if filter.languages:
        wanted.append(table.c.language.in_([language_part(tag) for tag in filter.languages]))
    if filter.since:
        wanted.append(table.c.at >= filter.since)
    if filter.until:
        wanted.append(table.c.at < filter.until)
    return wanted
