"""What multiplies a number has to stand in the sheet: 12 is no 12 million."""

from dataclasses import replace

import pytest

from kimi_docs.analyze.computed import recomputed
from kimi_docs.domain.claims import Citation, Computation, Verdict

CITED = Citation(quote="query 1", cells="S!B2:B41")


def done(sql: str = 'SELECT sum("Profit") FROM t1', *columns: str, value: str = "12") -> Computation:
    return Computation(sql=sql, columns=columns or ("sum(Profit)",), rows=((value,),), cells=("S!B2:B41",), document="d", page=1)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("The profit is 12.", Verdict.EXACT),
        ("The profit is 12 dollars and nobody minds.", Verdict.EXACT),
        ("The profit of the 万科 group is 12.", Verdict.EXACT),
        ("The profit is 12 million dollars.", Verdict.MISSING),
        ("The profit is 12m.", Verdict.MISSING),
        ("The profit is 12bn.", Verdict.MISSING),
        ("The profit is 12, in thousands of dollars.", Verdict.MISSING),
        ("利润为12万元。", Verdict.MISSING),
        ("利润为 12 亿元。", Verdict.MISSING),
        ("利润为12百万元。", Verdict.MISSING),
        ("利润为12元。", Verdict.EXACT),
    ],
)
def test_a_number_multiplied_by_the_claim_alone_is_not_borne(claim: str, verdict: Verdict) -> None:
    assert recomputed(CITED, claim, done(), ()).verdict is verdict


@pytest.mark.parametrize(
    ("computation", "claim", "quotes"),
    [
        (done('SELECT sum("Profit (million)") AS p FROM t1', "p"), "It is 12 million.", ()),
        (done("SELECT * FROM t1", "Profit (mn)"), "It is 12 million.", ()),
        (done("SELECT * FROM t1", "利润（万元）"), "利润为12万元。", ()),
        (done("SELECT * FROM t1", "利润（百万元）"), "It is 12 million.", ()),
        (done(), "It is 12 million.", ("All figures in millions of dollars",)),
        (replace(done(), rows=(("12", "in million"),)), "It is 12 million.", ()),
    ],
)
def test_a_header_a_quote_or_the_result_may_say_it(computation: Computation, claim: str, quotes: tuple[str, ...]) -> None:
    assert recomputed(CITED, claim, computation, quotes).verdict is Verdict.EXACT


@pytest.mark.parametrize(
    "computation",
    [
        done('SELECT sum(Profit) AS "Profit in million" FROM t1', "Profit in million"),
        done("SELECT sum(Profit) AS million FROM t1", "million"),
        done("SELECT sum(Profit) FROM t1 WHERE Region <> 'million'"),
    ],
)
def test_the_query_cannot_bring_it_itself(computation: Computation) -> None:
    assert recomputed(CITED, "It is 12 million.", computation, ()).verdict is Verdict.MISSING
