"""A file of columns is small and flat: it cannot grow in the reading."""

from pathlib import Path

import pytest

from kimi_docs.analyze.columns import SETS, column_set, load_columns
from kimi_docs.domain.table import ValueType
from kimi_docs.errors import WrongUse
from kimi_docs.language import LANGUAGES
from kimi_docs.local.answer import asked_part

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


def test_a_set_is_asked_in_the_reader_s_language_and_both_ask_for_the_same_parts() -> None:
    english, chinese = column_set("literature", "en"), column_set("literature", "zh-CN")
    assert [column.name for column in chinese] == ["问题", "方法", "数据", "样本量", "结果", "局限"]
    assert [column.type for column in chinese] == [column.type for column in english]
    parts = [[asked_part(column.question) for column in columns if column.type is ValueType.TEXT] for columns in (english, chinese)]
    assert parts == [["question", "method", "data", "results", "limitations"]] * 2


@pytest.mark.parametrize("name", SETS)
def test_every_column_of_a_set_has_a_name_of_its_own_in_each_language(name: str) -> None:
    for language in LANGUAGES:
        columns = column_set(name, language)
        assert len({column.name for column in columns}) == len(SETS[name])
        assert all(column.question for column in columns)
