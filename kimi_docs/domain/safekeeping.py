"""What a backup holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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


def previous(out: Path) -> Path:
    """Where an older backup of this name is kept when the new one lacks something."""
    return out.with_name(f"{out.name}.previous")
