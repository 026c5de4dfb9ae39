"""Templates of one's own: written, kept, chosen by name, handed on; and what comes in as one can do no harm."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kimi_docs.analyze.own_templates import as_yaml, get_own, own_templates, parse_template, remove_own, save_own
from kimi_docs.analyze.templates import TEMPLATES
from kimi_docs.errors import KimiDocsError, NotFound, WrongUse
from tests.analyze.conftest import Sitting
from tests.conftest import ROOT
from tests.kimi_server import KimiServer

Sit = Callable[[], Sitting]
Start = Callable[..., KimiServer]
MINE = """
name: due-diligence
sections:
  - title: Cooling
    instruction: how much cooler shaded streets were at midday
  - 风险
"""
BOMB = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"


def test_a_template_comes_back_as_it_was_written(tmp_path: Path) -> None:
    template = parse_template(MINE)
    save_own(tmp_path, template)
    assert get_own(tmp_path, "due-diligence") == template == parse_template(as_yaml(template))
    assert list(own_templates(tmp_path)) == ["due-diligence"]
    assert (tmp_path / "templates/due-diligence.yaml").stat().st_mode & 0o077 == 0
    remove_own(tmp_path, "due-diligence")
    assert own_templates(tmp_path) == {}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.id)
def test_ours_can_be_the_beginning_of_ones_own(template: object) -> None:
    told = as_yaml(template).replace("name: ", "name: My ", 1)  # type: ignore[arg-type]
    assert parse_template(told).sections


@pytest.mark.parametrize(
    "content",
    [
        "",
        "x",
        "[1, 2]",
        "name: mine",
        "name: mine\nsections: []",
        "name: mine\nsections: [{instruction: x}]",
        "name: mine\nsections: [A, A]",
        "name: mine\nsections: [{title: A, instruction: {b: c}}]",
        "name: mine\nsections: [12]",
        "name: mine\nsections: ['A\u202eB']",
        f"name: mine\nsections: [{'A' * 81}]",
        f"name: mine\nsections: {json.dumps([f'S{n}' for n in range(21)])}",
        "name: ../../mine\nsections: [A]",
        "name: .mine\nsections: [A]",
        "name: general\nsections: [A]",
        "name: a/b\nsections: [A]",
        "name: !!python/object/apply:os.system ['touch /tmp/owned']\nsections: [A]",
        "!!python/object/new:os.system [touch]",
        f"{BOMB}name: mine\nsections: *c",
        "[" * 50_000,
        "name: mine\nsections: [A]\n#" + "x" * 70_000,
        "name: mine\nsections: [A]\n---\nname: other",
        "\x00\x01",
        "name: mine\nsections: [{title: !!bool maybe}]",
        "name: mine\nsections: [{title: !!int ''}]",
        "name: mine\nsections: [{title: !!timestamp x}]",
    ],
    ids=lambda content: content[:30],
)
def test_what_is_no_template_is_refused_with_an_example(content: str) -> None:
    with pytest.raises(WrongUse, match="due-diligence"):
        parse_template(content)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "", ".", "x/../../y", "a\0b"])
def test_a_name_leads_to_no_other_folder(tmp_path: Path, name: str) -> None:
    for act in (get_own, remove_own):
        with pytest.raises(NotFound):
            act(tmp_path, name)


def test_a_file_spoiled_by_hand_is_passed_over_and_told_when_it_is_chosen(tmp_path: Path) -> None:
    save_own(tmp_path, parse_template(MINE))
    (tmp_path / "templates/spoiled.yaml").write_text("name: [", encoding="utf-8")
    (tmp_path / "templates/typed.yaml").write_text("title: !!bool maybe", encoding="utf-8")
    assert list(own_templates(tmp_path)) == ["due-diligence"]
    with pytest.raises(KimiDocsError, match="no YAML"):
        get_own(tmp_path, "spoiled")


def test_its_sections_are_asked_for_and_a_changed_template_is_another_summary(sit: Sit, kimi: Start) -> None:
    server, at = kimi(), sit()
    document = at.add((ROOT / "samples/paper-en.pdf").read_bytes(), "paper-en.pdf")
    at.library.import_template(MINE)
    first = at.summarize(document, template="due-diligence")
    task = server.calls[0].body["messages"][-1]["content"]
    assert "- Cooling: how much cooler shaded streets were at midday" in task
    assert [section.title for section in first.draft.sections] == ["Cooling", "风险"]
    assert first.template == "due-diligence"
    at.library.import_template(MINE.replace("风险", "Risks"))
    assert at.summarize(document, template="due-diligence").id != first.id
    with pytest.raises(WrongUse, match="due-diligence"):
        at.library.order(template="nothing like it")


def test_without_a_key_its_sections_hold_the_sentences_that_answer_it(sit: Sit) -> None:
    at = sit()
    at.library.import_template(MINE)
    summary = at.summarize(at.add((ROOT / "samples/paper-en.pdf").read_bytes(), "paper-en.pdf"), template="due-diligence")
    assert summary.draft.sections[0].title == "Cooling"
    assert all(claim.verified for claim in summary.draft.claims)


def test_the_command_line_takes_in_lists_hands_on_and_deletes(home: Path, tmp_path: Path) -> None:
    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "kimi_docs", "templates", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")

    mine, out = tmp_path / "mine.yaml", tmp_path / "out.yaml"
    mine.write_text(MINE, encoding="utf-8")
    assert run("import", mine).returncode == 0
    listed = json.loads(run("list", "--json").stdout)["templates"]
    assert listed[-1] == {"name": "due-diligence", "own": True, "sections": ["Cooling", "风险"]}
    assert run("export", "due-diligence", "--export", out).returncode == 0
    assert parse_template(out.read_text(encoding="utf-8")) == parse_template(MINE)
    assert run("delete", "due-diligence").returncode == 0
    assert run("show", "due-diligence").returncode == 2
