"""What a backup consists of: a zip with the rows of each table as JSON lines, the files they need, and a list of all that.

rows/documents.jsonl …    a row a line, in the order in which they can be put back
files/<SHA-256>           originals as they came, and what was read of them
own/<name>                the owner's own templates and catalog
backup.json               versions, and each entry's count or size and its SHA-256
"""

import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kimi_docs.domain.safekeeping import Backup
from storage.columns import Moment
from storage.tables import marks, metadata, passages, sources

UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError, TypeError, ValueError, AttributeError),
    *(RuntimeError, OverflowError),  # of these also: it asks for a password, is packed in an unknown way, is nested too deeply
)
"""What reading an archive and its list raises where they are none."""

FORMAT = 1
LIST = "backup.json"
MOST_LIST_BYTES = 256 * 1024**2
ROWS, FILES, OWN = "rows/", "files/", "own/"
ID = re.compile(r"[0-9a-f]{64}")
OWN_NAME = re.compile(r"catalog\.toml|templates/\w[\w -]{0,38}\w\.yaml")
MOST_OWN_BYTES = 4 * 1024**2
_PROGRAM = re.compile(r"[\w.+!-]{1,40}")
"""A version; what is said of it must not steer a terminal."""
_LEFT_OUT = {sources.name, passages.name, marks.name}
"""The index, which is made anew, and what counts for a minute."""


def kept_tables() -> list[sa.Table]:
    """In the order in which their rows can be put back."""
    return [table for table in metadata.sorted_tables if table.name not in _LEFT_OUT]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A member of the archive. `count`: of rows; `size` in bytes, as it is when unpacked."""

    size: int
    sha256: str
    count: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The list of a backup. `schema` is the version of the database it was made from."""

    schema: str
    made_at: datetime
    program: str
    entries: Mapping[str, Entry]
    missing: tuple[str, ...] = ()

    @property
    def backup(self) -> Backup:
        files = [entry for name, entry in self.entries.items() if name.startswith(FILES)]
        return Backup(
            rows={
                name[len(ROWS) :].removesuffix(".jsonl"): each.count for name, each in self.entries.items() if name.startswith(ROWS)
            },
            files=len(files),
            bytes=sum(entry.size for entry in files),
            missing=self.missing,
        )

    def to_json(self) -> str:
        entries = {name: {"size": each.size, "sha256": each.sha256, "count": each.count} for name, each in self.entries.items()}
        told = {"format": FORMAT, "program": self.program, "schema": self.schema, "made_at": self.made_at.isoformat()}
        return json.dumps({**told, "missing": list(self.missing), "entries": entries}, indent=1)


def contents_of(told: Any) -> Contents:
    """The list as it was written. Raises: KeyError, TypeError, ValueError, AttributeError for one that is none."""
    entries = {
        str(name): Entry(size=int(each["size"]), sha256=str(each["sha256"]), count=int(each["count"]))
        for name, each in told["entries"].items()
    }
    if any(not known_name(name) for name in entries):
        raise ValueError("an entry of no known kind")
    if not _PROGRAM.fullmatch(told["program"]):
        raise ValueError("no version of a program")
    return Contents(
        schema=str(told["schema"]),
        made_at=datetime.fromisoformat(told["made_at"]),
        program=told["program"],
        entries=entries,
        missing=tuple(map(str, told["missing"])),
    )


def known_name(name: str) -> bool:
    """It is what a backup may consist of; nothing else is ever looked at."""
    if name.startswith(ROWS):
        return name in {rows_name(table.name) for table in kept_tables()}
    if name.startswith(FILES):
        return ID.fullmatch(name[len(FILES) :]) is not None
    return name.startswith(OWN) and OWN_NAME.fullmatch(name[len(OWN) :]) is not None


def rows_name(table: str) -> str:
    return f"{ROWS}{table}.jsonl"


def row_to_json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=datetime.isoformat)


def row_of(line: bytes, table: sa.Table) -> dict[str, Any]:
    """Raises: ValueError, TypeError, AttributeError for what is no row of the table."""
    told = json.loads(line)
    if not isinstance(told, dict) or set(told) - set(table.c.keys()):
        raise ValueError(f"no row of {table.name}")
    return {name: _value(value, table.c[name]) for name, value in told.items()}


def _value(value: Any, column: sa.Column[Any]) -> Any:
    if value is None:
        return None
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    if isinstance(column.type, sa.DateTime):  # of an older version's table, which keeps them without zone
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    wanted = column.type.python_type
    if type(value) is not wanted and not (wanted is float and isinstance(value, int)):
        raise ValueError(f"{column.name} is no {wanted.__name__}")
    return value
