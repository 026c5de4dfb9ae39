"""Our count of tokens against the provider's: never below it, and close to it after ten calls."""

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_docs.domain.calls import Request
from kimi_docs.extract import pdf
from kimi_docs.kimi.counting import Counting
from kimi_docs.kimi.flights import prefix_of
from kimi_docs.kimi.tokens import signs
from tests.extract.made import CORPUS
from tests.fakes import MemoryMeter
from tests.kimi.conftest import Desk, ask, request
from tests.kimi_platform import MODELS, prompt_tokens

ENGLISH = "The committee met on 12 March 1998 and agreed, by 7 votes to 2, that the bridge (built in 1931) should be kept. "
CHINESE = "委员会于一九九八年三月十二日开会，以七票对两票通过决议：保留这座建于一九三一年的桥梁，并拨款修缮。"
TABLE = "| 1998 | 41.7 | -3.5 % |\n| 1999 | 43.0 | +0.2 % |\n"
TEXTS = {"english": ENGLISH, "chinese": CHINESE, "mixed": ENGLISH + CHINESE, "table": TABLE + ENGLISH}


def of(text: str, times: int, model: str = "kimi-k2.6") -> Request:
    spoken = ({"role": "system", "content": text * times}, {"role": "user", "content": "Summarize it, please."})
    return Request(model=model, messages=spoken, parameters={"thinking": {"type": "disabled"}})


def true_count(asked: Request) -> int:
    return prompt_tokens(MODELS[asked.model], {"messages": [dict(message) for message in asked.messages], **asked.parameters})


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("model", ["kimi-k2.6", "kimi-k3"])
def test_before_anything_was_reported_the_count_is_never_below(kind: str, model: str) -> None:
    for times in (1, 20, 300):
        asked = of(TEXTS[kind], times, model)
        assert Counting().count_request(asked, 90) >= true_count(asked)


@pytest.mark.parametrize("learned", [["english"], ["chinese"], ["mixed"], ["english", "chinese", "mixed", "table"]])
def test_after_ten_calls_it_is_at_most_15_percent_above_and_still_not_below(learned: list[str]) -> None:
    meter = MemoryMeter()
    counting = Counting(meter, "account")
    for number in range(10):
        asked = of(TEXTS[learned[number % len(learned)]], 20 + 17 * number)
        counting.learn(asked, true_count(asked))
    again = Counting(meter, "account")  # another process, later
    for kind in learned:
        asked = of(TEXTS[kind], 111)
        assert true_count(asked) <= again.count_request(asked) <= true_count(asked) * 1.15


def test_figures_that_cannot_be_are_not_learned() -> None:
    counting = Counting()
    for _ in range(10):
        counting.learn(of(ENGLISH, 50), 3 * true_count(of(ENGLISH, 50)))
    assert not counting.rates("kimi-k2.6").fitted


async def test_every_answer_teaches_the_count_of_its_model(desk: Callable[..., Desk]) -> None:
    at = desk()
    connection = at.connect()
    caller = at.caller(connection)
    for number in range(4):
        await ask(caller, request(f"{number} " + ENGLISH * (20 + number)))
    assert connection.counting.rates("kimi-k2.6").fitted
    assert not connection.counting.rates("kimi-k3").fitted


def test_a_prefix_is_named_by_model_steering_and_the_first_message() -> None:
    one = of(ENGLISH, 100)
    assert prefix_of(one)
    assert prefix_of(one) != prefix_of(of(ENGLISH, 100, "kimi-k3"))
    assert prefix_of(of(ENGLISH, 1)) == ""


def _parts(kind: str, texts: dict[str, list[str]], count: int) -> Iterator[str]:
    """Parts of 2,000 to 60,000 characters; mixed ones have a part of each language."""
    dice = random.Random(kind)
    for _ in range(count):
        chosen = [dice.choice(texts[name]) for name in (("english", "chinese") if kind == "mixed" else (kind,))]
        lengths = [dice.randint(2_000, 60_000) for _ in chosen]
        starts = [dice.randrange(max(1, len(text) - length)) for text, length in zip(chosen, lengths, strict=True)]
        yield "".join(text[start : start + length] for text, start, length in zip(chosen, starts, lengths, strict=True))


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is not on this machine")
@pytest.mark.parametrize("kind", ["english", "chinese", "mixed"])
@pytest.mark.parametrize("model", ["kimi-k2.6", "kimi-k3"])
def test_on_real_texts_it_is_never_below_and_after_ten_calls_close(kind: str, model: str) -> None:
    papers = {"english": "pdf/scisumm/*.pdf", "chinese": "pdf/zh-p3c/*.pdf"}
    texts = {name: [pdf.read(path, "id").text for path in sorted(CORPUS.glob(pattern))] for name, pattern in papers.items()}
    asked = [of(part, 1, model) for part in _parts(kind, texts, 60)]
    counting = Counting()
    assert all(counting.count_request(one, 90) >= true_count(one) for one in asked)
    for one in asked[:10]:
        counting.learn(one, true_count(one))
    assert all(true_count(one) <= counting.count_request(one) <= 1.15 * true_count(one) for one in asked[10:])


@given(st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="aZ9 \n\x1c\x85\u3000会ア가é\U00020001.", max_size=60))
def test_every_character_is_counted_once_by_its_kind(text: str) -> None:
    found = signs(text)
    assert sum(found) == len(text)
    assert found.space == sum(map(str.isspace, text))
    assert found.wordlike == sum(letter.isascii() and letter.isalnum() for letter in text)
    assert found.han >= sum("\u4e00" <= letter <= "\u9fff" for letter in text)
