"""A server that is away for a moment → waited for: what was to be done is done again once it is back.

Every method of the store is one transaction that may be done twice, so one whose connection was cut is simply done anew.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from kimi_docs.errors import Unreachable

SHORT_SECONDS = 5.0
"""Who waits at a screen is told soon."""
LONG_SECONDS = 300.0
"""Who has an answer in hand that was paid for does not drop it because the server is started anew."""
AGAIN_SECONDS = 0.2

log = logging.getLogger(__name__)
Kind = TypeVar("Kind", bound=type)
Done = TypeVar("Done")
Method = TypeVar("Method", bound=Callable[..., Any])


def patient(method: Method) -> Method:
    """A method of something that has `patience_seconds`. Raises: Unreachable once these are over."""

    @wraps(method)
    def waiting(self: Any, *arguments: Any, **options: Any) -> Any:
        return waited(lambda: method(self, *arguments, **options), self.patience_seconds)

    return waiting  # type: ignore[return-value]


def waited(do: Callable[[], Done], patience_seconds: float) -> Done:
    """Done, once the server is there. Raises: Unreachable."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            return do()
        except Unreachable:
            if time.monotonic() >= until:
                raise
        log.info("waiting for the database")
        time.sleep(AGAIN_SECONDS)


def all_patient(kind: Kind) -> Kind:
    """A class whose public methods wait."""
    for name in dir(kind):
        if not name.startswith("_") and callable(method := getattr(kind, name)):
            setattr(kind, name, patient(method))
    return kind
