"""Settings: language, engine, key, region, model and the account's limits. They are kept in a file only this person can read."""

import os
from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from kimi_docs.analyze.own_templates import as_yaml
from kimi_docs.doctor import test_connection
from kimi_docs.errors import KimiDocsError
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.language import LANGUAGES, joined
from kimi_docs.settings import CHINA, INTERNATIONAL, TIERS, Settings, save_settings
from pages.shared import show, state
from pages.shared.state import _

library, tab = state.library(), state.tab()
settings = library.settings()
KEYS = ("KIMI_DOCS_API_KEY", "MOONSHOT_API_KEY", "KIMI_API_KEY")
ENGINES = ("auto", "local", "kimi")


def language() -> None:
    tags = list(LANGUAGES)
    chosen = st.selectbox(
        _("Language"), tags, index=tags.index(state.language()), format_func=LANGUAGES.__getitem__, key="language"
    )
    if chosen != state.language():
        state.set_language(chosen)
        save_settings({"KIMI_DOCS_LANGUAGE": chosen})
        st.rerun()


def key() -> str:
    named = next((name for name in KEYS if os.environ.get(name)), "")
    if named:
        st.info(_("The key comes from the environment ({name}); change it there.", name=named))
        return ""
    masked = "…" + settings.api_key.get_secret_value()[-4:] if settings.api_key else ""
    return st.text_input(
        _("Key"),
        type="password",
        key=f"api_key_{tab.key_round}",
        placeholder=masked or "sk-…",
        help=_("From platform.kimi.ai (international) or platform.kimi.com (China). Kept on this machine, shown to nobody."),
    )


def region() -> str:
    names = {INTERNATIONAL: _("International (api.moonshot.ai)"), CHINA: _("China (api.moonshot.cn)")}
    names.setdefault(settings.base_url, settings.base_url)
    urls = list(names)
    return st.selectbox(
        _("Region"), urls, index=urls.index(settings.base_url), format_func=names.__getitem__, key="region", accept_new_options=True
    )


def model() -> str:
    known = ["auto", *(model.id for model in load_catalog(settings.home).models)]
    options = known if settings.model in known else [*known, settings.model]
    return st.selectbox(
        _("Model"),
        options,
        index=options.index(settings.model),
        key="model",
        accept_new_options=True,
        help=_("auto: the cheapest model whose window fits the document. Any other id may be typed."),
    )


def limits() -> tuple[str, str]:
    tier = st.selectbox(
        _("Account tier"),
        list(TIERS),
        index=settings.tier,
        format_func=lambda n: _(
            "Tier {tier}: {concurrency} at once, {rpm} requests and {tpm} tokens a minute",
            tier=n,
            concurrency=TIERS[n][0],
            rpm=TIERS[n][1],
            tpm=f"{TIERS[n][2]:,}",
        ),
        key="tier",
    )
    budget = st.text_input(
        _("Cap for one run ({currency})", currency=settings.currency),
        value="" if settings.budget is None else str(settings.budget),
        key="budget",
        placeholder=_("none"),
    )
    return str(tier), budget


def form() -> None:
    st.subheader("Kimi")
    with st.form("kimi", border=False):
        engine = st.radio(
            _("Engine"),
            ENGINES,
            index=ENGINES.index(settings.engine),
            format_func={
                "auto": _("Kimi when there is a key, else this machine"),
                "local": _("This machine only: nothing leaves it"),
                "kimi": "Kimi",
            }.__getitem__,
            key="engine",
        )
        typed, url, chosen = key(), region(), model()
        tier, budget = limits()
        if st.form_submit_button(_("Save"), key="save", type="primary"):
            save({"ENGINE": engine, "MODEL": chosen, "TIER": tier, "BUDGET": budget}, url, typed)


