"""Programs to compare with that the project does not need: each in an interpreter of its own, made when it is first asked for."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def interpreter(name: str, *packages: str) -> str:
    """The path of a Python that has these packages; "" where they cannot be had."""
    place = ROOT / ".venv" / name
    python = str(place / "bin" / "python")
    if not Path(python).exists():
        print(f"making an interpreter with {name} …", file=sys.stderr)
        try:
            for command in ([sys.executable, "-m", "venv", str(place)], [python, "-m", "pip", "install", "--quiet", *packages]):
                subprocess.run(command, check=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(place, ignore_errors=True)
            print(f"{name} cannot be installed here: not beside it", flush=True)
            return ""
    return python


@cache
def _markitdown() -> str:
    return interpreter("markitdown", "markitdown[pdf,xlsx,xls]==0.1.*")


def markdown(paths: Iterable[Path]) -> Mapping[Path, str]:
    """What markitdown makes of these files; one that it refuses is "", and all of them are missing where it cannot be had."""
    asked = json.dumps([str(path) for path in paths])
    if not (python := _markitdown()):
        return {}
    command = [python, str(Path(__file__).with_name("markitdown_baseline.py"))]
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return {Path(path): text for path, text in json.loads(done.stdout).items()}
