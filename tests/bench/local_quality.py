"""The public sets → ROUGE of the local engine beside lead and sumy's LexRank, TextRank and LSA; evidence F1 beside BM25.

    .venv/bin/python -m tests.bench.local_quality [--only scisummnet,qmsum,vcsum,expmrc]

All systems get the same sentences and give a text of the same length: sentences in the order of their rank until the length is
reached, put in the order of the document, cut at the length. sumy runs in an interpreter of its own (it needs no data: it gets
our sentences and words), as `python -m tests.bench.sumy_baselines`.
"""

import argparse
import html
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kimi_docs.domain.text import Extraction, Page, PageKind, Span
from kimi_docs.local.answer import answer
from kimi_docs.local.rank import rank
from kimi_docs.local.search import Dials, Passages
from kimi_docs.local.sentences import sentences
from kimi_docs.local.summarize import choose_within, summarize
from kimi_docs.local.tokens import words
from tests.bench.apart import ROOT, interpreter
from tests.bench.rouge import rouge, token_f1
from tests.local.samples import long_document

Scores = NDArray[np.float64]
SETS = ROOT.parent / "shared" / "corpus" / "sets"


@dataclass(frozen=True, kw_only=True)
class Case:
    title: str
    text: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class Set:
    name: str
    cases: Callable[[], Iterator[Case]]
    limit: int
    chinese: bool


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SETS / name).read_text(encoding="utf-8").splitlines()]


def scisummnet() -> Iterator[Case]:
    """Papers without their abstract; the title is the first line of the reference and is taken off."""
    for row in _rows("scisummnet/dev.jsonl"):
        body = [section for section in row["sections"] if "abstract" not in section["title"].lower()]
        text = "\n\n".join(section["title"] + "\n\n" + " ".join(section["sentences"]) for section in body)
        reference = row["human_summary"].split("\n", 1)[-1].replace("\n", " ")
        yield Case(title=row["title"], text=html.unescape(text), reference=reference)


def qmsum() -> Iterator[Case]:
    for row in _rows("qmsum/val.jsonl"):
        text = "\n\n".join(turn["content"] for turn in row["meeting_transcripts"])
        yield Case(title="", text=text, reference=row["general_query_list"][0]["answer"])


def vcsum() -> Iterator[Case]:
    for row in _rows("vcsum/meetings_dev.jsonl"):
        turns = ("".join(turn) for segment in row["segments"] for turn in segment["context"])
        yield Case(title="", text="\n\n".join(turns), reference=row["summary"])


SUMMARIES = (
    Set(name="scisummnet", cases=scisummnet, limit=150, chinese=False),
    Set(name="qmsum", cases=qmsum, limit=120, chinese=False),
    Set(name="vcsum", cases=vcsum, limit=300, chinese=True),
)


def cut(texts: Sequence[str], limit: int, chinese: bool) -> str:
    return "".join(texts)[:limit] if chinese else " ".join(" ".join(texts).split()[:limit])


def within(order: Sequence[int], texts: Sequence[str], limit: int, chinese: bool) -> str:
    """The sentences in the order of their rank until the length is reached, then in the order of the document."""
    taken: list[int] = []
    used = 0
    for number in order:
        if used >= limit:
            break
        taken.append(number)
        used += len(texts[number]) if chinese else len(texts[number].split())
    return cut([texts[number] for number in sorted(taken)], limit, chinese)


def sumy_orders(python: str, cases: Sequence[list[str]], chinese: bool) -> dict[str, list[list[int]]]:
    """Each system's order of the sentences of each case, best first."""
    payload = json.dumps({"chinese": chinese, "cases": [[[text, words(text)] for text in case] for case in cases]})
    command = [python, "-m", "tests.bench.sumy_baselines"]
    done = subprocess.run(command, input=payload, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, list[list[int]]] = json.loads(done.stdout)
    return found


def summaries(chosen: Set, sumy: str) -> dict[str, Scores]:
    cases = list(chosen.cases())
    found = [sentences(case.text) for case in cases]
    texts = [[sentence.text for sentence in each] for each in found]
    said: dict[str, list[str]] = {"ours": [], "lead": []}
    for case, each, plain in zip(cases, found, texts, strict=True):
        picked = choose_within(rank(each, title=case.title), chosen.limit, characters=chosen.chinese)
        said["ours"].append(cut([plain[i] for i in sorted(picked)], chosen.limit, chosen.chinese))
        said["lead"].append(within(range(len(plain)), plain, chosen.limit, chosen.chinese))
    if sumy:
        for system, orders in sumy_orders(sumy, texts, chosen.chinese).items():
            said[system] = [within(o, t, chosen.limit, chosen.chinese) for o, t in zip(orders, texts, strict=True)]
    return {
        system: np.array([rouge(s, case.reference, chinese=chosen.chinese) for s, case in zip(out, cases, strict=True)])
        for system, out in said.items()
    }


def questions() -> Iterator[tuple[str, str, str, list[str], bool]]:
    """(set, question, article, evidences, chinese) of ExpMRC."""
    for name, chinese in (("c3", True), ("cmrc2018", True), ("race", False), ("squad", False)):
        for row in json.loads((SETS / "expmrc" / f"{name}_public.json").read_text(encoding="utf-8"))["data"]:
            if "article" in row:
                for question, evidences in zip(row["questions"], row["evidences"], strict=True):
                    yield name, question, row["article"], evidences, chinese
            for paragraph in row.get("paragraphs", ()):
                for qa in paragraph["qas"]:
                    yield name, qa["question"], paragraph["context"], qa["evidences"], chinese


