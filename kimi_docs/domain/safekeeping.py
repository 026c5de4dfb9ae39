"""What a backup holds."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """Everybody's rows by the kind of thing they are, and the files they need."""

    rows: Mapping[str, int]
    """How many by table."""

    files: int
    bytes: int
    """Of the files."""

    missing: tuple[str, ...] = ()
    """Ids of files that were missing, or no longer what they were, when it was made."""
