"""The engine through real HTTP, where a model is closed, a part is withheld, or hardly anything fits."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from kimi_docs.analyze.kimi_engine import KimiEngine
from kimi_docs.analyze.plan import plan
from kimi_docs.analyze.table import fill_by_kimi
from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.domain.runs import Progress
from kimi_docs.domain.table import Column, Doubt
from kimi_docs.domain.text import Extraction
from kimi_docs.errors import TooLong, Withheld
from kimi_docs.extract.plain import read
from kimi_docs.kimi.catalog import load_catalog
from kimi_docs.settings import load_settings
from tests.kimi.conftest import Desk

Make = Callable[..., Desk]
COLUMN = Column(name="Rise", question="How far did the river rise?")


def document(folder: Path, paragraphs: int = 3, name: str = "one") -> Extraction:
    """Paragraphs that all differ; the last names the word `Svratka`."""
    lines = [
        f"In year {1900 + number} the river rose by {number + 3} centimetres at the bridge of {name}."
        for number in range(paragraphs)
    ]
    path = folder / f"{name}.txt"
    path.write_text("\n\n".join([*lines, "The Svratka stayed within its banks."]))
    return read(path, name)


async def summary(at: Desk, extraction: Extraction, **settings: object) -> Progress:
    engine = KimiEngine(at.caller(), at.settings(**settings))
    last = None
    async with aclosing(engine.summarize(extraction, SummaryOrder(engine="kimi"))) as steps:
        async for step in steps:
            last = step
    assert last
    return last


async def test_summaries_side_by_side_all_move_on_where_the_cheapest_model_is_closed(desk: Make, tmp_path: Path) -> None:
    at = desk()
    at.server.fail_next(*["404_model"] * 3)
    connection = at.connect()

    async def one(name: str) -> str:
        engine = KimiEngine(at.caller(connection, run=name), at.settings())
        async with aclosing(engine.summarize(document(tmp_path, name=name), SummaryOrder(engine="kimi"))) as steps:
            async for _ in steps:
                pass
        return engine.model

    assert await asyncio.gather(*map(one, "abc")) == ["kimi-k3.1-pro"] * 3


async def test_a_table_moves_on_where_the_cheapest_model_is_closed(desk: Make, tmp_path: Path) -> None:
    at = desk()
    at.server.fail_next("404_model")
    cells, model = await fill_by_kimi(at.caller(), at.settings(), document(tmp_path), [COLUMN], "")
    assert (model, len(cells)) == ("kimi-k3.1-pro", 1)


async def test_a_part_of_a_table_that_is_withheld_is_said_in_its_cells(desk: Make, tmp_path: Path) -> None:
    at = desk()
    at.server.fail_when("Svratka", "400_content_filter")
    long = document(tmp_path, 60)
    settings = at.settings(chunk_tokens=600)
    (cell,), _ = await fill_by_kimi(at.caller(), settings, long, [COLUMN], "")
    assert cell.stated
    assert Doubt.PARTLY_READ in cell.doubts
    with pytest.raises(Withheld):
        await fill_by_kimi(at.caller(), at.settings(), document(tmp_path), [COLUMN], "")


async def test_a_table_of_several_parts_is_parted_alike_after_the_count_was_corrected(desk: Make, tmp_path: Path) -> None:
    at = desk()
    connection, settings, long = at.connect(), at.settings(chunk_tokens=600), document(tmp_path, 60)
    await fill_by_kimi(at.caller(connection), settings, long, [COLUMN], "")
    asked = len(at.server.calls)
    await fill_by_kimi(at.caller(connection, run="another"), settings, long, [COLUMN], "")
    assert len(at.server.calls) == asked > 1


async def test_parts_that_are_all_withheld_make_no_summary(desk: Make, tmp_path: Path) -> None:
    at = desk()
    at.server.fail_always("400_content_filter")
    with pytest.raises(Withheld):
        await summary(at, document(tmp_path, 60), chunk_tokens=600)


async def test_what_the_parts_said_is_kept_where_choosing_among_it_is_refused(desk: Make, tmp_path: Path) -> None:
    at = desk()
    at.server.fail_when("numbered claims were made", "400_content_filter")
    made = await summary(at, document(tmp_path, 400), chunk_tokens=500)
    assert len(list(made.draft.claims)) > 24
    assert "not_reduced" in {notice.code for notice in made.notices}
    assert made.complete


@pytest.mark.parametrize(("tpm", "model"), [(17_000, "kimi-k2.6"), (32_000, "kimi-k3.1-pro")])
def test_where_hardly_anything_fits_nothing_is_sent_in_crumbs(home: object, tmp_path: Path, tpm: int, model: str) -> None:
    with pytest.raises(TooLong, match="KIMI_DOCS_TPM"):
        plan(document(tmp_path, 600), load_settings(api_key="sk-x", tpm=tpm), load_catalog(), model)
    planned = plan(document(tmp_path, 2000), load_settings(api_key="sk-x", tpm=32_000), load_catalog())
    assert (planned.model.id, planned.calls < 9) == ("kimi-k2.6", True)
