"""A table of documents × questions: choose the columns, fill it, look at every cell's quote, correct it, export it."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from kimi_docs.analyze.columns import SETS, checked, column_set
from kimi_docs.domain.batch import BatchEntry, BatchView
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import RunState
from kimi_docs.domain.table import Cell, Column, Table, ValueType
from kimi_docs.errors import NotFound, WrongUse
from kimi_docs.export import shapes, table, words
from kimi_docs.language import mark
from pages.shared import show, state
from pages.shared.state import _

UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
NAMES = {"literature": mark("Literature matrix"), "contracts": mark("Contracts"), "financials": mark("Financial figures")}
KINDS = {
    ValueType.TEXT: mark("text"),
    ValueType.NUMBER: mark("number"),
    ValueType.DATE: mark("date"),
    ValueType.YES_NO: mark("yes or no"),
    ValueType.CHOICE: mark("one of several"),
}
STANDINGS = {
    words.Standing.VERIFIED: "✓",
    words.Standing.SILENT: "",
}

library, actor = state.library(), state.actor()


def kind_name(value: object) -> str:
    return _(KINDS[ValueType(str(value))])


def choose_columns() -> tuple[Column, ...]:
    """The questions, to be changed at will. Raises: WrongUse."""
    picked = st.selectbox(_("Begin with"), list(SETS), format_func=lambda id: _(NAMES[id]), key="column_set")
    rows = [
        {"name": c.name, "question": c.question, "type": c.type.value, "unit": c.unit, "choices": ", ".join(c.choices)}
        for c in column_set(picked, state.language())
    ]
    with st.container(key="columns"):
        changed: Any = st.data_editor(
            pd.DataFrame(rows),
            num_rows="dynamic",
            hide_index=True,
            width="stretch",
            key=f"columns_{picked}",
            column_config={
                "name": st.column_config.TextColumn(_("Column"), required=True),
                "question": st.column_config.TextColumn(_("Question"), width="large"),
                "type": st.column_config.SelectboxColumn(
                    _("Type"), options=[kind.value for kind in ValueType], default="text", format_func=kind_name
                ),
                "unit": st.column_config.TextColumn(_("Unit")),
                "choices": st.column_config.TextColumn(_("Choices, parted by commas")),
            },
        )
    return checked([_column(row) for row in changed.fillna("").to_dict("records") if str(row["name"]).strip()])


def _column(row: dict[str, Any]) -> Column:
    name = str(row["name"]).strip()
    return Column(
        name=name,
        question=str(row["question"]).strip() or name,
        type=ValueType(row["type"] or "text"),
        unit=str(row["unit"]).strip(),
        choices=tuple(choice.strip() for choice in re.split("[,，、]", str(row["choices"])) if choice.strip()),
    )


def new_table() -> None:
    documents = {document.id: document for document in library.documents(actor, limit=1000)}
    if not documents:
        st.info(_("There is no document yet. Add one in the library, or try the sample there."))
        if st.button(_("Go to the library"), key="go_library", type="primary"):
            st.switch_page("library.py")
        return
    chosen = st.multiselect(
        _("Documents"),
        list(documents),
        default=list(documents)[:20],
        format_func=lambda id: documents[id].shown_name,
        placeholder=_("Choose one or more"),
        key="table_documents",
    )
    try:
        columns = choose_columns()
    except WrongUse as problem:
        show.problem(problem)
        return
    entries, order = [BatchEntry(name=documents[id].name, document=id) for id in chosen], library.order()
    if not entries:
        return
    estimate(entries, columns)
    if order.engine == "local":
        st.caption(_("On this machine each cell is the passage that fits its question best, not an answer in other words."))
    if st.button(_("Fill the table"), key="fill", type="primary", icon=":material/table_chart:"):
        started = library.fill_table(actor, entries, columns, order)
        state.set_parameter("table", started.id)
        st.rerun()


def estimate(entries: list[BatchEntry], columns: tuple[Column, ...]) -> None:
    order = library.order()
    with st.container(key="estimate"), show.telling():
        total = shapes.estimate_total(library.table_estimate(actor, entries, columns, order))
        st.caption(_("Free, on this machine.") if order.engine == "local" else _price(total))


def _price(total: dict[str, Any]) -> str:
    cost = _("price unknown") if total["cost"] is None else f"{total['cost']:.4f} {total['currency'] or ''}"
    return _("Calls: {calls} · about {cost} · {minutes} min", calls=total["calls"], cost=cost, minutes=f"{total['minutes']:.1f}")


def watch(id: str, looked: list[BatchView], *, under_way: bool) -> None:
    """The table as it fills. `looked` holds what was just looked at."""
    view, filled = looked.pop() if looked else library.batch_view(actor, id), library.table(actor, id)
    progress(view)
    if filled:
        grid(view, filled)
    if under_way and view.state not in UNDER_WAY:
        st.rerun()


def progress(view: BatchView) -> None:
    with st.container(key="table_progress"):
        ended = sum(row.state not in UNDER_WAY for row in view.rows)
        st.progress(ended / max(1, len(view.rows)), text=_("{done} of {all} done", done=view.done, all=len(view.rows)))
        if view.usage.calls:
            show.receipt(view.usage)
    for row in view.rows:
        if row.failure:
            show.problem(row.failure, name=row.entry.name)
    with st.container(horizontal=True):
        if view.state in UNDER_WAY:
            if st.button(_("Stop"), key="stop_table", icon=":material/stop_circle:"):
                library.stop_batch(actor, view.batch.id)
                st.rerun()
        elif view.state is not RunState.DONE and st.button(_("Go on"), key="resume_table", type="primary"):
            library.resume_batch(actor, view.batch.id)
            st.rerun()


def grid(view: BatchView, filled: Table) -> None:
    """Rows of documents; a click on a cell shows what it stands on."""
    documents = {row.document.id: row.document for row in view.rows if row.document}
    head = _("Document")
    rows = []
    for row in filled.rows:
        cells = {c.name: _shown(cell) if (cell := row.cell(c.name)) else "" for c in filled.columns}
        rows.append({head: documents[row.document].shown_name if row.document in documents else "", **cells})
    event: Any = st.dataframe(
        pd.DataFrame(rows, columns=[head, *(c.name for c in filled.columns)]),
        hide_index=True,
        width="stretch",
        key="table",
        on_select="rerun",
        selection_mode="single-cell",
    )
    for place, column in event.selection.get("cells", [])[:1]:
        row, name = filled.rows[place], column
        if cell := row.cell(name):
            detail(view.batch.id, documents[row.document], cell)


def _shown(cell: Cell) -> str:
    sign = STANDINGS.get(table.standing_of(cell), "⚠") if not cell.doubts else "⚠"
    return f"{table.shown(cell.value, state.language())} {sign}".strip()


def detail(id: str, document: Document, cell: Cell) -> None:
    """What the cell stands on, and a way to correct it."""
    with st.container(border=True, key="cell"):
        st.markdown(f"**{show.text(cell.column)}** · {show.text(document.shown_name)}")
        st.markdown(show.text(table.shown(cell.value, state.language())))
        for doubt in cell.doubts:
            st.caption(f":orange[⚠ {_(table.DOUBTS[doubt])}]")
        for citation in cell.citations:
            where = words.place(citation, None, state.language())
            st.markdown(
                f"> {show.text(citation.quote)}\n\n{words.verdict(citation.verdict, state.language())} · {show.text(where)}"
            )
        history(cell, library.cell_history(actor, id, document.id, cell.column))
        again(id, document, cell)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            said = st.text_input(_("Another value"), key=f"edit_{document.id[:12]}_{cell.column}")
            if st.button(_("Save"), key="save_cell") and said:
                library.edit_cell(actor, id, document.id, cell.column, said)
                st.rerun()
            if st.button(_("Open"), key="open_cell"):
                show.open_document(document.id)


def history(cell: Cell, before: Sequence[Cell]) -> None:
    """Who wrote the value or had it asked again, and what stood there before, newest first."""
    if made := _made(cell):
        st.caption(made)
    for each in reversed(before):
        value = _("Before: {value}", value=show.text(table.shown(each.value, state.language())))
        st.caption(" · ".join(filter(None, [value, _made(each)])))


def _made(cell: Cell) -> str:
    when = show.when(cell.edited_at or cell.asked_at)
    if cell.edited_by:
        return _("written by {who}, {when}", who=show.text(cell.edited_by), when=when)
    return _("asked again for {who}, {when}", who=show.text(cell.asked_by), when=when) if cell.asked_by else ""


def again(id: str, document: Document, cell: Cell) -> None:
    """Have this cell alone asked once more."""
    asked = library.asked_again(actor, id, document.id, cell.column)
    if asked and asked.failure:
        show.problem(asked.failure, name=cell.column)
    if asked and not asked.state.ended:
        st.caption(_("It is being asked again."))
    elif library.order().engine == "kimi":
        with show.telling():
            total = shapes.estimate_total([library.cell_estimate(actor, id, document.id, cell.column)])
            if st.button(_("Ask again"), key="ask_again", icon=":material/refresh:"):
                library.ask_cell_again(actor, id, document.id, cell.column)
                st.rerun()
            st.caption(_price(total))


def add_column(view: BatchView) -> None:
    """One more question: only its cells are asked."""
    batch = view.batch
    with st.expander(_("Add a column"), icon=":material/add_column_right:"), st.container(key="add_column"):
        name, question = st.text_input(_("Column"), key="new_name"), st.text_input(_("Question"), key="new_question")
        kind = st.selectbox(_("Type"), [kind.value for kind in ValueType], format_func=kind_name, key="new_type")
        unit, choices = st.text_input(_("Unit"), key="new_unit"), st.text_input(_("Choices, parted by commas"), key="new_choices")
        if not name.strip():
            return
        column = _column({"name": name, "question": question, "type": kind, "unit": unit, "choices": choices})
        try:
            columns = checked((*batch.columns, column))
        except WrongUse as problem:
            show.problem(problem)
            return
        estimate(list(batch.entries), columns)
        if st.button(_("Add it"), key="add_it", type="primary"):
            state.set_parameter("table", library.add_columns(actor, batch.id, [column]).id)
            st.rerun()


def export(view: BatchView, filled: Table) -> None:
    documents = [row.document for row in view.rows if row.document]
    written = partial(table.of_table, filled, documents, state.language())
    show.export(written(), lambda: written(library.heads(actor, view.batch.documents)))


def earlier() -> None:
    found = [batch for batch in library.batches(actor, limit=50) if batch.columns]
    if found:
        st.subheader(_("Earlier"))
    for batch in found:
        size = _("{rows} documents × {columns} columns", rows=len(batch.entries), columns=len(batch.columns))
        if st.button(show.text(f"{show.when(batch.created_at)} · {size}"), key=f"open_{batch.id[:16]}", type="tertiary"):
            state.set_parameter("table", batch.id)
            st.rerun()


def main() -> None:
    st.title(_("Table"))
    wanted = state.parameter("table")
    try:
        view = library.batch_view(actor, wanted) if wanted else None
    except NotFound:
        st.warning(_("This table is not there any more."))
        view = None
    if not view:
        new_table()
        earlier()
        return
    if st.button(_("New table"), key="new_table", icon=":material/add:", type="tertiary"):
        st.query_params.clear()
        st.rerun()
    under_way = view.state in UNDER_WAY
    show.fragment(watch, run_every=1.0 if under_way else None)(wanted, [view], under_way=under_way)
    if not under_way:
        add_column(view)
    if not under_way and (filled := library.table(actor, wanted)):
        with st.container(key="table_export"):
            export(view, filled)


main()
