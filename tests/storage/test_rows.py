"""Whatever a noun holds, its row gives it back."""

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_docs.domain.calls import Call, Departure
from kimi_docs.domain.claims import Answer, Session, Summary
from kimi_docs.domain.document import Document
from kimi_docs.domain.runs import Run
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import Misconfigured
from storage.rows import changed_columns, clean, from_row, pack, to_row, unpack
from tests.storage.things import RUN

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field of that type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values(argument) for argument in arguments])
    if origin is tuple and arguments[-1] is not ...:
        return st.tuples(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(*map(values, arguments), max_size=2)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


@pytest.mark.parametrize("noun", [Document, Summary, Session, Answer, Run, Call, Departure])
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_noun_comes_back_from_its_row(noun: type[Any], data: st.DataObject) -> None:
    kept = data.draw(values(noun))
    assert from_row(noun, to_row(kept)) == kept


@settings(deadline=None, max_examples=25)
@given(values(Extraction))
def test_an_extraction_comes_back_from_its_bytes(extraction: Extraction) -> None:
    assert unpack(pack(extraction)) == extraction


@settings(deadline=None, max_examples=25)
@given(values(Run))
def test_changed_columns_are_those_of_the_whole_row(run: Run) -> None:
    changes = {field.name: getattr(run, field.name) for field in dataclasses.fields(run)}
    assert changed_columns(changes) == to_row(run)


@given(st.text(st.characters()))
def test_cleaned_text_can_be_kept_and_is_as_long_as_before(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "\0" not in cleaned
    assert len(cleaned) == len(text)


def test_characters_no_database_takes_do_not_stop_a_run_from_being_kept() -> None:
    bad = dataclasses.replace(RUN, question="a\0\ud800b", draft=dataclasses.replace(RUN.draft, title="c\0\ud800d"))  # type: ignore[type-var]
    kept = from_row(Run, to_row(bad))
    assert (kept.question, kept.draft.title) == ("a\ufffd?b", "c\0?d")  # type: ignore[union-attr]


def test_an_extraction_keeps_its_offsets_where_a_character_cannot_be_kept() -> None:
    extraction = Extraction(document="d", extractor="x", text="a\ud800b", pages=())
    assert unpack(pack(extraction)).text == "a?b"


def test_a_row_kept_before_a_noun_learnt_a_field_can_be_read() -> None:
    row = to_row(RUN)
    usage = json.loads(row["usage"])
    del usage["possible_duplicates"]
    row["usage"] = json.dumps({**usage, "forgotten since": 1})
    assert from_row(Run, row) == RUN


@pytest.mark.parametrize("broken", ["{", '{"calls": "many"}', "[]"])
def test_a_row_that_makes_no_sense_is_said_in_words(broken: str) -> None:
    with pytest.raises(Misconfigured, match="damaged"):
        from_row(Run, {**to_row(RUN), "usage": broken})


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_row(dataclasses.replace(RUN, created_at=datetime(2026, 1, 1)))
