"""A file of columns is small and flat: it cannot grow in the reading."""

from pathlib import Path

import pytest

from kimi_docs.analyze.columns import load_columns
from kimi_docs.errors import WrongUse

BOMB = "\n".join(["- &a [" + "x, " * 30 + "x]", *(f"- &{b} [" + f"*{a}, " * 30 + "x]" for a, b in ("ab", "bc", "cd"))])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{BOMB}\n- {{question: *d}}", "references"),
        ("- &a {name: A}\n- *a", "references"),
        ("[" * 50_000, "nested"),
        ("- A\n#" + "x" * 70_000, "bytes"),
        ("- !!bool maybe", "no YAML"),
        ("- !!int ''", "no YAML"),
        ("- !!timestamp x", "no YAML"),
        ("- [\x00", "no YAML"),
    ],
    ids=lambda each: each[:20],
)
def test_what_could_grow_or_is_no_yaml_is_refused(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WrongUse, match=told):
        load_columns(str(path))


def test_the_deepest_file_that_makes_sense_is_read(tmp_path: Path) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text("columns:\n- name: Kind\n  choices: [a, b]\n- Who signed?\n", encoding="utf-8-sig")
    assert [column.name for column in load_columns(str(path))] == ["Kind", "Who signed?"]
