"""Hostile text → text that stays text in XML, Markdown and a file name."""

import re
import unicodedata

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What XML 1.0 forbids, and what no reader can see: control characters, lone surrogates, non-characters."""

_ADDRESS = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{0,30}://|www\.|mailto:|xmpp:)[!-_a-~]+"  # printable ASCII without the backtick
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+",
    re.IGNORECASE,
)
"""What some renderer turns into a link by itself. Remark does so even when it is escaped, but never inside a code span."""

_SPECIAL = re.compile(r"[\\*_{}\[\]#~|$!]|:(?=[A-Za-z])|(?<=\w)\.(?=[^\W\d])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "&#96;"}
_BLOCK = re.compile(r"^(?:([+=-])|(\d{1,9})([.)])(?=\s|$))")
"""A list item, a rule or an underline, when it stands first on a line."""

_RESERVED = re.compile(r"^(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])$", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*＜＞：＂／＼｜？＊⁄∕]')
_SOURCE_ENDING = re.compile(
    r"\.(pdf|docx?|xlsx?|xlsm|pptx?|odt|ods|epub|html?|txt|md|csv|tsv|json|rtf|eml|png|jpe?g|tiff?)$", re.IGNORECASE
)
_NAME_BYTES = 200


def clean(text: str) -> str:
    """The text without characters that XML forbids; line ends are `\\n`."""
    return _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """The clean text with every run of white space as one space."""
    return " ".join(clean(text).split())


def markdown(text: str) -> str:
    """One line of Markdown that renders as exactly this text: no link, picture, heading, HTML or formula can come of it."""
    line = one_line(text)
    parts: list[str] = []
    end = 0
    for address in _ADDRESS.finditer(line):
        parts += [_escaped(line[end : address.start()]), f"`{address.group()}`"]
        end = address.end()
    parts.append(_escaped(line[end:]))
    return _BLOCK.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", "".join(parts))


def _escaped(text: str) -> str:
    marked = _SPECIAL.sub(lambda match: f"\\{match.group()}", text)
    return "".join(_ENTITIES.get(character, character) for character in marked)


def file_name(name: str, ending: str) -> str:
    """A file name every operating system takes, from a name somebody else chose: `paper.pdf`, `.md` → `paper.md`."""
    stem = _SOURCE_ENDING.sub("", unicodedata.normalize("NFC", name).strip())
    visible = "".join(character for character in stem if unicodedata.category(character)[0] != "C" or character in "\t\n")
    safe = " ".join(_FORBIDDEN.sub("_", visible).split()).strip(" .-~")
    room = _NAME_BYTES - len(ending.encode()) - 1  # one for the underscore before a reserved name
    safe = safe.encode()[:room].decode(errors="ignore").rstrip(" .") or "document"
    return f"_{safe}{ending}" if _RESERVED.match(safe.split(".")[0].rstrip()) else f"{safe}{ending}"
