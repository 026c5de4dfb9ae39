"""samples/source/*.txt → the sample documents beside this file. Run it in an environment with
python-docx, xlsxwriter and fonttools; it needs Chromium, and the fonts of Debian's fonts-liberation and fonts-noto-cjk.

One small markup for all: `# ` … `### ` headings, `~ ` a remark, `- ` a list, `| a | b |` a table, `= ` its caption,
`% ` the figure with its caption. The same source gives the same bytes, apart from the dates Chromium writes into a PDF.
"""

import html
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import groupby
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
import xlsxwriter
from docx.oxml.ns import qn
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
MADE_AT = datetime(2025, 12, 1, 9, 0, tzinfo=UTC)
CLASSES = (("Open", 5, 31.4), ("Light", 18, 30.6), ("Medium", 32, 29.7), ("Dense", 47, 29.0))
STATIONS = (14, 12, 13, 9)
STYLE = """
@font-face { font-family: "Sample CJK"; src: url(cjk.ttf); }
@page { size: A4; margin: 24mm 24mm 22mm; @bottom-center { content: counter(page); font: 9pt serif; } }
body { font: 11pt/1.55 "Liberation Serif", "Sample CJK", serif; margin: 0; }
:lang(zh-CN) :is(h1, h2, th) { font-weight: normal; } /* only one weight is embedded */
h1 { font-size: 19pt; line-height: 1.25; } h2 { font-size: 14pt; } h3 { font-size: 11.5pt; }
h1, h2, h3 { break-after: avoid; } p { margin: 0 0 .7em; text-align: left; }
.remark { font-size: 9.5pt; font-style: italic; } .caption { font-size: 9.5pt; margin-bottom: 1.2em; }
table { border-collapse: collapse; break-inside: avoid; margin: .8em 0 .4em; } figure { margin: 1em 0 0; break-inside: avoid; }
td, th { border-top: 1px solid #444; border-bottom: 1px solid #444; padding: .2em 1.2em .2em 0; text-align: left; }
"""

CJK_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIMPLIFIED = 2  # the place of the simplified Chinese face in that file

Block = tuple[str, list[str]]


def blocks(name: str) -> Iterator[Block]:
    """The source as (mark, lines); the rows of a table and the items of a list come together."""
    lines = (HERE / "source" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    marked = [match.groups() if (match := re.match(r"(#{1,3}|[~|=%-]) (.*)", line)) else ("", line) for line in lines]
    for mark, group in groupby(marked, key=lambda pair: pair[0]):
        texts = [text for _, text in group]
        if mark in ("|", "-"):
            yield mark, texts
        else:
            yield from ((mark, [text]) for text in texts)


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().rstrip("|").split("|")]


def figure() -> str:
    """A bar chart of the midday temperatures as SVG."""
    bars = [
        f'<rect x="{40 + 110 * n}" y="{150 - (t - 26) * 22:.1f}" width="70" height="{(t - 26) * 22:.1f}" fill="#7a9a6a"/>'
        f'<text x="{75 + 110 * n}" y="{144 - (t - 26) * 22:.1f}" text-anchor="middle">{t:.1f}</text>'
        f'<text x="{75 + 110 * n}" y="168" text-anchor="middle">{name}</text>'
        for n, (name, _, t) in enumerate(CLASSES)
    ]
    line = '<line x1="20" y1="150" x2="480" y2="150" stroke="#444"/>'
    return f'<svg width="480" height="180" font-family="Liberation Sans" font-size="12">{"".join(bars)}{line}</svg>'


def as_html(name: str, language: str) -> str:
    body = []
    for mark, lines in blocks(name):
        safe = [html.escape(line) for line in lines]
        if mark.startswith("#"):
            body.append(f"<h{len(mark)}>{safe[0]}</h{len(mark)}>")
        elif mark == "|":
            body.append(html_table([cells(line) for line in safe]))
        elif mark == "%":
            body.append(f'<figure>{figure()}</figure><p class="caption">{safe[0]}</p>')
        else:
            kind = {"~": ' class="remark"', "=": ' class="caption"'}.get(mark, "")
            body.append(f"<p{kind}>{safe[0]}</p>")
    title = html.escape(next(blocks(name))[1][0])
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(body)}</body></html>'


