"""The library: drop files, see how each is read, find and open them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run, RunKind, RunState
from kimi_docs.errors import KimiDocsError, PasswordNeeded
from pages.shared import show, state, unlocking
from pages.shared.state import Dropped, _

PER_PAGE = 25
SHOWN = 50
OTHER_RUNS = 1000  # as many may have begun since the files were dropped
SAMPLES = Path(__file__).resolve().parent.parent / "samples"

library, actor, tab = state.library(), state.actor(), state.tab()


def take(name: str, content: bytes) -> Dropped:
    try:
        added = library.add(actor, content, name)
    except KimiDocsError as error:
        return Dropped(name=name, problem=error)
    return Dropped(name=added.document.name, document=added.document.id, known=added.known)


def what_leaves() -> str:
    """What adding a document sends, said before it is added."""
    settings = library.settings()
    if settings.chosen_engine == "local" or settings.extraction == "local":
        return _("Nothing leaves this machine by adding a document.")
    if settings.extraction == "kimi":
        return _("Every document is sent to the provider to be read, and deleted there afterwards.")
    return _("Only what cannot be read on this machine is sent to the provider to be read, and deleted there afterwards.")


def drop() -> None:
    """The place to drop files. Each is handled once; one that is refused does not hold up the others."""
    limit = library.settings().max_upload_mb
    with st.container(key="upload"):
        files = st.file_uploader(
            _("Drop documents here, or choose them"),
            accept_multiple_files=True,
            key=f"upload_{tab.upload_round}",
            max_upload_size=limit,
            help=_("PDF, Word, Excel, PowerPoint, EPUB, e-mail, pictures and more, up to {limit} MB each.", limit=limit),
        )
    st.caption(f":material/lock: {what_leaves()}")
    new = [file for file in files if file.file_id not in tab.taken]
    if not new:
        return
    with st.spinner(_("Taking in {count} files…", count=len(new))):
        for file in new:
            tab.taken.add(file.file_id)
            tab.dropped.insert(0, take(file.name, file.getvalue()))
    tab.upload_round += 1  # an empty uploader: the files are kept, its copies in memory are let go
    st.rerun()


def progress() -> None:
    """A bar for each file of this sitting until it is read, an error for each that cannot be.

    Drawn every second while something is being read, and then once more with the shelf; not after that: a click would be lost
    on what is just being drawn anew.
    """
    working = looked_at().working
    show.fragment(drop_list, run_every=1.0 if working else None)(working)


class Drop(NamedTuple):
    """The files to draw, each with its last reading; how many are left out, and whether any is still being read."""

    drawn: list[tuple[Dropped, Run | None]]
    left_out: int
    working: bool


def looked_at() -> Drop:
    """How the files of the drop are doing: the last ones are drawn, and of all others those that failed."""
    last = [(dropped, reading(dropped)) for dropped in tab.dropped[:SHOWN]]
    rest = readings(tab.dropped[SHOWN:])
    failed = [(dropped, run) for dropped, run in rest if dropped.problem or (run and run.failure)]
    working = any(run and not run.state.ended for _dropped, run in (*last, *rest))
    return Drop(drawn=last + failed, left_out=len(rest) - len(failed), working=working)


def reading(dropped: Dropped) -> Run | None:
    """The last reading of a file of the drop."""
    if not dropped.document:
        return None
    runs = library.runs(actor, document=dropped.document)
    return next((run for run in runs if run.kind is RunKind.EXTRACT), None)


def readings(many: Sequence[Dropped]) -> list[tuple[Dropped, Run | None]]:
    """The same for many files, by one query."""
    runs = library.runs(actor, limit=len(tab.dropped) + OTHER_RUNS) if many else []
    last = {run.documents[0]: run for run in reversed(runs) if run.kind is RunKind.EXTRACT}
    return [(dropped, last.get(dropped.document)) for dropped in many]


def drop_list(was_working: bool) -> None:
    drop = looked_at()
    for number, (dropped, run) in enumerate(drop.drawn):
        with st.container(border=True, key=f"dropped_{number}"):
            one(dropped, run, number)
    if drop.left_out:
        st.caption(_("More files, none of them refused so far: {count}", count=drop.left_out))
    if was_working and not drop.working:
        st.rerun()
    if tab.dropped and not drop.working and st.button(_("Clear this list"), key="clear_dropped", type="tertiary"):
        tab.dropped.clear()
        st.rerun()


def one(dropped: Dropped, run: Run | None, number: int) -> None:
    """A file of the drop: refused, being read, or read."""
    problem = dropped.problem or (run.failure if run else None)
    if problem:
        show.problem(problem, name=dropped.name)
        if problem.code == PasswordNeeded.code and dropped.document:
            unlocking.ask(dropped.document, place=number)
        return
    if run and not run.state.ended:
        waiting = run.state is RunState.QUEUED
        st.progress(0.05 if waiting else 0.5, text=f"{show.text(dropped.name)} — {_('waiting') if waiting else _('reading')}")
        return
    left, right = st.columns([5, 1], vertical_alignment="center")
    note = _("was here already") if dropped.known else _("read")
    left.markdown(f":green[✓] {show.text(dropped.name)} — {note}")
    if right.button(_("Open"), key=f"open_dropped_{number}"):
        show.open_document(dropped.document)


def shelf() -> None:
    """All documents, found by name or title, a page of them at a time."""
    search = st.text_input(_("Find a document"), key="find_document", placeholder=_("name or title"))
    count = library.count(actor, search=search)
    if not count:
        st.info(_("No document has that in its name or title.") if search else _("There is nothing here yet."))
        return
    st.caption(_("Documents: {count}", count=count))
    documents = library.documents(actor, search=search, limit=PER_PAGE, offset=turned_to(count, "shelf_page"))
    unread = library.unread(actor, documents)
    for document in documents:
        row(document, unread=document.id in unread)


def turned_to(count: int, key: str) -> int:
    """Where in a list of so many the page begins that was turned to."""
    pages = -(-count // PER_PAGE)
    return (st.pagination(pages, key=key) - 1) * PER_PAGE if pages > 1 else 0


def row(document: Document, *, unread: bool) -> None:
    name, facts, action = st.columns([6, 3, 1.4], vertical_alignment="center")
    if name.button(show.text(document.shown_name), key=f"open_{document.id[:16]}", type="tertiary", icon=":material/description:"):
        show.open_document(document.id)
    added = show.when(document.added_at, "%Y-%m-%d")
    state_of_it = f":orange[⚠ {_('not read')}]" if unread else document.language or "–"
    facts.caption(f"{document.format} · {show.size(document.bytes)} · {state_of_it} · {added}")
    if action.button(_("Delete"), icon=":material/delete:", key=f"delete_{document.id[:16]}", type="tertiary"):
        library.delete_document(actor, document.id)
        tab.deleted_document = document.id
        st.rerun()


def trash() -> None:
    """What was deleted, to be taken back."""
    count = library.count(actor, deleted=True)
    if not count:
        return
    with st.expander(_("Trash ({count})", count=count)):
        for document in library.documents(actor, deleted=True, limit=PER_PAGE, offset=turned_to(count, "trash_page")):
            name, facts, action = st.columns([6, 3, 1.4], vertical_alignment="center")
            name.markdown(show.text(document.shown_name))
            facts.caption(f"{document.format} · {show.size(document.bytes)} · {show.when(document.deleted_at)}")
            key = f"restore_{document.id[:16]}"
            if action.button(_("Take back"), icon=":material/restore_from_trash:", key=key, type="tertiary"):
                library.restore_document(actor, document.id)
                tab.deleted_document = "" if tab.deleted_document == document.id else tab.deleted_document
                st.rerun()


def undo() -> None:
    if tab.deleted_document and show.undo(_("The document is in the trash.")):
        library.restore_document(actor, tab.deleted_document)
        tab.deleted_document = ""
        st.rerun()


def sample() -> None:
    """A document of ours to try everything with."""
    names = ("paper-zh.pdf", "report-zh.docx") if state.language() == "zh-CN" else ("paper-en.pdf", "report-en.docx")
    if st.button(_("Try it with a sample paper"), key="try_sample", icon=":material/science:"):
        added = take(names[0], (SAMPLES / names[0]).read_bytes())
        if added.problem:
            raise added.problem
        show.open_document(added.document)


st.title(_("Library"))
st.caption(
    _("Add papers, reports, contracts or workbooks. Summaries and answers quote them, and every quote is looked up in the source.")
)
undo()
drop()
sample()
progress()
shelf()
trash()
