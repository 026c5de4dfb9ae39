"""What the README says is true: its commands exist, its settings are the program's, its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kimi_docs.settings import TIERS, Settings
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[list[str]]:
    lines = re.findall(r"^kimi-docs (.+?)(?:\s+#.*)?$", README, re.MULTILINE)
    return [line.split() for line in lines]


def test_the_two_commands_of_a_newcomer_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_shown_exists_with_the_options_shown(home: Path, command: list[str]) -> None:
    words = command[: 2 if command[0] in ("sessions", "templates") else 1]
    done = subprocess.run([sys.executable, "-m", "kimi_docs", *words, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    for option in (word for word in command if word.startswith("--")):
        assert option in done.stdout


def test_every_setting_is_in_the_table_and_the_other_way_round() -> None:
    table = set(re.findall(r"`((?:KIMI_DOCS|MOONSHOT|KIMI)_[A-Z_]+)`", README))
    named = {f"KIMI_DOCS_{name.upper()}" for name in Settings.model_fields} - {"KIMI_DOCS_BASE_URL"}
    also = {"MOONSHOT_API_KEY", "KIMI_API_KEY", "MOONSHOT_BASE_URL", "MOONSHOT_API_BASE", "KIMI_BASE_URL"}
    assert table == named | also


def test_the_defaults_of_tier_0_are_as_the_table_says() -> None:
    assert "| 1, 3, 500000, 1500000 |" in README
    assert TIERS[0] == (1, 3, 500_000, 1_500_000)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_every_requirement_has_its_reason() -> None:
    reasons = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for name in (re.split(r"[\[<>=]", line)[0] for line in lines if line and not line.startswith("#")):
        assert name in reasons, name
