"""What can go wrong, each with a sentence for the person who reads it.

KimiDocsError
├── DocumentError                 the document cannot be read (exit 65)
│   ├── UnsupportedFormat · PasswordNeeded · Damaged · EmptyDocument · TooLarge · NoText
├── PlatformError                 the provider did not give an answer
│   ├── TryLater                  overloaded, rate limited, timed out, offline (exit 75)
│   ├── QuotaExhausted            nothing left in the purse (exit 76)
│   ├── KeyRefused                wrong key or wrong region (exit 77)
│   ├── ModelUnavailable          unknown, retired or not open to this account (exit 78)
│   ├── TooLong                   the request does not fit the model's window
│   ├── Withheld                  the provider's content filter refused
│   └── BadResponse               an answer that is none: cut, empty, not what was asked for
├── BudgetReached                 the cap of this run (exit 76)
├── NotFound                      nothing of that id that this person may see
├── WrongUse                      a request that makes no sense (exit 2)
├── Misconfigured                 a setting that cannot work (exit 78)
│   └── Unreachable               the database's server does not answer
├── HeldElsewhere                 somebody else carries the run out now
└── Stopped                       somebody stopped it (exit 130)
"""

from typing import ClassVar

from kimi_docs.language import Message, joined, say


class KimiDocsError(Exception):
    """A foreseen failure. `message` says what happened, `advice` what is safe and what to do next."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: Message, advice: Message | None = None, *, document: str | None = None, request_id: str | None = None
    ) -> None:
        self.message = message
        self.advice = advice or say("")
        self.document = document
        self.request_id = request_id
        super().__init__(message, advice)

    def __str__(self) -> str:
        return joined((self.message.text(), self.advice.text()))


class DocumentError(KimiDocsError):
    code = "unreadable"
    exit_code = 65


class UnsupportedFormat(DocumentError):
    code = "unsupported_format"


class PasswordNeeded(DocumentError):
    code = "password_needed"


class Damaged(DocumentError):
    code = "damaged"


class EmptyDocument(DocumentError):
    code = "empty"


class TooLarge(DocumentError):
    code = "too_large"


class NoText(DocumentError):
    code = "no_text"


class PlatformError(KimiDocsError):
    code = "platform"


class TryLater(PlatformError):
    code = "try_later"
    exit_code = 75


class QuotaExhausted(PlatformError):
    code = "quota_exhausted"
    exit_code = 76


class KeyRefused(PlatformError):
    code = "key_refused"
    exit_code = 77


class ModelUnavailable(PlatformError):
    code = "model_unavailable"
    exit_code = 78


class TooLong(PlatformError):
    code = "too_long"


class Withheld(PlatformError):
    code = "withheld"


class BadResponse(PlatformError):
    code = "bad_response"


class BudgetReached(KimiDocsError):
    code = "budget_reached"
    exit_code = 76


class NotFound(KimiDocsError):
    code = "not_found"


class WrongUse(KimiDocsError):
    code = "wrong_use"
    exit_code = 2


class Misconfigured(KimiDocsError):
    code = "misconfigured"
    exit_code = 78


class Unreachable(Misconfigured):
    code = "misconfigured"


class HeldElsewhere(KimiDocsError):
    code = "held_elsewhere"


class Stopped(KimiDocsError):
    code = "stopped"
    exit_code = 130
