"""True quotes, the same in other type, lies and wrong pages → what the verifier makes of them, and how long it takes.

    .venv/bin/python -m tests.bench.verifier [--quotes 4000] [--seed 1] [--show 20]

Prints the figures of `docs/quality.md`. Needs the shared corpus.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from kimi_docs.analyze.cite import Source
from kimi_docs.analyze.fold import fold
from kimi_docs.domain.claims import Citation, Verdict
from kimi_docs.domain.text import Extraction
from tests.analyze import corpus, lies
from tests.analyze.corpus import Truth
from tests.local.samples import extraction

WHOLE = re.compile(r"[ (']?_(?: [^%\d]?|[.,:;!?)'] ?)?")
"""What may stand before and behind words that nothing cuts."""


@dataclass
class Figures:
    """Verdicts by kind of question, and the questions whose verdict should be looked at."""

    verdicts: dict[str, Counter[Verdict]] = field(default_factory=lambda: defaultdict(Counter))
    wrong_pages: Counter[bool] = field(default_factory=Counter)
    odd: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def count(self, group: str, *verdicts: Verdict) -> tuple[int, int]:
        """How many of a group (`true`, `harmless`, `lie`) have one of these verdicts, and how many there are."""
        rows = [row for name, row in self.verdicts.items() if name.split(":")[0] == group]
        return sum(row[verdict] for row in rows for verdict in verdicts), sum(row.total() for row in rows)


class Judge:
    """Looks quotes up in the documents they are said to be from. What stands there anyway is no lie."""

    def __init__(self, documents: Sequence[Extraction]) -> None:
        self.sources = {document.document: Source(document) for document in documents}
        self.figures = Figures()

    def true(self, kind: str, quote: str, truth: Truth) -> None:
        found = self.sources[truth.document.document].cite(Citation(quote=quote, page_said=truth.page))
        self.figures.verdicts[kind][found.verdict] += 1
        if found.verdict is Verdict.MISSING:
            self.figures.odd[kind].append(f"{quote!r}  of {truth.text!r}")

    def lie(self, kind: str, quote: str, truth: Truth) -> None:
        found = self.sources[truth.document.document].cite(Citation(quote=quote, page_said=truth.page))
        self.figures.verdicts[f"lie:{kind}"][found.verdict] += 1
        if found.verdict is not Verdict.MISSING:
            place = truth.document.page_text(found.page or 1)[found.start : found.end]
            self.figures.odd[f"lie:{kind}"].append(f"{found.verdict}: {quote!r}  of {truth.text!r}, found {place!r}")

    def wrong_page(self, truth: Truth, choose: random.Random) -> None:
        said = choose.choice([n for n in range(1, len(truth.document.pages) + 3) if n != truth.page])
        found = self.sources[truth.document.document].cite(Citation(quote=truth.text, page_said=said))
        place = truth.document.page_text(found.page)[found.start : found.end] if found.page else ""
        right = found.page == truth.page or fold(truth.text).strip("' ") == fold(place).strip("' ")
        self.figures.wrong_pages[right] += 1
        if not right:
            self.figures.odd["wrong page"].append(f"{truth.text!r}: {found.verdict} {truth.page} {found.page} {place!r}")


def figures(documents: Sequence[Extraction], quotes: int, seed: int) -> Figures:
    """All questions put to the verifier, the same for the same seed."""
    choose = random.Random(seed)
    judge = Judge(documents)
    truths = _truths(documents, quotes, choose)
    sentences = [truth.text for truth in truths]
    for truth in truths:
        judge.true("true:as it stands", truth.text, truth)
        for change in choose.sample(lies.HARMLESS, 4):
            if changed := change(truth.text, choose):
                judge.true(f"harmless:{change.__name__}", changed, truth)
        for change in choose.sample(lies.LIES, 6):
            if (changed := change(truth.text, choose)) and not _stands(changed, truth, change.__name__):
                judge.lie(change.__name__, changed, truth)
        for kind, lie in _put_together(truth, truths, sentences, choose):
            if not _stands(lie, truth, kind):
                judge.lie(kind, lie, truth)
        if len(truth.document.pages) > 1:
            judge.wrong_page(truth, choose)
    return judge.figures


def _put_together(
    truth: Truth, truths: Sequence[Truth], sentences: Sequence[str], choose: random.Random
) -> Iterator[tuple[str, str]]:
    yield "fabricated", lies.fabricated(sentences, choose)
    other = choose.choice(truths)
    if other.text != truth.text:
        yield "joined", lies.joined(truth.text, other.text, "")
        yield "joined with ...", lies.joined(truth.text, other.text, " ... ")


def _truths(documents: Sequence[Extraction], quotes: int, choose: random.Random) -> list[Truth]:
    """Half of them Chinese; long documents give more."""
    half: list[Truth] = []
    for chinese in (False, True):
        group = [document for document in documents if lies.chinese(document.text.replace("\n", "")[:3000]) == chinese]
        weights = [len(document.text) ** 0.5 for document in group]
        for document, weight in zip(group, weights, strict=True):
            half += corpus.true_quotes(document, max(1, round(quotes / 2 * weight / sum(weights))), choose)
    return half


def _stands(changed: str, truth: Truth, kind: str) -> bool:
    """The changed words stand in the document all the same; what was cut, as whole words and not behind a negation."""
    sought, text = fold(changed).strip(), _folded(truth.document.document, truth.document.text)
    if not kind.startswith(("cut", "begun", "negation_dropped")):
        return sought in text
    places = (match.span() for match in re.finditer(re.escape(sought), text))
    return any(
        WHOLE.fullmatch(text[max(0, start - 1) : start] + "_" + text[end : end + 2])
        and not corpus.NEGATED.search(text[max(0, start - 30) : start])
        for start, end in places
    )


@cache
def _folded(_id: str, text: str) -> str:
    return fold(text)


def timed(quotes: int = 1000, pages: int = 1000, seed: int = 1) -> dict[str, float]:
    """Processor seconds for that many quotes against a document of that many pages, folding included, by kind of quote."""
    choose = random.Random(seed)
    book = _book(pages)
    truths = list(corpus.true_quotes(book, quotes, choose))
    wrong = [Citation(quote=t.text, page_said=choose.randrange(1, pages)) for t in truths]
    false = [lie for t in truths if (lie := next(filter(None, (c(t.text, choose) for c in choose.sample(lies.LIES, 8))), None))]
    false += [lies.fabricated([t.text for t in truths], choose) for _ in range(len(truths) - len(false))]
    kinds = {
        "true": [Citation(quote=t.text, page_said=t.page) for t in truths],
        "wrong page": wrong,
        "lies": [Citation(quote=lie, page_said=t.page) for lie, t in zip(false, truths, strict=True)],
    }
    kinds["a third of each"] = [c for same in zip(*kinds.values(), strict=True) for c in same][:quotes]
    seconds = {}
    for kind, citations in kinds.items():
        source, start = Source(book), time.process_time()
        for citation in citations:
            source.cite(citation)
        seconds[kind] = time.process_time() - start
    return seconds


def _book(pages: int) -> Extraction:
    """So many pages: those of the longest text of the corpus, and Chinese ones among them."""
    ranked = sorted(corpus.documents(), key=lambda document: -len(document.pages))
    chinese = [document for document in ranked if lies.chinese(document.text.replace("\n", "")[:3000])]
    texts = [page.span.of(document.text) for document in (*chinese[:4], *ranked) for page in document.pages]
    return extraction(*texts[:pages])


def _percent(part: int, whole: int) -> str:
    return f"{part:6} of {whole:6} = {100 * part / max(1, whole):7.3f} %"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quotes", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="questions of each kind to print whose verdict should be looked at")
    options = parser.parse_args()
    if not corpus.present():
        sys.exit("The shared corpus is not here.")
    result = figures(corpus.documents(), options.quotes, options.seed)
    for kind, row in sorted(result.verdicts.items()):
        print(f"{kind:36}" + "".join(f"{verdict.value:>10} {row[verdict]:6}" for verdict in Verdict))
    for kind, lines in result.odd.items():
        for line in lines[: options.show]:
            print(f"  {kind}: {line}")
    print(f"documents                     {len(corpus.documents())}")
    print("true quotes exact or close   ", _percent(*result.count("true", Verdict.EXACT, Verdict.CLOSE)))
    print("harmless changes exact/close ", _percent(*result.count("harmless", Verdict.EXACT, Verdict.CLOSE)))
    print("harmless changes exact       ", _percent(*result.count("harmless", Verdict.EXACT)))
    print("lies exact                   ", _percent(*result.count("lie", Verdict.EXACT)))
    print("lies close                   ", _percent(*result.count("lie", Verdict.CLOSE)))
    print("wrong pages repaired         ", _percent(result.wrong_pages[True], result.wrong_pages.total()))
    for kind, seconds in timed().items():
        print(f"1,000 quotes, 1,000 pages    {seconds:6.2f} s ({kind})")


if __name__ == "__main__":
    main()
