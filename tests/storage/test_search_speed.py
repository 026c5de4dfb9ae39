"""The benchmark of the search, small: what it promises does not depend on how large it is."""

import pytest

from tests.bench import search


@pytest.mark.corpus
def test_two_character_words_are_found_everywhere_and_taking_in_is_quick() -> None:
    if not search.present():
        pytest.skip("the shared corpus is not here")
    figures = search.measure(4000, 8)
    assert figures.found == figures.wanted == 50
    assert figures.passages / figures.processor_seconds > 1000  # of an idle machine's 4,000
    assert max(ours[1] for pairs in figures.milliseconds.values() for ours, _ in pairs) < 1000
