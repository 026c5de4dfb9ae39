"""A small soak with random faults of all kinds; the large one is in tests/bench/kimi_soak.py."""

from tests.bench.kimi_soak import soak


def test_of_sixty_documents_among_random_faults_none_is_lost_or_kept_twice_and_the_receipts_are_the_ledger(home: object) -> None:
    figures = soak(documents=60, chance=0.25, seed=7)
    assert figures["faults"] >= 8
    assert (figures["lost"], figures["twice"], figures["other_than_said"]) == (0, 0, 0)
    assert figures["difference"] == {"prompt": 0, "cached": 0, "completion": 0}
