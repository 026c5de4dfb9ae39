"""A quote must not cut a word, a number, its sign or unit, nor the "not" beside it."""

import pytest

from kimi_docs.analyze.border import cut


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("in all 120 people", "in all 12"),
        ("in all 12.5% of", "in all 12"),
        ("in all 12% of", "in all 12"),
        ("in all 12 percent of", "in all 12"),
        ("in all 1,234 people", "234 people"),
        ("in all 1,234 people", "in all 1"),
        ("a loss of -5 points", "5 points"),
        ("变化为-5度", "5度"),
        ("a value of .05 was", "05 was"),
        ("p ≤ 0.05 holds", "0.05 holds"),
        ("it cost $12 then", "12 then"),
        ("it cost 5 million then", "it cost 5"),
        ("from 10-20 people", "20 people"),
        ("at 10^2 metres", "at 10"),
        ("共有12万人", "共有12"),
        ("共有三十五人", "共有三十"),
        ("共有百分之五", "五"),
        ("it is significant", "it is signif"),
        ("it is insignificant now", "significant now"),
        ("we can't say", "we can"),
        ("we cannot say", "we can"),
        ("a non-negative number", "negative number"),
        ("the snake_case name", "the snake"),
        ("the cafe\u0301 there", "the cafe"),
        ("it is not allowed to", "allowed to"),
        ("it has not yet been shown", "been shown"),
        ("it doesn't depend on", "depend on"),
        ("without loss of", "loss of"),
        ("the results are not clear", "the results are"),
        ("十二个月内没有借过", "十二个月内"),
        ("本系统不支持中文", "支持中文"),
        ("系统没有影响", "影响"),
        ("禁止使用拼音", "使用拼音"),
        ("There is no evidence that vaccines cause harm", "vaccines cause harm"),
        ("It is not true that the company paid", "the company paid"),
        ("They deny that the company paid", "the company paid"),
        ("没有证据表明疫苗导致疾病", "疫苗导致疾病"),
        ("并不认为疫苗有效", "疫苗有效"),
        ("Das Gerät ist nicht sicher", "sicher"),
        ("Это не разрешено", "разрешено"),
        ("製品は安全ではない", "製品は安全"),
    ],
)
def test_what_cuts_something_is_seen(text: str, quote: str) -> None:
    start = text.rindex(quote)
    assert cut(text, start, start + len(quote))


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("in all 120 people.", "120 people"),
        ("in 2019, 5 people", "in 2019"),
        ("the players' union won", "the players"),
        ("know this. It is so", "It is so"),
        ("in all of the regions1. Costs fell", "in all of the regions"),
        ("not here. They said that it is so", "it is so"),
        ("The study found that it is so", "it is so"),
        ("研究表明疫苗有效", "疫苗有效"),
        ("l'homme est mort", "homme est mort"),
        ("(see page 5)", "see page 5"),
        ("使用Java语言", "使用Java"),
        ("使用Java语言", "语言"),
        ("ภาษาไทย", "ไทย"),
        ("notable work", "notable work"),
    ],
)
def test_whole_words_cut_nothing(text: str, quote: str) -> None:
    start = text.rindex(quote)
    assert not cut(text, start, start + len(quote))
