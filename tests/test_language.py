"""Every text of the program is a whole sentence in the catalogue, and every catalogue says all of them."""

import ast
import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kimi_docs.language import LANGUAGES, Message, closest, current, mark, say, translate
from scripts import messages

ROOT = messages.ROOT
TRANSLATED = [tag for tag in LANGUAGES if tag != "en"]
HOSTILE = ("{0}", "{}", "{", "}", "%s", "%(name)s", "{x.__class__}", "{name!r}", "“{name}”", "$name", "\\", "\x00", "⟪")

# Where a text that was marked elsewhere is translated or passed on: file:function.
PASSED_ON = {
    "kimi_docs/analyze/columns.py:said",  # SETS
    "kimi_docs/cli/batches.py:_text",  # STATES
    "kimi_docs/cli/console.py:progress",  # STAGES
    "kimi_docs/cli/console.py:say",
    "kimi_docs/cli/search.py:_line",  # KINDS
    "kimi_docs/export/parts.py:page_rows",  # words.STATES
    "kimi_docs/export/table.py:_remark",  # DOUBTS
    "kimi_docs/export/words.py:coverage",  # STATES
    "kimi_docs/export/words.py:engine",  # ENGINES
    "kimi_docs/export/words.py:standing",  # STANDINGS
    "kimi_docs/export/words.py:verdict",  # VERDICTS
    "kimi_docs/language.py:text",
    "pages/table.py:kind_name",  # KINDS
    "pages/batch.py:drawn",  # STATES
    "pages/batch.py:new_batch",  # TEMPLATES
    "pages/batch.py:one",  # STAGES, STATES
    "pages/document.py:_version",  # TEMPLATES
    "pages/document.py:controls",  # TEMPLATES
    "pages/search.py:filters",  # KINDS
    "pages/settings.py:own_templates",  # TEMPLATES
    "pages/table.py:choose_columns",  # NAMES
    "pages/table.py:detail",  # DOUBTS
    "pages/shared/show.py:coverage",  # words.STATES
    "pages/shared/show.py:problem",  # show.say, which takes a Message
    "pages/shared/show.py:stage",  # STAGES
    "pages/shared/state.py:_",
    "pages/document.py:wished",  # LENGTHS
    "pages/usage.py:_run_name",  # KINDS
    "pages/shared/viewer.py:strip",  # words.STATES
    "storage/failures.py:_failure",  # DAMAGED and its like, with the database's name
    "storage/failures.py:damaged",
    "storage/failures.py:unreachable",
}
# Where a text gets its values later: file:function.
FILLED_LATER = {"storage/failures.py:<module>"}

DATA_ELEMENTS = "title header subheader markdown caption text write write_stream info warning error success toast badge metric code"
INPUT_ELEMENTS = (
    "button download_button link_button form_submit_button menu_button checkbox toggle radio selectbox multiselect pills feedback "
    "segmented_control slider select_slider text_input text_area number_input date_input time_input datetime_input chat_input "
    "file_uploader camera_input audio_input color_picker expander popover status spinner progress tabs image dialog"
)
ELEMENTS = frozenset((DATA_ELEMENTS + " " + INPUT_ELEMENTS).split())
WORDED = frozenset({"label", "help", "placeholder", "text", "title", "page_title", "body", "caption", "alt"})
UNSAID = re.compile(
    r":material/\w+:|:(?:small|(?:red|orange|yellow|green|blue|violet|gray|grey|primary)(?:-(?:background|badge))?)\b"
)
BRANDS = re.compile(r"\b(?:Kimi Docs|Kimi|Markdown|Word|Excel|JSON|PDF|sk)\b")
HAN = "\u3400-\u9fff"
RAW_CHINESE = re.compile(rf"[{HAN}][A-Za-z0-9{{]|[A-Za-z0-9}}][{HAN}]|[{HAN}][,;:!?]|}}[,;!?]|[{HAN}]\.(?!\w)|[{HAN}]\(|\)[{HAN}]")


@cache
def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in messages.source_files(ROOT)}


