"""Message ids → words in the reader's language (gettext; English is the id, zh-CN the catalogue).

What a program stores (a failed run, a warning) is a `Message`, not a sentence: the worker does not know who will read it.
"""

import gettext
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

LANGUAGES: Mapping[str, str] = {"en": "English", "zh-CN": "简体中文"}
"""Language tag → its own name, in the order they are offered."""

Value = str | int | float

current: ContextVar[str] = ContextVar("language", default="en")
"""The language of this process's reader (the command line); a screen passes the language explicitly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A sentence with its values, not yet in any language. Values are data and are never parsed."""

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def text(self, language: str | None = None) -> str:
        return translate(self.id, language, **self.values)


NOTHING = Message(id="")
"""Nothing to say."""


def say(id: str, /, **values: Value) -> Message:
    """A message for later; `say("…{name}…", name=…)` is also how a text is marked for translation."""
    return Message(id=id, values=values)


def mark(id: str, /) -> str:
    """Mark a text for translation where it is declared and translate it where it is shown."""
    return id


def translate(id: str, language: str | None = None, /, **values: Value) -> str:
    """The text of `id` in `language` (or the current one), its `{name}` places filled."""
    text = _catalogue(language or current.get()).gettext(id) if id else ""
    return text.format(**values) if values else text


def joined(sentences: Iterable[str], language: str | None = None) -> str:
    """Sentences one after the other: with a space between them where the language puts one."""
    space = "" if (language or current.get()).startswith("zh") else " "
    return space.join(sentence for sentence in sentences if sentence)


def closest(tag: str | None) -> str:
    """The offered language nearest to a locale or browser tag (`zh_CN.UTF-8`, `zh-Hans`, `en-GB`); English if none."""
    primary = (tag or "").replace("_", "-").split(".")[0].split("-")[0].lower()
    return "zh-CN" if primary == "zh" else "en"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    folder = Path(__file__).parent / "locale"
    return gettext.translation("kimi_docs", folder, [language.replace("-", "_")], fallback=True)
