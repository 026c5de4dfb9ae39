"""A YAML file, or the name of a set → the columns of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from kimi_docs.analyze.own_templates import MOST_BYTES, YAML_ERRORS, flat
from kimi_docs.domain.table import Column, ValueType
from kimi_docs.errors import WrongUse
from kimi_docs.language import mark, say, translate

MOST_COLUMNS = 100
TYPES = {**{kind.value: kind for kind in ValueType}, "yes_no": ValueType.YES_NO, "one of": ValueType.CHOICE}


def _column(name: str, question: str, type: ValueType = ValueType.TEXT, **more: Any) -> Column:
    return Column(name=name, question=question, type=type, **more)


SETS: Mapping[str, tuple[Column, ...]] = {
    "literature": (
        _column(mark("Question"), mark("What is the purpose of the study?")),
        _column(mark("Method"), mark("Which method does the study use?")),
        _column(mark("Data set"), mark("Which data does the study use?")),
        _column(mark("Sample"), mark("How large is the sample?"), ValueType.NUMBER),
        _column(mark("Result"), mark("What is the main result?")),
        _column(mark("Limitation"), mark("What are the limitations of the study?")),
    ),
    "contracts": (
        _column(mark("Parties"), mark("Who are the parties to the contract?")),
        _column(mark("Effective date"), mark("On which date does the contract take effect?"), ValueType.DATE),
        _column(mark("Term"), mark("How long does the contract run?")),
        _column(
            mark("Notice period"), mark("How many days of notice are needed to terminate it?"), ValueType.NUMBER, unit=mark("days")
        ),
        _column(mark("Amount"), mark("How much is to be paid in all?"), ValueType.NUMBER),
        _column(mark("Governing law"), mark("Which law governs the contract?")),
        _column(mark("Renews itself"), mark("Does the contract renew itself?"), ValueType.YES_NO),
    ),
    "financials": (
        _column(mark("Period"), mark("Which period is reported?")),
        _column(mark("Currency"), mark("In which currency are the figures?")),
        _column(mark("Revenue"), mark("What is the total revenue of the period?"), ValueType.NUMBER),
        _column(mark("Net profit"), mark("What is the net profit of the period?"), ValueType.NUMBER),
        _column(mark("Total assets"), mark("What are the total assets?"), ValueType.NUMBER),
        _column(mark("Operating cash flow"), mark("What is the net cash flow from operating activities?"), ValueType.NUMBER),
    ),
}


def column_set(name: str, language: str | None = None) -> tuple[Column, ...]:
    """The columns of a set, asked in that language (the current one). Raises: KeyError."""

    def said(text: str) -> str:
        return translate(text, language)

    return tuple(
        replace(column, name=said(column.name), question=said(column.question), unit=said(column.unit)) for column in SETS[name]
    )


def load_columns(source: str) -> tuple[Column, ...]:
    """Raises: WrongUse."""
    if source in SETS:
        return column_set(source)
    path = Path(source)
    if not path.is_file():
        raise WrongUse(
            say("There is no file and no set of columns {name}.", name=source),
            say("Give a YAML file, or one of: {names}.", names=", ".join(SETS)),
        )
    with path.open("rb") as opened:
        written = opened.read(MOST_BYTES + 1)
    if len(written) > MOST_BYTES:
        raise _wrong(say("A file of columns has at most {most} bytes.", most=MOST_BYTES))
    try:
        text = written.decode("utf-8-sig")
        if not flat(text):
            raise _wrong(say("A file of columns has no references (&, *) in it, and nothing nested deeply."))
        content = yaml.safe_load(text)
    except YAML_ERRORS as error:
        raise WrongUse(say("{name} is no YAML: {reason}", name=path.name, reason=str(error)), say("Correct the file.")) from error
    listed = content.get("columns") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        raise _wrong(say("A list of columns is needed."))
    return checked([_read(number, each) for number, each in enumerate(listed, 1)])


def checked(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Raises: WrongUse."""
    names = [column.name for column in columns]
    if not names or len(names) > MOST_COLUMNS:
        raise _wrong(say("A table has 1 to {most} columns.", most=MOST_COLUMNS))
    if len(set(names)) < len(names):
        raise _wrong(say("Two columns have the same name."))
    if any(column.type is ValueType.CHOICE and len(column.choices) < 2 for column in columns):
        raise _wrong(say("A choice needs at least two values to choose from."))
    return tuple(columns)


def _read(number: int, each: Any) -> Column:
    if isinstance(each, str):
        return Column(name=each, question=each)
    if not isinstance(each, dict) or not (each.get("question") or each.get("name")):
        raise _wrong(say("Column {number} has neither a name nor a question.", number=number))
    question, choices = str(each.get("question") or each["name"]), each.get("choices") or each.get("values") or ()
    kind = TYPES.get(str(each.get("type", ValueType.CHOICE.value if choices else ValueType.TEXT.value)).strip().lower())
    if kind is None:
        raise _wrong(say("Column {number} is of no known type. There are: {types}.", number=number, types=", ".join(ValueType)))
    return Column(
        name=str(each.get("name") or question),
        question=question,
        type=kind,
        unit=str(each.get("unit") or ""),
        choices=tuple(map(str, choices)) if isinstance(choices, list | tuple) else (),
    )


def _wrong(message: Any) -> WrongUse:
    example = "- {name: Sample, question: 'How large is the sample?', type: number}"
    return WrongUse(message, say("Write for each column a line such as: {example}", example=example))
