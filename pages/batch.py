"""Many documents at once: choose, see what it takes, start, watch, export. Follows the store, so a reload loses nothing."""

import streamlit as st

from kimi_docs.domain.batch import BatchEntry, BatchRow, BatchView
from kimi_docs.domain.calls import Estimate
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.runs import RunKind, RunState
from kimi_docs.errors import NotFound
from kimi_docs.export import shapes, words
from pages.shared import show, state
from pages.shared.state import _

PER_PAGE = 50
MOST_RUNS = 5000
SIGNS = {
    RunState.DONE: ":green[✓]",
    RunState.PARTIAL: ":orange[✓]",
    RunState.FAILED: ":red[✗]",
    RunState.STOPPED: ":orange[■]",
    RunState.WAITING: ":orange[⏸]",
    RunState.RUNNING: ":blue[▶]",
    RunState.QUEUED: "·",
}
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)

library, actor, tab = state.library(), state.actor(), state.tab()


def choose() -> list[BatchEntry]:
    """Files dropped here, and documents of the library."""
    with st.container(key="batch_upload"):
        files = st.file_uploader(
            _("Drop documents or zip archives of them here, or choose them"),
            accept_multiple_files=True,
            key=f"batch_upload_{tab.upload_round}",
            max_upload_size=library.settings().max_upload_mb,
        )
    new = [file for file in files if file.file_id not in tab.taken]
    for file in new:
        tab.taken.add(file.file_id)
        tab.batch_entries.extend(library.collect_upload(actor, file.name, file.getvalue()))
    if new:
        library.read_ahead(actor, [entry.document for entry in tab.batch_entries if entry.document])
        tab.upload_round += 1
        st.rerun()
    documents = {document.id: document for document in library.documents(actor, limit=1000)}
    chosen = st.multiselect(
        _("Documents of the library"),
        list(documents),
        format_func=lambda id: documents[id].shown_name,
        placeholder=_("Choose one or more"),
        key="batch_documents",
    )
    added = {entry.document or entry.name: entry for entry in tab.batch_entries}
    picked = {id: BatchEntry(name=documents[id].name, document=id) for id in chosen}
    return list({**added, **picked}.values())


def being_read(entries: list[BatchEntry]) -> bool:
    """Whether any of the documents is still being read."""
    chosen = {entry.document for entry in entries}
    runs = library.runs(actor, active=True, limit=MOST_RUNS)
    return any(run.kind is RunKind.EXTRACT and chosen.intersection(run.documents) for run in runs)


def estimate(entries: list[BatchEntry], order: SummaryOrder, *, was_reading: bool) -> None:
    """What it takes, by file and in total; grows while files are being read, and is left alone after that."""
    if was_reading and not being_read(entries):
        st.rerun()
    found = library.batch_estimate(actor, entries, order)
    given = [entry for entry in entries if entry.document]
    with st.container(key="estimate"):
        total = shapes.estimate_total(found)
        cost = _("price unknown") if total["cost"] is None else f"{total['cost']:.4f} {total['currency'] or ''}"
        known = _(
            "Documents: {count}, of which {known} are known already and cost nothing.", count=len(given), known=total["known"]
        )
        price = _estimated(order, total["calls"], text_cost=cost, minutes=total["minutes"])
        st.markdown(f"{known} {price}", help=None if order.engine == "local" else show.repairs())
        if len(found) < len(given):
            st.caption(_("Still being read, to be added then: {count}.", count=len(given) - len(found)))
        with st.expander(_("By file")):
            names = {entry.document: entry.name for entry in given}
            labels = _("Document"), _("Calls"), _("Tokens"), _("Cost")
            rows = [dict(zip(labels, _estimate_row(names[each.document], each), strict=True)) for each in found]
            st.dataframe(rows, hide_index=True, width="stretch")


def _estimated(order: SummaryOrder, calls: int, *, text_cost: str, minutes: float) -> str:
    if order.engine == "local":
        return _("Free, on this machine.")
    return _("Calls: {calls} · about {cost} · {minutes} min", calls=calls, cost=text_cost, minutes=f"{minutes:.1f}")


def _estimate_row(name: str, each: Estimate) -> tuple[object, ...]:
    cost = None if each.cost is None else float(each.cost)
    return name, each.calls, each.input_tokens, 0.0 if each.known else cost


