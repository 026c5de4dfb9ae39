"""The book of an account that all processes share."""

from collections.abc import Sequence

from kimi_docs.domain.calls import Mark
from kimi_docs.domain.ports import Storage

NOW = 1_000_000.0


def test_a_member_sees_what_the_others_wrote_and_still_counts(storage: Storage) -> None:
    meter, seen = storage.meter, []

    def decide(others: Sequence[Mark]) -> Sequence[Mark]:
        seen.append(sorted(others, key=lambda mark: mark.slot))
        return [Mark(member="b", kind="held", until=NOW + 5, requests=2)]

    first = [Mark(member="a", kind="window", slot=slot, until=NOW + slot, requests=1, tokens=10**10) for slot in range(1, 4)]
    meter.exchange("account", "a", NOW, lambda _: first)
    meter.exchange("other account", "c", NOW, lambda _: [Mark(member="c", kind="held", until=NOW + 9)])
    meter.exchange("account", "b", NOW + 1.5, decide)
    assert seen == [first[1:]]
    assert {mark.member for mark in meter.read("account")} >= {"a", "b"}


def test_what_a_member_writes_takes_the_place_of_what_it_wrote_before(storage: Storage) -> None:
    meter = storage.meter
    for requests in (1, 2):
        marks = [Mark(member="a", kind="held", until=NOW + 5, requests=requests)]
        meter.exchange("account", "a", NOW, lambda _, marks=marks: marks)
    assert [mark.requests for mark in meter.read("account")] == [2]
    meter.exchange("account", "a", NOW, lambda _: [])
    assert list(meter.read("account")) == []


def test_a_measure_is_kept_by_account_and_name(storage: Storage) -> None:
    assert storage.meter.find_measure("account", "kimi-k3") is None
    storage.meter.save_measure("account", "kimi-k3", "[1]")
    storage.meter.save_measure("account", "kimi-k3", "[2]")
    assert storage.meter.find_measure("account", "kimi-k3") == "[2]"
    assert storage.meter.find_measure("another", "kimi-k3") is None
