"""Results to export: an ordinary one, and one whose every text is hostile."""

from datetime import UTC, datetime
from decimal import Decimal

from kimi_docs.domain.calls import Usage
from kimi_docs.domain.claims import Answer, Citation, Claim, Completeness, Draft, Section, Session, Summary, Verdict
from kimi_docs.domain.document import Document
from kimi_docs.domain.text import Coverage, Extraction, Notice, Page, PageKind, PageState, Span
from kimi_docs.export import report
from kimi_docs.export.report import Report
from kimi_docs.language import say

HOSTILE = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    '=HYPERLINK("http://evil.example/","click")',
    "=cmd|' /C calc'!A0",
    "![pixel](http://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "http://evil.example/a_b_c",
    "see www.evil.example, or me@evil.example.",
    "<http://evil.example>",
    "[ref]: http://evil.example 'title'",
    "# A heading\n\n## Another\r\n- a list\n1. one\n---\n> quoted",
    "1. one",
    "2) two",
    "- dash",
    "+ plus",
    "=====",
    "    indented code",
    "```\nfence\n```",
    "~~~\nfence\n~~~",
    "`code` ``more`` http://evil.example/`x`",
    "a | b\n--- | ---\n1 | 2",
    "**bold** _it_ *it* __b__ ~~gone~~ $x^2$ :red[x] &lt;b&gt; &amp; \\*x\\*",
    "[^1]: note [^1] [1] [x][y] ![x]",
    "bell\x07 null\x00 escape\x1b[31m lone\udc80 end\uffff",
    "中文：请访问http://evil.example。谢谢，图3.5%",
    "_x0041_ stays",
)

DOCUMENT = Document(id="d" * 64, name="shade.pdf", format="pdf", bytes=1234, title="Tree shade", language="en")
EXTRACTION = Extraction(
    document=DOCUMENT.id,
    extractor="pypdfium2",
    text="Preface. Shade cools streets by 2.1 degrees.",
    pages=(
        Page(number=1, label="i", kind=PageKind.PAGE, span=Span(start=0, end=9)),
        Page(number=2, label="2", kind=PageKind.PAGE, span=Span(start=9, end=44)),
        Page(number=3, label="", kind=PageKind.PAGE, span=Span(start=44, end=44), state=PageState.EMPTY),
    ),
)


def citation(verdict: Verdict = Verdict.EXACT, quote: str = "Shade cools streets", page: int = 2) -> Citation:
    if verdict == Verdict.MISSING:
        return Citation(quote=quote, document=DOCUMENT.id, page_said=page)
    return Citation(quote=quote, document=DOCUMENT.id, page_said=page, verdict=verdict, page=page, start=0, end=len(quote))


CLAIMS = (
    Claim(text="Shade cools streets.", citations=(citation(), citation(page=1, quote="Preface."))),
    Claim(text="Shade nearly cools.", citations=(citation(Verdict.CLOSE, "Shade cool streets"),)),
    Claim(text="Shade pays rent.", citations=(citation(Verdict.MISSING, "pays rent", 9),)),
    Claim(text="Nobody said this."),
)
USAGE = Usage(calls=2, input_tokens=12345, cached_tokens=1000, output_tokens=321, cost=Decimal("0.0123"), estimated_cost=None)


def summary(*sections: Section, title: str = "Shade in cities", **changes: object) -> Summary:
    values: dict[str, object] = {
        "id": "s1",
        "document": DOCUMENT.id,
        "engine": "kimi",
        "model": "kimi-k2",
        "template": "general",
        "language": "en",
        "draft": Draft(title=title, sections=sections or (Section(title="Findings", claims=CLAIMS),)),
        "coverage": Coverage.of(EXTRACTION, sent=[Span(start=0, end=44)], calls=2),
        "usage": USAGE,
        "notices": (Notice(code="empty_page", message=say("Page {n} is empty.", n=3), page=3),),
        "created_at": datetime(2026, 11, 26, 8, 30, tzinfo=UTC),
    }
    return Summary(**(values | changes))  # type: ignore[arg-type]


def answer(id: str = "a1", *, found: bool = True, claims: tuple[Claim, ...] = CLAIMS, question: str = "What cools?") -> Answer:
    draft = Draft(sections=(Section(title="", claims=claims),), found=found)
    return Answer(
        id=id, session="t1", question=question, engine="local", model="", draft=draft, documents=(DOCUMENT.id,), usage=USAGE
    )


SESSION = Session(id="t1", title="Shade talk", documents=(DOCUMENT.id,))


def ordinary() -> Report:
    return report.of_summary(summary(), DOCUMENT, EXTRACTION, "en")


def partial() -> Report:
    return report.of_summary(summary(state=Completeness.PARTIAL), DOCUMENT, EXTRACTION, "en")


def talk() -> Report:
    answers = [answer(), answer("a2", found=False, claims=(), question="Who pays?")]
    return report.of_session(SESSION, answers, [DOCUMENT], "en", {DOCUMENT.id: EXTRACTION})


def hostile(text: str) -> Report:
    """The text in every place a document, a model or a person can put one."""
    document = Document(id=DOCUMENT.id, name=text, format="pdf", bytes=1, title=text)
    claims = (Claim(text=text, citations=(citation(quote=text), citation(Verdict.MISSING, text))), Claim(text=text))
    notices = (Notice(code="x", message=say("About {text}", text=text)),)
    made = summary(Section(title=text, claims=claims), title=text, model=text, template=text, notices=notices)
    pages = tuple(Page(number=p.number, label=text, kind=p.kind, span=p.span) for p in EXTRACTION.pages)
    extraction = Extraction(document=DOCUMENT.id, extractor="x", text=EXTRACTION.text, pages=pages)
    return report.of_summary(made, document, extraction, "en")
