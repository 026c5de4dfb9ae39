"""Nouns → what a person sees of them. Text from documents, names and models is drawn as text, never as markup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import partial, wraps
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from kimi_docs.analyze.repair import MOST_CALLS
from kimi_docs.domain.calls import Estimate, Usage
from kimi_docs.domain.runs import Failure, Run, RunState, Stage
from kimi_docs.domain.text import Coverage, PageState
from kimi_docs.errors import KimiDocsError
from kimi_docs.export import formats, plain, words
from kimi_docs.export.report import Report
from kimi_docs.language import Message, joined, mark
from kimi_docs.settings import Settings
from pages.shared import state
from pages.shared.state import _

STAGES = {
    Stage.READING: mark("Reading the document"),
    Stage.WAITING: mark("Waiting until the account's limits let the next request go"),
    Stage.SENDING: mark("Sent; waiting for the first words"),
    Stage.WRITING: mark("Writing"),
    Stage.CHECKING: mark("Looking up every quote"),
}
FORMAT_NAMES = {
    ".md": "Markdown",
    ".docx": "Word",
    ".xlsx": "Excel",
    ".pdf": "PDF",
    ".csv": "CSV",
    ".json": "JSON",
    ".bib": "BibTeX",
    ".ris": "RIS",
    ".zip": "ZIP",
}


def style() -> None:
    """A few rules that Streamlit's theme has no word for."""
    st.html(
        "<style>"
        ".st-key-page_view img{border:1px solid rgba(128,128,128,.35);border-radius:.25rem}"
        ".stMainBlockContainer{padding-top:3.5rem}"
        ".stMainBlockContainer h1{font-size:clamp(1.4rem,2.4vw,2.1rem)}"
        "[data-testid=stColumn]:has(.st-key-page_view){align-self:flex-start}"
        "@media (min-width:640px){[data-testid=stColumn]:has(.st-key-page_view){position:sticky;top:3.5rem}}"
        "[data-testid=stFileUploaderDropzoneInstructions]{display:none}"
        "[data-testid=stFileUploaderDropzone] button p{visibility:hidden;display:flex}"
        f"[data-testid=stFileUploaderDropzone] button p::after{{content:'{_('Choose files')}';visibility:visible}}"
        "[data-testid=stFileUploaderDropzone] button p{font-size:0}"
        "[data-testid=stFileUploaderDropzone] button p::after{font-size:.875rem}"
        "[class*='st-key-citation_'] button{padding:0 .5rem;min-height:1.75rem}"
        "</style>"
    )


def text(value: str) -> str:
    """The value as Markdown that shows exactly these characters."""
    return plain.markdown(value)


def money(amount: float) -> Decimal | None:
    """An amount somebody typed; nothing typed is no cap."""
    return Decimal(str(amount)) if amount else None


def size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} KB"


def zone() -> tzinfo | None:
    """Where the reader's browser is; None stands for where this machine is."""
    try:
        return ZoneInfo(st.context.timezone or "")
    except (ValueError, OSError, ZoneInfoNotFoundError):  # it does not say, or says what is not known here
        return None