def make_cjk_font(path: Path, text: str) -> None:
    """The characters of the text as TrueType: Chromium embeds the font's own outlines as Type 3, at several times the size."""
    font = TTFont(CJK_FONT, fontNumber=SIMPLIFIED)
    known, outlines = font.getBestCmap(), font.getGlyphSet()
    characters = {ord(character): known[ord(character)] for character in sorted(set(text)) if ord(character) in known}
    names = [".notdef", *sorted(set(characters.values()))]
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap(characters)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: font["hmtx"][name] for name in names})
    builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    builder.setupNameTable({"familyName": "Sample CJK", "styleName": "Regular", "psName": "SampleCJK"})
    builder.setupOS2(sTypoAscender=font["hhea"].ascent, sTypoDescender=font["hhea"].descent, fsType=0)
    builder.setupPost()
    builder.save(path)


def html_table(rows: list[list[str]]) -> str:
    lines = ["".join(f"<{tag}>{cell}</{tag}>" for cell in row) for tag, row in zip(["th", *["td"] * len(rows)], rows, strict=False)]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def make_pdf(name: str, language: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome") or sys.exit("Chromium is needed to make the PDF files.")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        text = as_html(name, language)
        page.write_text(text, encoding="utf-8")
        make_cjk_font(page.with_name("cjk.ttf"), text)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
        command = [browser, *flags, f"--print-to-pdf={HERE / name}.pdf", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def make_word(name: str, language: str) -> None:
    document = docx.Document()
    for fonts in document.styles.element.iter(qn("w:rFonts")):
        fonts.attrib.pop(qn("w:eastAsiaTheme"), None)
        fonts.set(qn("w:eastAsia"), "Microsoft YaHei")
    for mark, lines in blocks(name):
        if mark.startswith("#"):
            document.add_heading(lines[0], level=len(mark) - 1)
        elif mark == "|":
            word_table(document, [cells(line) for line in lines])
        elif mark == "-":
            for line in lines:
                document.add_paragraph(line, style="List Bullet")
        else:
            document.add_paragraph(lines[0], style={"=": "Caption", "~": "Subtitle"}.get(mark))
    properties = document.core_properties
    properties.title, properties.author, properties.comments = next(blocks(name))[1][0], "Kimi Docs samples", ""
    properties.language, properties.created, properties.modified = language, MADE_AT, MADE_AT
    out = BytesIO()
    document.save(out)
    (HERE / f"{name}.docx").write_bytes(with_fixed_times(out.getvalue()))


def word_table(document: docx.document.Document, rows: list[list[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def with_fixed_times(content: bytes) -> bytes:
    """The same archive, every entry dated alike."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = ZipInfo(name, MADE_AT.timetuple()[:6])
            entry.compress_type = ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()


def make_workbook() -> None:
    """Three sheets: the stations, 200 of their readings, the means by class."""
    chance = random.Random(7)  # the same readings every time
    stations = [(n + 1, *CLASSES[kind]) for n, kind in enumerate(k for k, count in enumerate(STATIONS) for _ in range(count))]
    with xlsxwriter.Workbook(HERE / "workbook.xlsx") as book:
        book.set_properties({"title": "Street trees and summer heat: readings", "author": "Kimi Docs samples", "created": MADE_AT})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("Stations")
        sheet.write_row(0, 0, ["Station", "Canopy class", "Canopy share (%)", "Installed"])
        for row, (number, name, share, _) in enumerate(stations, 1):
            sheet.write_row(row, 0, [number, name, max(0, share + chance.randint(-5, 5))])
            sheet.write_datetime(row, 3, datetime(2025, 5, 12 + number % 14), day)
        sheet = book.add_worksheet("Readings")
        sheet.write_row(0, 0, ["Date", "Hour", "Station", "Canopy class", "Air (°C)", "Pavement (°C)", "Remark"])
        for row in range(1, 201):
            number, name, share, mean = chance.choice(stations)
            sheet.write_datetime(row, 0, datetime(2025, 6, 1) + timedelta(days=chance.randrange(92)), day)
            air = round(chance.gauss(mean, 2.2), 1)
            sheet.write_row(row, 1, [14, number, name, air, round(air + 15.5 - share * 0.23 + chance.gauss(0, 1.5), 1)])
            sheet.write_string(row, 6, "battery replaced" if row % 37 == 0 else "")
        sheet.set_column(0, 0, 12)
        sheet = book.add_worksheet("Means 平均值")
        sheet.write_row(0, 0, ["Canopy class", "等级", "Stations", "Mean canopy share (%)", "Mean air temperature 14:00 (°C)"])
        for row, ((name, share, mean), chinese, count) in enumerate(
            zip(CLASSES, ("空旷", "稀疏", "中等", "浓密"), STATIONS, strict=True), 1
        ):
            sheet.write_row(row, 0, [name, chinese, count, share, mean])


if __name__ == "__main__":
    make_pdf("paper-en", "en")
    make_pdf("paper-zh", "zh-CN")
    make_word("report-en", "en")
    make_word("report-zh", "zh-CN")
    make_workbook()
