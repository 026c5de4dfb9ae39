"""References come from the papers' own metadata and survive strict readers of BibTeX and RIS."""

import re
from collections.abc import Mapping

import pybtex.database
import pybtex.errors
import pytest
import rispy

from kimi_docs.domain.claims import Claim, Section
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Extraction, Page, PageKind, Span
from kimi_docs.export import bibliography, bibtex, report
from kimi_docs.export.bibliography import Reference, reference
from kimi_docs.export.formats import to_bytes
from kimi_docs.export.plain import one_line
from tests.export.examples import DOCUMENT, HOSTILE, hostile, ordinary, summary

SIGNS = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    **{f"\\{sign}": sign for sign in "&%$#_"},
}


@pytest.fixture(autouse=True)
def strict() -> None:
    pybtex.errors.set_strict_mode(True)


def read(content: bytes) -> pybtex.database.BibliographyData:
    return pybtex.database.parse_string(content.decode(), "bibtex")


def unescaped(text: str) -> str:
    return re.sub("|".join(re.escape(sign) for sign in SIGNS), lambda found: SIGNS[found.group()], text)


def paper(text: str, title: str = "", metadata: Mapping[str, str] | None = None) -> Extraction:
    pages = (Page(number=1, label="1", kind=PageKind.PAGE, span=Span(start=0, end=len(text))),)
    return Extraction(document=DOCUMENT.id, extractor="x", text=text, pages=pages, title=title, metadata=metadata or {})


def of(text: str, title: str = "", **metadata: str) -> Reference:
    return reference(DOCUMENT, paper(text, title, metadata))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_survives_bibtex_and_ris(text: str) -> None:
    wanted = one_line(text)
    (entry,) = read(to_bytes(hostile(text), ".bib")).entries.values()
    assert unescaped(entry.fields["note"]) == wanted
    (record,) = rispy.loads(to_bytes(hostile(text), ".ris").decode())
    assert record["notes"] == [wanted]
    assert wanted in record["abstract"]


@pytest.mark.parametrize("name", [*HOSTILE, "A and B and {C", "and", "Smith, John, Jr, and", "\\", "100% {", "张三"])
def test_a_hostile_name_stays_one_person_and_its_braces_balance(name: str) -> None:
    made = Reference(title=name, authors=(name, "Jane Doe"), year="2021", doi="10.1/x_y", abstract=name)
    (entry,) = read(bibtex._entry(made, "k").encode()).entries.values()
    assert len(entry.persons["author"]) == 2


def test_an_article_has_every_field() -> None:
    text = "城市树荫\n\nPublished: 3 July 2021. https://doi.org/10.1000/ab(c)_d%1."
    extraction = paper(text, "城市树荫的降温作用", {"author": "张三；李四", "creationdate": "D:20190101"})
    made = report.of_summary(summary(Section(title="", claims=(Claim(text="降温 5%."),))), DOCUMENT, extraction, "zh-CN")
    entry = read(to_bytes(made, ".bib")).entries["张三2021城市树荫的降温作用"]
    assert entry.type == "article"
    assert [str(person) for person in entry.persons["author"]] == ["{张三}", "{李四}"]
    assert (entry.fields["year"], unescaped(entry.fields["doi"])) == ("2021", "10.1000/ab(c)_d%1")
    assert "未核实" in entry.fields["abstract"]
    content = to_bytes(made, ".ris")
    assert content.count(b"\n") == content.count(b"\r\n")
    (record,) = rispy.loads(content.decode())
    assert (record["type_of_reference"], record["authors"], record["year"]) == ("JOUR", ["张三", "李四"], "2021")
    assert (record["doi"], record["title"]) == ("10.1000/ab(c)_d%1", "城市树荫的降温作用")


