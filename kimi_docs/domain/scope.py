"""Who acts, and for whom the data are."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A person acting in a space. Everything kept is filtered by this pair."""

    person: str
    space: str


LOCAL = Actor(person="local", space="local")
"""The one person of a desktop installation."""
