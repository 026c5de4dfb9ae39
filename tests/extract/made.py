"""Descriptions → small real files: PDFs written by hand, Word packages, zips."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(pages: Sequence[str], *, page: str = "", info: str = "") -> bytes:
    """A PDF of these content streams; `page` is added to each page's dictionary, `info` is the document's information."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for index, stream in enumerate(pages):
        resources = "/Resources<</Font<</F1 3 0 R>>>>"
        box = "" if "MediaBox" in page else "/MediaBox[0 0 600 800]"
        objects.append(f"<</Type/Page/Parent 2 0 R{box}{resources}/Contents {5 + 2 * index} 0 R{page}>>")
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    objects.append(f"<<{info}>>")
    body = "%PDF-1.7\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R/Info {len(objects)} 0 R>>\nstartxref\n{len(body)}\n%%EOF"
    return (body + table + trailer).encode("latin-1")


def lines(*texts: str, top: int = 720, size: int = 12) -> str:
    """A content stream that writes each text on a line of its own."""
    parts = [f"BT /F1 {size} Tf 72 {top - 24 * number} Td ({text}) Tj ET" for number, text in enumerate(texts)]
    return "\n".join(parts)


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return target.getvalue()


def word(body: str, **parts: str) -> bytes:
    """A Word document of this body; other parts (`styles`, `footnotes`, `comments`, `header1`) by name."""
    spaces = (
        f'xmlns:w="{WORD}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:v" xmlns:wps="urn:wps"'
    )
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    files = {f"word/{name}.xml": f"<w:{name.rstrip('1')} {spaces}>{text}</w:{name.rstrip('1')}>" for name, text in parts.items()}
    return archive(
        {"[Content_Types].xml": types, "word/document.xml": f"<w:document {spaces}><w:body>{body}</w:body></w:document>"} | files
    )


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def style(id: str, name: str, extra: str = "") -> str:
    return f'<w:style w:styleId="{id}"><w:name w:val="{name}"/>{extra}</w:style>'


DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SPACES = f'xmlns:a="{DRAWING}" xmlns:p="{SLIDES}" xmlns:r="{RELATIONS}"'


def shape(*paragraphs: str, holder: str = "") -> str:
    """A shape of a slide; `holder` is the kind of placeholder it fills."""
    kind = f'<p:nvSpPr><p:nvPr><p:ph type="{holder}"/></p:nvPr></p:nvSpPr>' if holder else "<p:nvSpPr/>"
    text = "".join(f"<a:p><a:r><a:t>{paragraph}</a:t></a:r></a:p>" for paragraph in paragraphs)
    return f"<p:sp>{kind}<p:txBody>{text}</p:txBody></p:sp>"


def slides(*trees: str, attributes: str = "", relations: Mapping[int, str] | None = None, **parts: str) -> bytes:
    """A presentation: for each slide the shapes on it; `relations` of a slide by its number; `parts` by name under ppt/."""
    ids = "".join(f'<p:sldId id="{256 + number}" r:id="r{number}"/>' for number, _ in enumerate(trees, 1))
    own = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/slide" Target="slides/slide{n}.xml"/>' for n, _ in enumerate(trees, 1)
    )
    files = {
        "[Content_Types].xml": "<Types/>",
        "ppt/presentation.xml": f"<p:presentation {_SPACES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": f"<Relationships>{own}</Relationships>",
    }
    for number, tree in enumerate(trees, 1):
        body = f"<p:cSld><p:spTree>{tree}</p:spTree></p:cSld>"
        files[f"ppt/slides/slide{number}.xml"] = f"<p:sld {_SPACES} {attributes if number == 1 else ''}>{body}</p:sld>"
        if relations and number in relations:
            files[f"ppt/slides/_rels/slide{number}.xml.rels"] = f"<Relationships>{relations[number]}</Relationships>"
    for name, content in parts.items():
        files[f"ppt/{name.replace('__', '/')}.xml"] = content.replace("SPACES", _SPACES)
    return archive(files)


def relation(id: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