def new_batch() -> None:
    entries = choose()
    for entry in entries:
        if entry.failure:
            show.problem(entry.failure, name=entry.name)
    if not entries:
        st.info(_("Choose documents: each gets a summary. What is done is kept, whatever happens, and nothing is paid twice."))
        return
    templates = library.templates()
    template = st.selectbox(
        _("Kind of summary"), list(templates), format_func=lambda id: _(templates[id].name), key="batch_template"
    )
    order = library.order(template=template)
    if order.engine == "kimi":
        most = st.number_input(
            _("Spend at most ({currency})", currency=library.settings().currency), min_value=0.0, key="batch_budget"
        )
        order = library.order(template=template, budget=show.money(most))
    reading = being_read(entries)
    show.fragment(estimate, run_every=1.0 if reading else None)(entries, order, was_reading=reading)
    if st.button(_("Start"), key="start_batch", type="primary", icon=":material/play_arrow:"):
        started = library.batch(actor, entries, order)
        tab.batch_entries.clear()
        state.set_parameter("batch", started.id)
        st.rerun()


def watch(id: str, looked: list[BatchView], *, under_way: bool) -> None:
    """How far it is; looked at again and again as long as anything is under way. `looked` holds what was just looked at."""
    view = looked.pop() if looked else library.batch_view(actor, id)
    drawn(view)
    if under_way and view.state not in UNDER_WAY:
        st.rerun()


def drawn(view: BatchView) -> None:
    ended = sum(row.state not in UNDER_WAY for row in view.rows)
    left = _("about {minutes} min left", minutes=f"{view.minutes_left:.1f}") if view.minutes_left else ""
    shown = _("{done} of {all} done", done=view.done, all=len(view.rows))
    with st.container(key="batch_progress"):
        st.progress(ended / max(1, len(view.rows)), text=" · ".join(filter(None, [_(words.RUN_STATES[view.state]), shown, left])))
        if view.usage.calls:
            show.receipt(view.usage)
    if view.pause:
        show.problem(view.pause)
    controls(view)
    listed(view)


def controls(view: BatchView) -> None:
    with st.container(horizontal=True):
        if view.state in UNDER_WAY:
            if st.button(_("Stop"), key="stop_batch", icon=":material/stop_circle:"):
                library.stop_batch(actor, view.batch.id)
                st.rerun()
        elif any(row.entry.document and row.state not in (RunState.DONE, RunState.PARTIAL) for row in view.rows):
            budget = view.batch.order.budget
            if budget is not None and view.pause and view.pause.code == "budget_reached":
                raised = st.number_input(_("Spend at most"), min_value=float(budget), key="batch_raise")
                budget = show.money(raised)
            if st.button(_("Go on"), key="resume_batch", type="primary", icon=":material/play_arrow:"):
                library.resume_batch(actor, view.batch.id, budget=budget)
                st.rerun()


def listed(view: BatchView) -> None:
    """A page of the documents, those that failed with their reason."""
    pages = -(-len(view.rows) // PER_PAGE)
    number = st.pagination(pages, key="batch_page") if pages > 1 else 1
    for place, row in enumerate(view.rows[(number - 1) * PER_PAGE : number * PER_PAGE]):
        one(place, row)


def one(place: int, row: BatchRow) -> None:
    name = show.text(row.document.shown_name if row.document else row.entry.name)
    stage = (
        f" — {_(show.STAGES[row.stage])}" if row.stage and row.state is RunState.RUNNING else f" — {_(words.RUN_STATES[row.state])}"
    )
    reason = f": {show.say(row.failure.message)}" if row.failure else ""
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.markdown(f"{SIGNS[row.state]} {name} — {_(stage)}{reason}")
    if row.summary and row.document and right.button(_("Open"), key=f"open_batch_{place}", type="tertiary"):
        show.open_document(row.document.id)


def export(view: BatchView) -> None:
    if view.done:
        with st.container(key="batch_export"):
            if st.button(_("Prepare the export"), key="prepare_export", icon=":material/download:"):
                show.export(library.batch_report(actor, view.batch.id, state.language()))


def earlier() -> None:
    """Batches started before, in this tab or another."""
    found = library.batches(actor, limit=20)
    if not found:
        return
    st.subheader(_("Earlier"))
    for batch in found:
        label = f"{show.when(batch.created_at)} · {_('Documents: {count}', count=len(batch.entries))}" + (
            f" · {batch.title}" if batch.title else ""
        )
        if st.button(show.text(label), key=f"open_{batch.id[:16]}", type="tertiary", icon=":material/stacks:"):
            state.set_parameter("batch", batch.id)
            st.rerun()


def main() -> None:
    st.title(_("Batch"))
    wanted = state.parameter("batch")
    if wanted:
        try:
            view = library.batch_view(actor, wanted)
        except NotFound:
            st.warning(_("This batch is not there any more."))
            view = None
        if view:
            if st.button(_("New batch"), key="new_batch", icon=":material/add:", type="tertiary"):
                st.query_params.clear()
                st.rerun()
            under_way = view.state in UNDER_WAY
            show.fragment(watch, run_every=1.0 if under_way else None)(wanted, [view], under_way=under_way)
            if not under_way:
                export(view)
            return
    new_batch()
    earlier()


main()
