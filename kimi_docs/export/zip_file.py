"""Report → a zip: a file for each chapter in one format, and an index. The same reports make the same names and order."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from kimi_docs.export import csv_file, plain, words
from kimi_docs.export.nouns import Report
from kimi_docs.export.words import Standing
from kimi_docs.language import translate

Make = Callable[[Report, BinaryIO], None]

_INDEX = "index.csv"


def write(report: Report, out: BinaryIO, make: Make, ending: str) -> None:
    """`make` writes one report, `ending` names its format."""
    chapters = report.chapters or (report,)
    names = list(_names(chapters, ending))
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        index = BytesIO()
        csv_file.write_rows(index, _index(report, chapters, names))
        archive.writestr(_info(_INDEX), index.getvalue())
        for name, chapter in zip(names, chapters, strict=True):
            content = BytesIO()
            make(chapter, content)
            archive.writestr(_info(name), content.getvalue())


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
    return info


def _names(chapters: Sequence[Report], ending: str) -> Iterator[str]:
    """Safe names, no two alike even where capitals make no difference."""
    taken = {_INDEX}
    for chapter in chapters:
        wanted = plain.file_name(chapter.name, ending)
        name, number = wanted, 1
        while name.casefold() in taken:
            number += 1
            name = f"{wanted.removesuffix(ending)} ({number}){ending}"
        taken.add(name.casefold())
        yield name


def _index(report: Report, chapters: Sequence[Report], names: Sequence[str]) -> Iterator[list[str]]:
    tongue = report.language
    head = [translate("File", tongue), translate("Title", tongue), translate("Document", tongue), translate("Claims", tongue)]
    yield [*head, translate("Not verified", tongue), translate("Warning", tongue)]
    for name, chapter in zip(names, chapters, strict=True):
        standings = [statement.standing for statement in chapter.statements]
        counts = [str(len(standings)), str(standings.count(Standing.UNVERIFIED))]
        yield [name, chapter.title, chapter.name, *counts, _warning(chapter.cautions)]
    if report.chapters:
        yield from (["", "", "", "", "", _warning((caution,))] for caution in report.cautions)


def _warning(cautions: Sequence[str]) -> str:
    return "\n".join(f"{words.CAUTION} {caution}" for caution in cautions)
