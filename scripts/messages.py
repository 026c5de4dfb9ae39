"""Texts marked in the code → the template, each language's catalogue and its compiled form; `--check` says what is not in step.

The code is read by its syntax tree: Babel's own extractor sees nothing inside f-strings on Python 3.11, and all of it on 3.12.
"""

import argparse
import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from kimi_docs.language import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("app.py", "kimi_docs", "pages", "storage")
KEYWORDS = frozenset({"_", "say", "translate", "mark"})
LOCALES = tuple(tag.replace("-", "_") for tag in LANGUAGES if tag != "en")
FOLDER = Path("kimi_docs", "locale")
DOMAIN = "kimi_docs"
COMMENT = "# Kimi Docs. Written by scripts/messages.py: translate here, then run `make messages`."
HEADERS = (("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=UTF-8"), ("Content-Transfer-Encoding", "8bit"))


class Plain(Catalog):
    """A catalogue whose head names neither dates nor tools, so that it changes only when a text does."""

    @property  # type: ignore[misc]  # nobody sets it
    def mime_headers(self) -> list[tuple[str, str]]:
        language = [("Language", str(self.locale_identifier))] if self.locale_identifier else []
        return [*language, *HEADERS[:-1], (HEADERS[-1][0], HEADERS[-1][1] + "\n")]


def name_of(call: ast.Call) -> str:
    """`say` of both `say(…)` and `console.say(…)`."""
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def marked(source: str) -> Iterator[str]:
    """Every text that stands first in a call of a keyword."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and name_of(node) in KEYWORDS:
            text = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            if isinstance(text, str) and text:
                yield text


def source_files(root: Path) -> list[Path]:
    found = [path for name in SOURCES for path in (root / name, *(root / name).rglob("*.py")) if path.is_file()]
    return sorted(found)


def texts(root: Path) -> dict[str, list[str]]:
    """Text → the files it stands in; by first file, then by alphabet, so that moving a line changes nothing."""
    found: dict[str, list[str]] = {}
    for path in source_files(root):
        for text in sorted(set(marked(path.read_text("utf-8")))):
            found.setdefault(text, []).append(path.relative_to(root).as_posix())
    return found


def places(text: str) -> set[tuple[str, str, str]]:
    """The `{name}` places of a text, each with its format and conversion."""
    return {(name, form or "", how or "") for _, name, form, how in Formatter().parse(text) if name is not None}


def catalogue(found: Mapping[str, Iterable[str]], known: Mapping[str, Message], locale: str | None = None) -> Plain:
    """The texts found, with the translations known. What is not found any more is dropped, nothing is guessed."""
    made = Plain(locale=locale, domain=DOMAIN, header_comment=COMMENT, charset="UTF-8", fuzzy=False)
    for text, files in found.items():
        old = known.get(text)
        entry = made.add(text, old.string if old else "", locations=[(file, 0) for file in files])
        entry.user_comments = list(old.user_comments) if old else []
        entry.flags = ({"python-brace-format"} if "{" in text else set()) | ({"fuzzy"} if old and old.fuzzy else set())
    return made


def known_messages(path: Path, locale: str) -> dict[str, Message]:
    if not path.is_file():
        return {}
    with path.open("rb") as opened:
        return {str(message.id): message for message in read_po(opened, locale=locale) if message.id}


def po(made: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, made, width=0, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def mo(made: Catalog) -> bytes:
    out = BytesIO()
    write_mo(out, made)
    return out.getvalue()


def files_of(made: Catalog, locale: str) -> dict[Path, bytes]:
    folder = Path(locale, "LC_MESSAGES")
    return {folder / f"{DOMAIN}.po": po(made), folder / f"{DOMAIN}.mo": mo(made)}


def catalogues(root: Path) -> dict[str, Plain]:
    """Locale → what its catalogue ought to be, from the code and the translations there are."""
    found, folder = texts(root), root / FOLDER
    return {
        locale: catalogue(found, known_messages(folder / locale / "LC_MESSAGES" / f"{DOMAIN}.po", locale), locale)
        for locale in LOCALES
    }


def wanted_files(root: Path) -> dict[Path, bytes]:
    """Every file this script writes, below the folder of the locales."""
    files = {Path(f"{DOMAIN}.pot"): po(catalogue(texts(root), {}))}
    for locale, made in catalogues(root).items():
        files |= files_of(made, locale)
    return files


def pseudo_files(root: Path) -> dict[Path, bytes]:
    """Catalogues in which every text is ⟪itself⟫: what a screen shows without the brackets was never translated."""
    found = texts(root)
    known = {text: Message(text, f"⟪{text}⟫") for text in found}
    return {path: content for locale in LOCALES for path, content in files_of(catalogue(found, known, locale), locale).items()}


def faults(made: Catalog, locale: str) -> Iterator[str]:
    """What is wrong with the texts of a catalogue."""
    for message in made:
        text, translation = str(message.id), str(message.string)
        if not text:
            continue
        if not translation.strip():
            yield f"{locale}: not translated: {text!r}"
        elif message.fuzzy:
            yield f"{locale}: fuzzy: {text!r}"
        elif not _same_places(text, translation):
            yield f"{locale}: other places than in {text!r}: {translation!r}"


def _same_places(text: str, translation: str) -> bool:
    try:
        return places(text) == places(translation)
    except ValueError:
        return False


def check(root: Path) -> list[str]:
    """Everything that is wrong; empty when all is in step."""
    folder = root / FOLDER
    stale = [
        f"{FOLDER / path}: not up to date, run `make messages`"
        for path, content in wanted_files(root).items()
        if not (folder / path).is_file() or (folder / path).read_bytes() != content
    ]
    return [*stale, *(fault for locale, made in catalogues(root).items() for fault in faults(made, locale))]


def write(folder: Path, files: Mapping[Path, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Bring the catalogues of texts up to date with the code.")
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 and name what is wrong")
    parser.add_argument("--pseudo", metavar="DIR", type=Path, help="write catalogues of bracketed texts there, and nothing else")
    given = parser.parse_args(arguments)
    if given.pseudo:
        write(given.pseudo, pseudo_files(ROOT))
        return 0
    if not given.check:
        write(ROOT / FOLDER, wanted_files(ROOT))
    wrong = check(ROOT)
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if given.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