def save(named: dict[str, str], url: str, typed: str) -> None:
    changes = {f"KIMI_DOCS_{name}": value.strip() for name, value in named.items()} | {"MOONSHOT_BASE_URL": url}
    if typed.strip():
        changes["KIMI_DOCS_API_KEY"] = typed.strip()
    before = settings
    save_settings(changes)
    try:
        now = library.settings()
    except KimiDocsError as error:
        save_settings(
            {"KIMI_DOCS_ENGINE": before.engine, "KIMI_DOCS_BUDGET": str(before.budget or ""), "MOONSHOT_BASE_URL": before.base_url}
        )
        show.problem(error)
        return
    tab.key_round += 1
    st.toast(_("Saved."), icon=":material/check:")
    overridden([name for name, value in changes.items() if not counts(name, value, now)])


def counts(name: str, value: str, now: Settings) -> bool:
    """Whether what was saved under that name is what the program goes by now."""
    match name:
        case "KIMI_DOCS_ENGINE":
            return now.engine == value
        case "KIMI_DOCS_MODEL":
            return now.model == value
        case "KIMI_DOCS_TIER":
            return now.tier == int(value)
        case "KIMI_DOCS_BUDGET":
            return now.budget == (Decimal(value) if value else None)
        case "KIMI_DOCS_API_KEY":
            return (now.api_key.get_secret_value() if now.api_key else "") == value
    return now.base_url.removesuffix("/v1") == value.strip().rstrip("/").removesuffix("/v1")


def overridden(names: Sequence[str]) -> None:
    """Say which settings are kept in vain, as they are set elsewhere too."""
    if names:
        listed = show.text(", ".join(names))
        st.warning(
            _("The environment or the .env file of the working folder says otherwise, and that counts: {names}.", names=listed)
        )


def own_templates() -> None:
    """Take templates of one's own in, hand them on, delete them."""
    st.subheader(_("Templates"))
    st.caption(_("What a summary consists of, as a YAML file with a name and sections. To begin with, take one of ours:"))
    with st.container(horizontal=True):
        for id, template in library.templates().items():
            st.download_button(
                _(template.name), data=as_yaml(template), file_name=f"{id}.yaml", mime="application/yaml", key=f"template_{id}"
            )
    added = st.file_uploader(_("Add a template"), type=["yaml", "yml"], key="add_template", max_upload_size=1)
    if added and st.button(_("Keep this template"), key="keep_template", type="primary"):
        try:
            library.import_template(added.getvalue().decode("utf-8-sig", "replace"))
        except KimiDocsError as error:
            show.problem(error, name=added.name)
        else:
            st.rerun()
    if own := list(library.own_templates()):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.selectbox(_("Your own"), own, key="own_template")
            if st.button(_("Delete"), key="delete_template", icon=":material/delete:"):
                library.remove_template(chosen)
                st.rerun()


def forget() -> None:
    """The key as it was saved here; one in another file stays, which is said."""
    save_settings(dict.fromkeys(KEYS, "") | {"KIMI_DOCS_ENGINE": "auto"})
    tab.key_round += 1
    if not library.settings().api_key:
        st.rerun()
    overridden(["KIMI_DOCS_API_KEY"])


def connection() -> None:
    with st.container(horizontal=True):
        pressed = st.button(_("Test the connection"), key="test_connection", icon=":material/cable:")
        here = library.settings().api_key and not any(os.environ.get(name) for name in KEYS)
        if here and st.button(_("Forget the key"), key="forget_key"):
            forget()
    if not pressed:
        return
    current = library.settings()
    if not current.api_key and current.chosen_provider == "moonshot":
        st.info(_("There is no key to test. Without one, the engine on this machine reads and quotes."))
        return
    with st.spinner(_("Asking the provider…")):
        checks = test_connection(current, library.storage.of(state.actor()))
    for check in checks:
        line = joined((show.say(check.message), show.say(check.advice)), state.language())
        (st.success if check.ok else st.error)(line)


st.title(_("Settings"))
language()
form()
connection()
own_templates()
st.caption(_("Everything is kept in {home}.", home=show.text(str(settings.home))))