def when(moment: datetime | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """A time by the reader's clock."""
    return moment.astimezone(zone()).strftime(pattern) if moment else ""


def say(message: Message) -> str:
    return text(message.text(state.language()))


def export(written: Report, whole: Callable[[], Report] | None = None) -> None:
    """A download for each format; the file is made when it is asked for: of the `whole` report, where that takes more to make."""
    with st.popover(_("Export"), key="export", icon=":material/download:"):
        for ending in formats.possible(written):
            st.download_button(
                f"{FORMAT_NAMES.get(ending, ending)} ({ending})",
                data=partial(_file, whole or (lambda: written), ending),
                file_name=formats.download_name(written, ending),
                mime=formats.MEDIA_TYPES[ending],
                key=f"export_{ending[1:]}",
                on_click="ignore",
            )


def _file(report: Callable[[], Report], ending: str) -> bytes:
    return formats.to_bytes(report(), ending)


def undo(told: str) -> bool:
    """What was just put into the trash, and the button that takes it back; says whether it was pressed."""
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.warning(told)
    return right.button(_("Undo"), key="undo_delete")


def problem(what: KimiDocsError | Failure, *, name: str = "") -> None:
    """What happened, what to do next, and the id to report."""
    head = f"**{text(name)}** — " if name else ""
    parts = [say(what.message), say(what.advice), text(_("(request {id})", id=what.request_id)) if what.request_id else ""]
    told = joined(parts, state.language())
    st.error(f"{head}{told}\n\n:small[{text(what.code)}]", icon=":material/error:")


@contextmanager
def telling() -> Iterator[None]:
    """What fails in here is told in its place, and the rest of the screen goes on."""
    try:
        yield
    except KimiDocsError as error:
        problem(error)


def fragment(draw: Callable[..., None], *, run_every: float | None = None) -> Callable[..., None]:
    """A part of the screen that is drawn anew by itself; the frame does not see what fails in it, so it is told here."""

    @wraps(draw)
    def told(*given: object, **named: object) -> None:
        with telling():
            draw(*given, **named)

    return st.fragment(told, run_every=run_every)


def open_document(document: str) -> None:
    st.switch_page("document.py", query_params={"document": document})


def engine(settings: Settings) -> None:
    """Which engine works, in the corner of every screen."""
    if settings.chosen_engine == "local":
        st.caption(f":material/computer: {_('Engine on this machine: it quotes sentences and writes none of its own.')}")
    else:
        st.caption(f":material/cloud: Kimi · {text(settings.model)} · {text(settings.base_url.split('//')[-1].split('/')[0])}")


def coverage(value: Coverage) -> None:
    """What was read, in a sentence and as a strip of pages."""
    with st.container(key="coverage"):
        read = text(words.coverage(value, state.language()))
        st.caption(f":material/checklist: {_('Coverage: {pages}', pages=read)}")
        unread = [page for page in value.by_page if page.state not in (PageState.READ, PageState.RECOGNIZED)]
        if unread:
            listed = _(", ").join(_("{page} ({state})", page=page.page, state=_(words.STATES[page.state])) for page in unread[:30])
            st.caption(f":orange[⚠ {_('Not read: {pages}', pages=listed)}]")


def receipt(usage: Usage) -> None:
    if not usage.calls:
        st.caption(f":material/receipt: {_('Nothing was sent and nothing was paid.')}")
        return
    cost = _("in several currencies ({currencies})", currencies=usage.currency) if usage.mixed else _("price unknown")
    counted = _(
        "Calls: {calls} · tokens: {input} in ({cached} cached), {output} out",
        calls=usage.calls,
        input=usage.input_tokens,
        cached=usage.cached_tokens,
        output=usage.output_tokens,
    )
    doubtful = f" · {_('possibly paid twice: {count}', count=usage.possible_duplicates)}" if usage.possible_duplicates else ""
    paid = cost if usage.cost is None else f"{usage.cost:.4f} {usage.currency}"
    st.caption(f":material/receipt: {counted} · {text(paid)}{doubtful}")


def estimate(value: Estimate) -> None:
    """What pressing the button will take."""
    if value.known:
        st.caption(_("This summary is there already and costs nothing."))
    elif value.engine == "local":
        st.caption(_("Free, on this machine."))
    else:
        cost = _("price unknown") if value.cost is None else f"{value.cost:.4f} {value.currency}"
        st.caption(
            _(
                "{model} · calls: {calls} · about {tokens} tokens · {cost} · {minutes} min",
                model=value.model,
                calls=value.calls,
                tokens=value.input_tokens + value.output_tokens,
                cost=cost,
                minutes=f"{value.minutes:.1f}",
            ),
            help=repairs(),
        )


def repairs() -> str:
    """What may come on top of an estimate."""
    return _(
        "Quotes that are not quite found are asked for once more, by at most {most} short calls a document, within the cap.",
        most=MOST_CALLS,
    )


def stage(run: Run) -> str:
    """Where a run is, in a few words."""
    if run.state is RunState.QUEUED:
        return _("Waiting for its turn")
    part = f" {run.done + 1}/{run.total}" if run.total > 1 else ""
    return _(STAGES[run.stage]) + part if run.stage else _("Working")
