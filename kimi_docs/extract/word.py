"""Word document → its text in reading order, as sections cut at headings of level 1 and 2."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from kimi_docs.domain.text import BlockKind, Extraction, HiddenKind, HiddenText, Notice
from kimi_docs.extract.build import Builder, tidy
from kimi_docs.extract.hidden import MOST_CHARACTERS
from kimi_docs.extract.package import Element, Package, child, damaged
from kimi_docs.extract.properties import properties
from kimi_docs.extract.sections import Paragraph, add_sections
from kimi_docs.extract.word_numbers import Numbers
from kimi_docs.extract.word_styles import Styles
from kimi_docs.extract.word_walk import Walk
from kimi_docs.language import say

EXTRACTOR = "word-2"


def read(path: Path, document_id: str, *, password: str = "") -> Extraction:  # noqa: ARG001 - encrypted files end at intake
    """Raises: Damaged, NoText, TooLarge."""
    builder = Builder(document_id, EXTRACTOR)
    with Package(path) as package:
        main = package.main_part()
        root = package.tree(main)
        body = child(root, "body")
        if body is None:
            raise damaged()
        folder = str(PurePosixPath(main).parent)
        walk = Walk(Styles(package.optional(f"{folder}/styles.xml")), Numbers(package.optional(f"{folder}/numbering.xml")))
        paragraphs = list(walk.blocks(body))
        for part, label in (("footnotes", "Footnotes"), ("endnotes", "Endnotes"), ("comments", "Comments")):
            paragraphs += _notes(walk, package.optional(f"{folder}/{part}.xml"), label)
        paragraphs += _margins(walk, package, folder)
        about = properties(package)
    add_sections(builder, _cleaned(paragraphs))
    if walk.pictures:
        message = say("Text in the pictures of this document was not read (pictures: {count}).", count=walk.pictures)
        builder.notice(Notice(code="pictures", message=message))
    if walk.hidden:
        builder.hidden += listed(walk.hidden)
    if walk.deleted:
        builder.notice(Notice(code="tracked_deletions", message=say("Tracked deletions were left out, insertions kept.")))
    return builder.finish(title=about.pop("title", "") or walk.title, metadata=about)


def listed(hidden: Iterable[tuple[HiddenKind, str]], page: int = 1) -> Iterator[HiddenText]:
    """Hidden texts as entries of the list of them; of the first page where nobody knows yet where pages begin."""
    for kind, text in hidden:
        if text.strip():
            yield HiddenText(page=page, kind=kind, text=tidy(text).strip()[:MOST_CHARACTERS])


def _cleaned(paragraphs: list[Paragraph]) -> Iterator[Paragraph]:
    for paragraph in paragraphs:
        text = tidy(paragraph.text).strip()
        if text:
            yield Paragraph(text=text, kind=paragraph.kind, level=paragraph.level, fresh=paragraph.fresh, label=paragraph.label)


def _notes(walk: Walk, root: Element | None, label: str) -> Iterator[Paragraph]:
    """Footnotes, endnotes or comments, each begun by its number, as a section of their own."""
    fresh = True
    for number, note in enumerate(walk.notes(root), 1):
        yield Paragraph(text=f"[{number}] {note}", fresh=fresh, label=label if fresh else "")
        fresh = False


def _margins(walk: Walk, package: Package, folder: str) -> Iterator[Paragraph]:
    """What headers and footers say, each text once."""
    said: set[str] = set()
    for name in sorted(package.names()):
        if name.startswith((f"{folder}/header", f"{folder}/footer")) and name.endswith(".xml"):
            root = package.optional(name)
            text = "\n".join(block.text for block in walk.blocks(root) if block.text.strip()) if root is not None else ""
            if text.strip() and text not in said and not text.strip().isdigit():
                label = "" if said else "Headers and footers"
                yield Paragraph(text=text, kind=BlockKind.PARAGRAPH, fresh=not said, label=label)
                said.add(text)
