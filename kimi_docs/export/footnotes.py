"""Notes → the footnotes part of a Word file, which python-docx has no call for."""

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Pt
from docx.text.paragraph import Paragraph

_TEXT, _REFERENCE = "footnote text", "footnote reference"
_SEPARATORS = ((-1, "separator"), (0, "continuationSeparator"))
"""The two lines Word draws above footnotes; it repairs a file that lacks them."""


class Footnotes:
    """Collects the notes of one Word document; `save` puts them into its package."""

    def __init__(self, document: WordDocument) -> None:
        self._document = document
        self._root = parse_xml(f"<w:footnotes {nsdecls('w')}/>")
        for id, kind in _SEPARATORS:
            self._root.append(_separator(id, kind))
        text = document.styles.add_style(_TEXT, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        text.base_style = document.styles["Normal"]
        text.font.size = Pt(9)
        text.paragraph_format.space_after = Pt(0)
        document.styles.add_style(_REFERENCE, WD_STYLE_TYPE.CHARACTER, builtin=True).font.superscript = True
        self._ids = {name: str(document.styles[name].style_id) for name in (_TEXT, _REFERENCE)}
        self._count = 0

    def add(self, paragraph: Paragraph, text: str) -> int:
        """Put a note at the end of the paragraph and return its number."""
        self._count += 1
        run = paragraph.add_run()
        run._r.get_or_add_rPr().get_or_add_rStyle().val = self._ids[_REFERENCE]
        run._r.append(_element("w:footnoteReference", id=str(self._count)))
        self._root.append(self._note(self._count, text))
        return self._count

    def save(self) -> None:
        if not self._count:
            return
        blob = serialize_part_xml(self._root)
        main = self._document.part
        part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, blob, main.package)
        main.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        self._declare_separators()

    def _note(self, id: int, text: str) -> BaseOxmlElement:
        mark = _element("w:r", _element("w:rPr", _element("w:rStyle", val=self._ids[_REFERENCE])), _element("w:footnoteRef"))
        words = _element("w:t")
        words.text = f" {text}"
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        look = _element("w:pPr", _element("w:pStyle", val=self._ids[_TEXT]))
        return _element("w:footnote", _element("w:p", look, mark, _element("w:r", words)), id=str(id))

    def _declare_separators(self) -> None:
        """Name the separators in the settings, at the place the schema gives them: just before `w:compat`."""
        names = _element("w:footnotePr", *(_element("w:footnote", id=str(id)) for id, _ in _SEPARATORS))
        settings = self._document.settings.element
        compat = settings.find(qn("w:compat"))
        if compat is not None:
            compat.addprevious(names)


def _separator(id: int, kind: str) -> BaseOxmlElement:
    run = _element("w:r", _element(f"w:{kind}"))
    return _element("w:footnote", _element("w:p", run), type=kind, id=str(id))


def _element(tag: str, *children: BaseOxmlElement, **attributes: str) -> BaseOxmlElement:
    element: BaseOxmlElement = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    element.extend(children)
    return element
