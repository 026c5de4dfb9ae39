"""A PDF gives back the text that was written, Chinese too, and nothing in a text can act."""

import re
import unicodedata
from io import BytesIO

import pypdf
import pypdfium2
import pytest

from kimi_docs.domain.claims import Claim, Section, Verdict
from kimi_docs.errors import KimiDocsError
from kimi_docs.export import report, typeset
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.nouns import Report
from kimi_docs.export.plain import one_line
from tests.export.examples import DOCUMENT, EXTRACTION, HOSTILE, citation, hostile, ordinary, partial, summary

CHINESE = (
    "城市树荫使街道表面温度平均降低2.1摄氏度（p < 0.05），其中“梧桐”效果最为显著，《环境科学学报》第12期；CO₂ 浓度见表3、图龘㐂。"
)
ENGLISH = "A well-known state-of-the-art finding: efficient, affluent offices flow — “first” 10⁻³ µg/m³, α ≤ β, naïve Café №5. "
LONG = {
    "Chinese": CHINESE * 40,
    "English": ENGLISH * 30,
    "hyphens": "state-of-the-art well-known " * 200,
    "address": "http://example.com/" + "abcdefghij" * 60,
    "one word": "x" * 5000,
    "Russian word": "Ж" * 500,
    "endless hyphens": "a-" * 300,
}


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        return squeezed("".join(page.get_textpage().get_text_range() for page in document))


def holding(text: str, language: str = "en") -> Report:
    claims = (Claim(text=text, citations=(citation(quote=text), citation(Verdict.MISSING, text))),)
    return report.of_summary(summary(Section(title=text[:60], claims=claims)), DOCUMENT, EXTRACTION, language)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_it_was(text: str) -> None:
    content = to_bytes(hostile(text), ".pdf")
    assert text_of(content).count(squeezed(one_line(text))) >= 5
    assert not re.search(rb"/URI|/JavaScript|/Launch|/EmbeddedFile", content)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("text", [CHINESE, ENGLISH])
def test_text_comes_back_in_both_languages(text: str, language: str) -> None:
    assert text_of(to_bytes(holding(text, language), ".pdf")).count(squeezed(text)) >= 3


@pytest.mark.parametrize("name", LONG)
def test_long_text_comes_back_and_stays_on_its_page(name: str) -> None:
    content = to_bytes(holding(LONG[name]), ".pdf")
    with pypdfium2.PdfDocument(content) as document:
        for page in document:
            words = page.get_textpage()
            assert max(words.get_charbox(place)[2] for place in range(words.count_chars())) < page.get_width() - 40
    pages = re.sub(r"\d+/\d+(?=\n|$)", "", text_of(content))
    assert pages.count(squeezed(LONG[name])[:1000]) >= 1


def test_every_claim_has_its_numbers_verdict_and_page() -> None:
    made = text_of(to_bytes(ordinary(), ".pdf"))
    for expected in (
        "Shadecoolsstreets.[1][2]",
        "Shadepaysrent.[4](✗notverified)",
        "Shadenearlycools.[3](≈closewordingfound)",
        "4.“paysrent”—saidtobeonp.9·Treeshade·✗notfound",
        "Coverage2of3pagesread;empty:1",
        "Inputtokens12,345",
        "p.i(page1ofthefile)read9",
    ):
        assert squeezed(expected) in made
    assert "onlyapart" in text_of(to_bytes(partial(), ".pdf"))[:120]


def test_fonts_are_embedded_headings_are_real_and_the_file_is_tagged() -> None:
    reader = pypdf.PdfReader(BytesIO(to_bytes(holding(CHINESE), ".pdf")))
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    inner = [descendant.get_object() for font in fonts for descendant in font["/DescendantFonts"]]
    assert inner
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(font["/FontDescriptor"]) for font in inner)
    assert [entry.title for entry in reader.outline if not isinstance(entry, list)] == ["Shade in cities"]
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title == "Shade in cities"


def test_what_no_font_can_draw_is_named_and_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = typeset._fonts()
    monkeypatch.setattr(typeset, "_fonts", lambda *, of_machine=False: fonts)
    made = text_of(to_bytes(holding("한국어 😀 and 𠮷野家, x\u202egnp"), ".pdf"))
    assert "‹U+D55C›‹U+AD6D›‹U+C5B4›‹U+1F600›and‹U+20BB7›野家,x‹U+202E›gnp" in made


def test_a_failure_of_the_typesetter_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeset, "PAGE", "#unknown")
    with pytest.raises(KimiDocsError, match="could not be made"):
        to_bytes(ordinary(), ".pdf")