def test_claims_that_are_not_verified_are_marked_in_the_abstract() -> None:
    (record,) = rispy.loads(to_bytes(ordinary(), ".ris").decode())
    assert "Shade pays rent. (✗ not verified)" in record["abstract"]
    assert "Shade cools streets. Shade" in record["abstract"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Spence Green ; Christopher D. Manning", ("Spence Green", "Christopher D. Manning")),
        ("Smith, John", ("Smith, John",)),
        ("Smith, John; Doe, Jane", ("Smith, John", "Doe, Jane")),
        ("John Smith, Jane Doe and Max Moritz", ("John Smith", "Jane Doe", "Max Moritz")),
        ("张三, 李四，王小明", ("张三", "李四", "王小明")),
        ("张三、欧阳修", ("张三", "欧阳修")),
        ("Microsoft Office User", ()),
        ("admin", ()),
        ("123", ()),
    ],
)
def test_authors_of_the_metadata(said: str, expected: tuple[str, ...]) -> None:
    assert of("Text.", author=said).authors == expected


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("Foma: a Compiler\nMans Hulden\nUniversity of Arizona", "Foma: a Compiler", ("Mans Hulden",)),
        ("Shade\nAnna B. Lee1, Max van der Berg2*\nAbstract", "Shade", ("Anna B. Lee", "Max van der Berg")),
        ("城市树荫\n张三 李四\n摘要", "城市树荫", ("张三", "李四")),
        ("Annual Report\nDepartment of Trees\nContents", "Annual Report", ()),
        ("Annual Report\nThe year was good.", "Annual Report", ()),
    ],
)
def test_authors_under_the_title(text: str, title: str, expected: tuple[str, ...]) -> None:
    assert of(text, title).authors == expected


def test_an_organisation_yields_to_the_names_under_the_title() -> None:
    said = "Association for Computational Linguistics"
    assert of("Foma\nMans Hulden\nAbstract", "Foma", author=said).authors == ("Mans Hulden",)
    assert of("Foma", "Foma", author=said).authors == (said,)
    assert of("Foma", "Foma", creator="dvips(k) 5.86").authors == ()


@pytest.mark.parametrize(
    ("text", "metadata", "expected"),
    [
        ("Athens, Greece, 3 April 2009. c 2009", {"creationdate": "D:20100101"}, "2009"),
        ("Copyright 2017 by the authors", {}, "2017"),
        ("2021年3月", {}, "2021"),
        ("arXiv:1706.03762v7", {}, "2017"),
        ("nothing", {"creationdate": "D:20171211"}, "2017"),
        ("nothing", {"created": "2018-01-02T00:00:00Z"}, "2018"),
        ("nothing", {"creationdate": "D:19104031"}, ""),
        ("Shade. " * 100 + "as Chi (1980) showed in May 1980", {"creationdate": "D:20020515"}, "2002"),
        ("nothing", {}, ""),
    ],
)
def test_the_year_is_that_of_the_page_before_that_of_the_file(text: str, metadata: dict[str, str], expected: str) -> None:
    assert of(text, **metadata).year == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("doi:10.1038/s41586-020-2649-2.", "10.1038/s41586-020-2649-2"),
        ("(https://doi.org/10.1016/S0140-6736(20)30183-5)", "10.1016/S0140-6736(20)30183-5"),
        ("DOI：10.3969/j.issn.1000-1298.2021.01.001", "10.3969/j.issn.1000-1298.2021.01.001"),
        ("version 10.15.7/x of 10.1234/", ""),
        ("none", ""),
    ],
)
def test_the_doi_is_found_without_what_stands_around_it(text: str, expected: str) -> None:
    assert of(text).doi == expected
    assert of("x", subject=text).doi == expected


def test_keys_are_author_year_word() -> None:
    made = [
        Reference(title="The Café of Trees", authors=("Jürgen Müller",), year="2020"),
        Reference(title="On shade", authors=("Smith, John",), year=""),
        Reference(title="…"),
    ]
    assert [bibtex.key(each) for each in made] == ["muller2020cafe", "smithshade", "document"]


def test_a_document_that_was_never_read_still_has_a_reference() -> None:
    assert reference(Document(id="x", name="a.pdf", format="pdf", bytes=1), None) == bibliography.Reference(
        title="a.pdf", file="a.pdf"
    )