def within(node: ast.AST, function: str = "<module>") -> Iterator[tuple[str, ast.Call]]:
    """Every call below the node, with the function it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield function, child
        inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield from within(child, inner)


def sayings() -> Iterator[tuple[str, ast.Call]]:
    """Every call that says a text, with its place as file:function. `text.translate(table)` and `show.say(message)` do not."""
    for file, tree in trees().items():
        for function, call in within(tree):
            named = isinstance(call.func, ast.Name) or ast.unparse(call.func) == "console.say"
            if named and messages.name_of(call) in messages.KEYWORDS:
                yield f"{file}:{function}", call


@cache
def all_texts() -> list[str]:
    return list(messages.texts(ROOT))


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def loaded(tag: str) -> dict[str, str]:
    """The compiled catalogue of a language, as a program loads it."""
    name = tag.replace("-", "_")
    said = gettext.translation("kimi_docs", ROOT / messages.FOLDER, [name])
    return {text: said.gettext(text) for text in all_texts()}


def test_the_catalogues_are_in_step_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert messages.main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_the_places_of_its_text(tag: str) -> None:
    assert not {text: said for text, said in loaded(tag).items() if messages.places(text) != messages.places(said)}


def test_chinese_is_set_as_chinese() -> None:
    """Full-width marks after Chinese, a space between Chinese and Latin letters, digits or values."""
    known = {text: re.sub(r"\}00 万", "} 万", said) for text, said in loaded("zh-CN").items()}
    assert not {text: said for text, said in known.items() if RAW_CHINESE.search(said)}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_sentence_stays_a_sentence(tag: str) -> None:
    assert not {text: said for text, said in loaded(tag).items() if text.endswith(".") != said.endswith("。")}


def test_every_text_is_a_plain_literal() -> None:
    passed = {place for place, call in sayings() if not call.args or not is_text(call.args[0])}
    assert passed <= PASSED_ON, passed - PASSED_ON


def test_every_place_of_a_text_is_given_its_value() -> None:
    wrong = []
    for place, call in sayings():
        given = {value.arg for value in call.keywords}
        if call.args and is_text(call.args[0]) and None not in given and messages.name_of(call) != "mark":
            wanted = {name for name, _, _ in messages.places(call.args[0].value)}
            wrong += [f"{place}: {call.args[0].value!r}"] if wanted != given and place not in FILLED_LATER else []
    assert not wrong


def literals(node: ast.expr | None) -> Iterator[str]:
    """The literal pieces an expression is put together from; what a call returns is the call's affair."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts) | ast.Dict(values=parts):
            yield from (text for part in parts for text in literals(part))
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            yield from (text for part in parts for text in literals(part))
        case ast.BinOp(left=first, right=second) | ast.IfExp(body=first, orelse=second):
            yield from (*literals(first), *literals(second))
        case ast.FormattedValue(value=inner):
            yield from literals(inner)


def drawn(tree: ast.Module) -> Iterator[str]:
    """Every literal piece that a call of Streamlit draws."""
    for _, call in within(tree):
        if not isinstance(call.func, ast.Attribute):
            continue
        shown = list(call.args) if call.func.attr in ELEMENTS else []
        shown += [value.value for value in call.keywords if value.arg in WORDED]
        yield from (text for node in shown for text in literals(node))


def is_raw(text: str) -> bool:
    return any(character.isalpha() for character in BRANDS.sub("", UNSAID.sub("", text)))


def test_no_screen_draws_a_raw_string() -> None:
    raw = [(file, text) for file, tree in trees().items() if file.startswith("pages/") for text in drawn(tree) if is_raw(text)]
    assert not raw


