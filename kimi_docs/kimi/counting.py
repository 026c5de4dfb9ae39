"""Text → tokens as one model of one account counts them: our safe count, corrected by what the provider reported before.

Each answer tells how many tokens its prompt had. From the last of them we fit what a Han character, a letter or digit and any
other sign cost, and add as much as the worst of them was above the fit: so the count is close, and not below what will be billed.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from kimi_docs.domain.calls import Request
from kimi_docs.domain.ports import Meter
from kimi_docs.kimi.tokens import SAFE, Signs, request_signs, signs
from kimi_docs.settings import Settings

KEPT_SAMPLES = 40
FEW_SAMPLES = 3
KEPT_AT_ONCE = 12
"""The first samples are written to the store one by one, later ones so many at a time: a write takes as long as a small call."""
MARGIN, MARGIN_OF_FEW = 1.02, 1.05
"""Above the fit for what was not seen yet."""
_STIFFNESS = (0.05, 0.05, 0.05, 0.005)
"""How firmly a rate stays where it was: about 1 % that a count is off for nothing, over 20 % that a rate may be off.
What a template adds to a message differs many times over from model to model."""
SMALL_TOKENS = 300
"""Shorter prompts say more about the template than about text."""

Sample = tuple[float, float, float, float, float]  # Han characters, letters and digits, other signs, messages, tokens reported


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Tokens a sign of each kind costs, and a message beside its text."""

    han: float = SAFE.han
    wordlike: float = SAFE.wordlike
    other: float = SAFE.other
    space: float = SAFE.space
    message: float = SAFE.message
    fitted: bool = False

    def tokens(self, counted: Signs, messages: int = 0) -> int:
        total = self.han * counted.han + self.wordlike * counted.wordlike + self.other * counted.other
        return int(total + self.space * counted.space + self.message * messages) + 1


@dataclass(eq=False)
class Counting:
    """The rates of each model, kept with the account in the store. Without samples they are the safe ones."""

    meter: Meter | None = None
    account: str = ""
    _samples: dict[str, list[Sample]] = field(default_factory=dict)
    _rates: dict[str, Rates] = field(default_factory=dict)
    _learned: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, text: str, model: str) -> int:
        """Tokens of a text."""
        return self.rates(model).tokens(signs(text))

    def count_request(self, request: Request, overhead_tokens: int = 0) -> int:
        """Tokens of a prompt. `overhead_tokens` are what the model's template adds to any; fitted rates know them already."""
        rates = self.rates(request.model)
        total = rates.tokens(request_signs(request), len(request.messages))
        return total + (0 if rates.fitted else overhead_tokens)

    def rates(self, model: str) -> Rates:
        with self._lock:
            if model not in self._rates:
                self._rates[model] = fit(self._load(model))
            return self._rates[model]

    def learn(self, request: Request, reported_tokens: int) -> None:
        """Take in what the provider counted. May write to the store."""
        counted = request_signs(request)
        if reported_tokens < SMALL_TOKENS or not 0.3 < reported_tokens / max(1, Rates().tokens(counted)) < 1.5:
            return  # too short, or a figure that cannot be: pictures, a server that counts wrongly
        sample = (
            float(counted.han),
            float(counted.wordlike),
            float(counted.other),
            float(len(request.messages)),
            float(reported_tokens),
        )
        with self._lock:
            samples = self._load(request.model)
            if sample in samples:
                return
            self._samples[request.model] = samples = [*samples, sample][-KEPT_SAMPLES:]
            self._rates[request.model] = fit(samples)
            self._learned += 1
        if self.meter and (len(samples) <= KEPT_AT_ONCE or self._learned % KEPT_AT_ONCE == 0):
            self.meter.save_measure(self.account, f"tokens of {request.model}", json.dumps(samples))

    def _load(self, model: str) -> list[Sample]:
        if model not in self._samples:
            kept = self.meter.find_measure(self.account, f"tokens of {model}") if self.meter else None
            self._samples[model] = [(row[0], row[1], row[2], row[3], row[4]) for row in json.loads(kept or "[]")]
        return self._samples[model]


def fit(samples: Sequence[Sample]) -> Rates:
    """The rates that explain the samples best, none above the safe one, raised so that no sample would have been counted short."""
    if not samples:
        return Rates()
    import numpy as np  # takes longer to load than most commands take

    table = np.array(samples, dtype=float)
    known, reported = table[:, :4], table[:, 4]
    prior = np.array([0.6, 0.23, 0.8, 20.0])  # a little above what was measured on real texts
    expected = known * prior
    shares = np.vstack([expected / reported[:, None], np.diag(_STIFFNESS)])  # by what part each rate is off
    misses = np.concatenate([1 - expected.sum(axis=1) / reported, np.zeros(4)])  # a long prompt is not to drown the short ones
    rates = prior * (1 + np.linalg.lstsq(shares, misses, rcond=None)[0])
    rates = np.clip(rates, [0.3, 0.15, 0.3, 0.0], [SAFE.han, SAFE.wordlike, 1.2, 200.0])
    worst = float((reported / np.maximum(known @ rates, 1.0)).max())
    margin = MARGIN if len(samples) >= FEW_SAMPLES else MARGIN_OF_FEW
    han, wordlike, other, message = (float(rate) * max(1.0, worst) * margin for rate in rates)
    return Rates(han=han, wordlike=wordlike, other=other, space=0.0, message=message, fitted=True)


def account_of(settings: Settings) -> str:
    """The name of an account in the store: a hash, from which no key can be read."""
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    return hashlib.sha256(f"kimi-docs account {settings.base_url} {key}".encode()).hexdigest()[:32]
