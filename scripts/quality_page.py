"""Benches → `docs/quality.md`: what each printed, with the day, the commit and the machine.

python scripts/quality_page.py [verifier local_quality query_table search …]    only those named are measured anew
"""

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "quality.md"
BENCHES = {
    "verifier": "Quotes looked up in the source",
    "local_quality": "The engine on this machine",
    "query_table": "Sums over sheets",
    "search": "Search",
}
INTRODUCTION = """# How good it is, measured

Every figure here was printed by `python -m tests.bench NAME` and put here by `scripts/quality_page.py`; nothing is written by hand.
What is read of documents, and how well, is in [extraction.md](extraction.md).
"""


def main(wanted: list[str]) -> None:
    kept = _sections()
    for name in wanted or BENCHES:
        kept[name] = _measured(name)
        PAGE.write_text("\n".join([INTRODUCTION, *(kept[bench] for bench in BENCHES if bench in kept)]), encoding="utf-8")


def _sections() -> dict[str, str]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = re.findall(r"(<!-- (\w+) -->\n.*?<!-- end -->\n)", text, re.DOTALL)
    return {name: section for section, name in found}


def _measured(name: str) -> str:
    command = [sys.executable, "-m", "tests.bench", name]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line.rstrip() for line in printed.splitlines() if line.strip() and not line.startswith("==")]
    shown = "\n".join(lines)
    return f"<!-- {name} -->\n## {BENCHES[name]}\n\n{_when(name)}\n\n```\n{shown}\n```\n<!-- end -->\n"


def _when(name: str) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    load = f"{os.getloadavg()[0]:.1f}"
    machine = f"{os.cpu_count()} cores, load {load} when it ended, Python {platform.python_version()}"
    return f"`python -m tests.bench {name}`, {datetime.date.today().isoformat()}, commit {commit.strip()}, {machine}."


if __name__ == "__main__":
    main(sys.argv[1:])