@pytest.mark.parametrize(
    "code",
    ['st.button("Go")', 'left.caption(f"{n} pages")', 'st.text_input(_("Name"), help="A name")', 'st.info("" if ok else "No")'],
)
def test_a_raw_string_would_be_noticed(code: str) -> None:
    assert any(is_raw(text) for text in drawn(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        'st.button("", icon=":material/delete:", key="x")',
        'st.markdown(f":red[**{word}**]")',
        'st.title("Kimi Docs")',
        """st.caption(f":material/check: {_('Saved.')}")""",
    ],
)
def test_signs_brands_and_translated_texts_are_no_raw_strings(code: str) -> None:
    assert not any(is_raw(text) for text in drawn(ast.parse(code)))


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-CN", "zh-CN"),
        ("zh_CN.UTF-8", "zh-CN"),
        ("zh-Hans", "zh-CN"),
        ("zh-Hant-TW", "zh-CN"),
        ("ZH", "zh-CN"),
        ("zh.UTF-8", "zh-CN"),
        ("en", "en"),
        ("en-GB", "en"),
        ("en_US.UTF-8", "en"),
        ("fr-FR", "en"),
        ("zha", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_closest_language_is_found(tag: str | None, language: str) -> None:
    assert closest(tag) == language


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_message_survives_hostile_values(tag: str, hostile: str) -> None:
    for text in all_texts():
        names = {name for name, _, _ in messages.places(text)}
        said = Message(id=text, values=dict.fromkeys(names, hostile)).text(tag)
        assert said.count(hostile) >= len(names)


def test_a_message_without_values_is_said_as_it_stands() -> None:
    assert say("{0} %s {x.__class__}").text("zh-CN") == "{0} %s {x.__class__}"


def test_nothing_to_say_is_no_text() -> None:
    assert Message(id="").text("zh-CN") == ""


def test_a_marked_text_is_translated_where_it_is_shown() -> None:
    assert translate(mark("exact"), "zh-CN") == "完全一致"
    assert translate("exact", "en") == "exact"


def test_the_language_of_the_process_is_used_where_none_is_given() -> None:
    token = current.set("zh-CN")
    try:
        assert translate("“{name}” is empty.", name="a.pdf") == "“a.pdf”是空文件。"
    finally:
        current.reset(token)


def test_a_language_without_catalogue_is_english() -> None:
    assert translate("exact", "fr") == "exact"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small program with its catalogue, in step."""
    (tmp_path / "app.py").write_text('say("Hello {name}.", name=n)\nx = f"a {_(\'Bye.\')} b"\n', "utf-8")
    messages.write(tmp_path / messages.FOLDER, messages.wanted_files(tmp_path))
    catalogue = tmp_path / messages.FOLDER / "zh_CN/LC_MESSAGES/kimi_docs.po"
    said = catalogue.read_text("utf-8").replace('{name}."\nmsgstr ""', '{name}."\nmsgstr "{name}，您好。"')
    catalogue.write_text(said.replace('Bye."\nmsgstr ""', 'Bye."\nmsgstr "再见。"'), "utf-8")
    messages.write(tmp_path / messages.FOLDER, messages.wanted_files(tmp_path))
    return tmp_path


def test_a_text_inside_an_f_string_is_found(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = f\"a {_('Bye.')} b {say('One ' 'two.')}\"\n", "utf-8")
    assert list(messages.texts(tmp_path)) == ["Bye.", "One two."]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("zh_CN/LC_MESSAGES/kimi_docs.po", "再见。", "", "not translated: 'Bye.'"),
        ("zh_CN/LC_MESSAGES/kimi_docs.po", "再见。", "别了。", "kimi_docs.mo: not up to date"),
        ("zh_CN/LC_MESSAGES/kimi_docs.po", "{name}，您好。", "{nam}，您好。", "other places than in 'Hello {name}.'"),
        ("zh_CN/LC_MESSAGES/kimi_docs.po", "{name}，您好。", "{name，您好。", "other places than in 'Hello {name}.'"),
        ("zh_CN/LC_MESSAGES/kimi_docs.po", 'msgid "Bye."', '#, fuzzy\nmsgid "Bye."', "fuzzy: 'Bye.'"),
        ("kimi_docs.pot", "Bye.", "Good bye.", "kimi_docs.pot: not up to date"),
        ("../../app.py", "Bye.", "So long.", "not translated: 'So long.'"),
    ],
)
def test_check_names_what_is_wrong(tree: Path, file: str, old: str, new: str, said: str) -> None:
    assert messages.check(tree) == []
    path = tree / messages.FOLDER / file
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert any(said in fault for fault in messages.check(tree)), messages.check(tree)


def test_a_missing_compiled_catalogue_is_named(tree: Path) -> None:
    (tree / messages.FOLDER / "zh_CN/LC_MESSAGES/kimi_docs.mo").unlink()
    assert [fault.rsplit("/", 1)[-1].split(":")[0] for fault in messages.check(tree)] == ["kimi_docs.mo"]


def test_moving_a_text_in_its_file_changes_no_catalogue(tree: Path) -> None:
    lines = (tree / "app.py").read_text("utf-8").splitlines()
    (tree / "app.py").write_text("\n\n".join(reversed(lines)), "utf-8")
    assert messages.check(tree) == []


def test_a_translation_is_kept_and_an_obsolete_one_dropped(tree: Path) -> None:
    (tree / "app.py").write_text('_("Bye.")\n_("Bye now.")\n', "utf-8")
    messages.write(tree / messages.FOLDER, messages.wanted_files(tree))
    known = messages.known_messages(tree / messages.FOLDER / "zh_CN/LC_MESSAGES/kimi_docs.po", "zh_CN")
    assert {text: message.string for text, message in known.items()} == {"Bye.": "再见。", "Bye now.": ""}


def test_the_pseudo_catalogue_brackets_every_text(tmp_path: Path) -> None:
    assert messages.main(["--pseudo", str(tmp_path)]) == 0
    said = gettext.translation("kimi_docs", tmp_path, ["zh_CN"])
    assert [text for text in all_texts() if said.gettext(text) != f"⟪{text}⟫"] == []


def test_no_page_has_a_text_of_its_own_lying_about() -> None:
    """Streamlit may draw such a one on the screen."""
    for path in [*(ROOT / "pages").glob("*.py"), ROOT / "app.py"]:
        for statement in ast.parse(path.read_text(encoding="utf-8")).body[1:]:
            assert not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)), f"{path}:{statement.lineno}"
