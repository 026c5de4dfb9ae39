"""An Office file behind a password → the same file open, in the scratch folder of the child process that reads it."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from kimi_docs.errors import Damaged, PasswordNeeded, TooLarge
from kimi_docs.extract import ole
from kimi_docs.extract.confine import MAX_FILE_BYTES
from kimi_docs.extract.sniff import IN_PACKAGE, real_type
from kimi_docs.language import say

_OPENED = Path("opened")
_Result = TypeVar("_Result")


def opened(path: Path, format: str, password: str, read: Callable[[Path, str], _Result]) -> _Result:
    """What `read` makes of the file and its format; of one that is locked, after it has been opened.

    Raises: PasswordNeeded, Damaged, TooLarge; what `read` raises.
    """
    try:
        if format in IN_PACKAGE and _starts_as_ole(path):
            raise needed()
        return read(path, format)
    except PasswordNeeded:
        if not password or not _starts_as_ole(path):
            raise
    content = _decrypted(path.read_bytes(), password)
    found = real_type(content, f"a.{format}")
    try:
        _OPENED.write_bytes(content)
        return read(_OPENED, found)
    except PasswordNeeded as error:
        raise _refused() from error
    finally:
        _OPENED.unlink(missing_ok=True)


def needed() -> PasswordNeeded:
    return PasswordNeeded(say("This file is protected with a password."), say("Enter the password, or add a copy without one."))


def _starts_as_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ole.MAGIC)) == ole.MAGIC


def _decrypted(content: bytes, password: str) -> bytes:
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    made = BytesIO()
    try:
        file = msoffcrypto.OfficeFile(BytesIO(content))
        file.load_key(password=password, **({"verify_password": True} if file.format == "ooxml" else {}))
        file.decrypt(made)
    except InvalidKeyError as error:
        raise _refused() from error
    except (DecryptionError, struct.error) as error:  # a way of locking that it does not know
        message = say("This file is locked in a way that cannot be opened here.")
        raise PasswordNeeded(message, say("Open it, save a copy without a password, and add that.")) from error
    except (FileFormatError, ParseError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Damaged(
            say("This file is locked and damaged."), say("Open it, save a copy without a password, and add that.")
        ) from error
    if len(made.getvalue()) > MAX_FILE_BYTES:
        raise TooLarge(say("This file is too large to be opened with its password."), say("Add a copy without a password."))
    return made.getvalue()


def _refused() -> PasswordNeeded:
    return PasswordNeeded(say("This password does not open the file."), say("Check it and enter it again."))