def table(chosen: Set, found: dict[str, Scores]) -> None:
    """Tuned on the odd documents (the second, the fourth …); `held out` are the others."""
    unit = "characters" if chosen.chinese else "words"
    print(f"\n{chosen.name}: {len(found['ours'])} documents, {chosen.limit} {unit}, ROUGE F1 x 100")
    print(f"{'system':10} {'R-1':>6} {'R-2':>6} {'R-L':>6} {'mean':>6} {'held out':>9}   ours better in")
    ours = found["ours"].mean(axis=1)
    for system, scores in sorted(found.items(), key=lambda item: -item[1].mean()):
        better = "" if system == "ours" else f"{100 * float((ours > scores.mean(axis=1)).mean()):.0f} %"
        r1, r2, rl = scores.mean(axis=0)
        print(f"{system:10} {r1:6.2f} {r2:6.2f} {rl:6.2f} {scores.mean():6.2f} {scores[0::2].mean():9.2f}   {better}")


PLAIN = Dials(k1=1.2, b=0.75)


def evidence() -> None:
    """The first sentence of each system as evidence; without a word in common the first of the text, for both."""
    found: dict[str, list[tuple[float, float, bool]]] = {}
    for number, (name, question, article, evidences, chinese) in enumerate(questions()):
        sentence_list = sentences(article)
        said = ["", ""]
        if sentence_list:
            passages = Passages(sentence_list)
            hits = passages.find(question)
            bm25 = int(passages.index.score(words(question), PLAIN).argmax())
            said = [sentence_list[n].span.of(article) for n in (hits[0].number if hits else 0, bm25)]
        ours, theirs = (max(token_f1(text, each, chinese=chinese) for each in evidences) for text in said)
        found.setdefault(name, []).append((ours, theirs, number % 2 == 0))
    print("\nexpmrc: F1 x 100 of the best sentence as evidence\nset        questions   ours   BM25   held out: ours   BM25")
    for name, rows in {**found, "all": [row for each in found.values() for row in each]}.items():
        scores, held = np.array([row[:2] for row in rows]), np.array([row[:2] for row in rows if row[2]])
        (ours, theirs), (held_ours, held_theirs) = scores.mean(axis=0), held.mean(axis=0)
        print(f"{name:10} {len(rows):9} {ours:6.2f} {theirs:6.2f} {held_ours:16.2f} {held_theirs:6.2f}")


def one_page(text: str) -> Extraction:
    page = Page(number=1, label="1", kind=PageKind.PAGE, span=Span(start=0, end=len(text)))
    return Extraction(document="d", extractor="bench", text=text, pages=(page,))


def not_found() -> None:
    """How often a question is answered from its own article among nine others, and from ten articles of which none is its own."""
    articles: dict[str, list[str]] = {}
    for name, _, article, _, _ in questions():
        if article not in articles.setdefault(name, []):
            articles[name].append(article)
    rates: dict[str, list[tuple[bool, bool]]] = {}
    for name, question, article, _, _ in questions():
        known = articles[name]
        others = [known[(known.index(article) + n) % len(known)] for n in range(1, 11)]
        pair = (answer(question, [one_page(t) for t in pool]).found for pool in ([article, *others[:9]], others))
        own, other = pair
        rates.setdefault(name, []).append((own, other))
    print("\nexpmrc: answered, of ten articles\nset        with its own   without (should be 0)")
    for name, pairs in rates.items():
        own_rate, other_rate = np.array(pairs).mean(axis=0) * 100
        print(f"{name:10} {own_rate:10.1f} % {other_rate:10.1f} %")


def verbatim() -> None:
    """Every quote of every summary and of an answer to each question stands in its text."""
    quotes = lost = 0
    for chosen in SUMMARIES:
        for case in chosen.cases():
            for section in summarize(one_page(case.text), template="paper" if case.title else "meeting"):
                found = [citation.quote in case.text for claim in section.claims for citation in claim.citations]
                quotes, lost = quotes + len(found), lost + found.count(False)
    for _, question, article, _, _ in questions():
        found = [c.quote in article for claim in answer(question, [one_page(article)]).claims for c in claim.citations]
        quotes, lost = quotes + len(found), lost + found.count(False)
    print(f"\nquotes: {quotes}, not verbatim: {lost}")


def speed() -> None:
    document = long_document(300)
    started = time.perf_counter()
    list(summarize(document))
    summarized = time.perf_counter()
    answer("Where is the one of the other?", [document])
    answered = time.perf_counter()
    seconds = f"summary {summarized - started:.1f} s, answer {answered - summarized:.1f} s"
    print(f"300 pages, {len(document.text):,} characters: {seconds}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sumy", default="", help="a Python interpreter that has sumy and numpy; one is made else")
    parser.add_argument("--only", default="scisummnet,qmsum,vcsum,expmrc,notfound,verbatim,speed")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if not SETS.exists():
        raise SystemExit(f"The corpus is not here: {SETS}")
    summarized = [chosen for chosen in SUMMARIES if chosen.name in wanted]
    sumy = (options.sumy or interpreter("sumy", "sumy", "numpy")) if summarized else ""
    for chosen in summarized:
        table(chosen, summaries(chosen, sumy))
    for name, part in (("expmrc", evidence), ("notfound", not_found), ("verbatim", verbatim), ("speed", speed)):
        if name in wanted:
            part()


if __name__ == "__main__":
    main()
