"""What it cost and what left this machine: receipts by day, model, person and run, and the ledger."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from kimi_docs.doctor import ask_balance
from kimi_docs.domain import receipts
from kimi_docs.domain.calls import Call, Departure, Usage
from kimi_docs.domain.runs import Run, RunKind
from kimi_docs.domain.scope import LOCAL
from kimi_docs.errors import KimiDocsError
from kimi_docs.language import mark
from pages.shared import show, state
from pages.shared.state import _

MOST_RUNS = 1000
MOST_IN_CHART = 20
SECONDS = "%Y-%m-%d %H:%M:%S"
KINDS = {
    RunKind.EXTRACT: mark("Reading"),
    RunKind.SUMMARIZE: mark("Summary"),
    RunKind.ASK: mark("Answer"),
    RunKind.FILL: mark("Table"),
}

library, actor = state.library(), state.actor()


def table(title: str, groups: Mapping[str, Usage]) -> None:
    st.subheader(title)
    heads, unknown = (_("Name"), _("Calls"), _("Tokens in"), _("Cached"), _("Tokens out"), _("Money")), _("unknown")
    rows = [
        (
            name,
            of.calls,
            of.input_tokens,
            of.cached_tokens,
            of.output_tokens,
            unknown if of.cost is None else f"{of.cost:.4f} {of.currency}",
        )
        for name, of in groups.items()
    ]
    st.dataframe(pd.DataFrame(rows, columns=heads), hide_index=True, alt=title)


def chart(groups: Mapping[str, Usage]) -> None:
    """Tokens by day; the table beneath says the same in numbers."""
    frame = pd.DataFrame(
        {
            _("Tokens in"): [of.input_tokens - of.cached_tokens for of in groups.values()],
            _("Cached"): [of.cached_tokens for of in groups.values()],
            _("Tokens out"): [of.output_tokens for of in groups.values()],
        },
        index=list(groups),
    )
    st.bar_chart(frame, height=260)


def money(groups: Mapping[str, Usage]) -> None:
    """What each cost, where the prices are known; a chart for each currency."""
    for currency in sorted({of.currency for of in groups.values()}):
        known = {name: float(of.cost) for name, of in groups.items() if of.cost and of.currency == currency}
        if known:
            amounts = {f"{_('Money')} ({currency})": list(known.values())}
            st.bar_chart(pd.DataFrame(amounts, index=list(known)), horizontal=True)


def parted(calls: Sequence[Call], group: Callable[[Sequence[Call]], Mapping[str, Usage]]) -> Mapping[str, Usage]:
    """The groups, each by currency where more than one was paid in: amounts in two have no sum."""
    currencies = receipts.by_currency(calls)
    if len(currencies) < 2:
        return group(calls)
    return {
        f"{name} ({currency})": of
        for currency in currencies
        for name, of in group([call for call in calls if call.currency == currency]).items()
    }


def ledger(departures: Sequence[Departure]) -> None:
    st.subheader(_("What left this machine"))
    if not departures:
        st.success(_("Nothing has left this machine."), icon=":material/lock:")
        return
    heads = _("When"), _("To"), _("What for"), _("Document"), _("Characters"), _("Bytes"), _("Deleted there")
    not_yet = _("not yet")
    rows = [
        (
            show.when(d.at, SECONDS),
            d.host,
            d.purpose,
            (d.document or "")[:12],
            d.characters,
            d.bytes,
            show.when(d.deleted_at, SECONDS) or (not_yet if d.remote_id else "–"),
        )
        for d in departures[:500]
    ]
    st.dataframe(pd.DataFrame(rows, columns=heads), hide_index=True, alt=_("What left this machine"))


def balance() -> None:
    """Asked for by a click: the account is the provider's, and to look there is a request."""
    settings = library.settings()
    if not settings.api_key or not st.button(_("Show the balance"), key="balance", icon=":material/account_balance_wallet:"):
        return
    try:
        left = ask_balance(settings)
    except KimiDocsError as problem:
        show.problem(problem)
        return
    if left is None:
        st.info(_("This provider says nothing of a balance."))
    elif left.ok:
        st.success(show.say(left.message))
    else:
        st.warning(f"{show.say(left.message)} {show.say(left.advice)}")


def named_runs(calls: Sequence[Call]) -> dict[str, Usage]:
    """The runs by what they did and for which document. Of another person's run no more is told than whose it is."""
    runs = {run.id: run for run in library.runs(actor, limit=MOST_RUNS)}
    documents = {document.id: document.shown_name for document in library.documents(actor, limit=MOST_RUNS)}

    def name(call: Call) -> str:
        known = call.run in runs
        what = _run_name(runs[call.run], documents) if known else call.owner if call.run else _("Without a run")
        return f"{what} ({call.run[:6]})" if call.run else what

    return receipts.grouped(calls, name)


def _run_name(run: Run, documents: Mapping[str, str]) -> str:
    first, *others = [documents.get(id, id[:8]) for id in run.documents] or [""]
    more = f" +{len(others)}" if others else ""
    return f"{_(KINDS[run.kind])}: {first}{more}"


st.title(_("Usage"))
calls, departures = library.calls(actor), library.departures(actor)
totals = receipts.by_currency(calls)
for total in totals.values():
    show.receipt(total)
if not totals and not departures:
    show.receipt(Usage())
balance()
if totals:
    by_day = partial(receipts.by_day, zone=show.zone())
    models, people = parted(calls, receipts.by_model), parted(calls, receipts.by_person)
    runs = dict(list(parted(calls, named_runs).items())[:100])
    chart(dict(sorted(by_day(calls).items())))
    table(_("By day"), dict(sorted(parted(calls, by_day).items())))
    table(_("By model"), models)
    money(models)
    if receipts.by_person(calls).keys() - {LOCAL.person}:
        table(_("By person"), people)
        money(people)
    table(_("By run"), runs)
    money(dict(list(runs.items())[:MOST_IN_CHART]))
ledger(departures)
