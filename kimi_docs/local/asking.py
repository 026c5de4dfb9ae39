"""How questions look, in English and Chinese, and what they ask for."""

import re
from collections.abc import Mapping

KINDS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(
            r"\bhow (?:many|much|long|old|far|often|tall|large|big)\b|多少|几[个年次人天种位]|多[大长高久远]", re.IGNORECASE
        ),
        re.compile(
            r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|thousand|million|half"
            r"|several|twice)\b|[一二三四五六七八九十百千万两]"
        ),
    ),
    (
        re.compile(
            r"\b(?:when|what year|which year|what date|what time)\b|何[时年月日]|什么时候|哪一?[年天日]|几[月号点]|什么时间",
            re.IGNORECASE,
        ),
        re.compile(
            r"\b1\d{3}\b|\b20\d\d\b|\d+\s*[年月日时]|年|月|\b(?:january|february|march|april|may|june|july|august"
            r"|september|october|november|december|century|monday|sunday)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"\b(?:who|whom|whose)\b|谁|何人|哪[位家]", re.IGNORECASE),
        re.compile(
            r"(?<!^)\b[A-Z][a-z]+ [A-Z][a-z]+"
            r"|先生|女士|教授|博士|导演|主席|总统|国王|皇帝|经理|主任|公司|集团|有限"
        ),
    ),
    (
        re.compile(
            r"\b(?:where|which (?:city|country|place))\b|哪里|哪儿|在哪|何[处地]|什么地方|哪个(?:国家|城市|地方)", re.IGNORECASE
        ),
        re.compile(r"\b(?:in|at|near|from|to) (?:the )?[A-Z]|[省市县区州国岛]|位于|在"),
    ),
    (
        re.compile(r"\bwhy\b|what (?:is|was) the (?:cause|reason)|为什么|为[何啥]|原因", re.IGNORECASE),
        re.compile(
            r"\b(?:because|due to|since|so that|in order to|therefore|thus|as a result|caused?|reason)\b|因为|由于"
            r"|因此|所以|为了|原因|以便",
            re.IGNORECASE,
        ),
    ),
)
"""What is asked for, and how a sentence looks that holds such a thing (Li & Roth 2002, coarse)."""

ABOUT_THE_TEXT = re.compile(
    r"\b(?:how (?:many|much|long|far|often|big|large)"
    r"|according to the (?:passage|text|article|author|writer|paper|document|report)"
    r"|(?:the|this) (?:passage|text|article|writer|author|document)(?:'s)?"
    r"|which of the following|following|statements?|true|not true|best title|infer(?:red)?|learn from|mention(?:ed)?)\b"
    r"|谁|何[时地处人年月日]|为[何啥]|什么(?:时候|时间|地方|地点)|多久|多长时间|几[点天年月号]|哪(?:里|儿|位|家|年|天|一[天年日])"
    r"|根据|下面|下列|以下|哪一?[项个种些]|说法|正确|这段话|这篇|短文|文章|上文|文中|本文|作者|我们?可以知道|可以知道|关于|请问|(?:讲|说)了?些?什么|讲的|说的|告诉|有(?=什么|哪|多)|怎样|怎么样",
    re.IGNORECASE,
)
"""Words of a question that are about the text or ask, and do not stand in it."""

FOLLOWS = re.compile(
    r"^(?:and|but|so)\b|\b(?:it|its|they|their|them|that|this|those|he|she|his|her)\b|^(?:那|那么|还有)|它|他们?|她|这个|该",
    re.IGNORECASE,
)
"""A question that leans on the one before it."""


_COUNT = re.compile(r"\bhow many (?:\w+ )??(\w{3,})|(?:多少|几)(\w)", re.IGNORECASE)


def counted(question: str) -> re.Pattern[str] | None:
    """“How many flights …” → a number just before flights."""
    match = _COUNT.search(question)
    if match is None:
        return None
    if match.group(1):
        return re.compile(rf"\d[\d,.]*\s+(?:\w+\s+){{0,2}}{re.escape(match.group(1)[:5])}", re.IGNORECASE)
    return re.compile(rf"[\d〇一二三四五六七八九十百千万亿两]\s?[多余]?{re.escape(match.group(2))}")


GIST = re.compile(r"\babout\W*$", re.IGNORECASE)
"""“What is it about?”"""

PARTS: Mapping[str, str] = {
    "question": "purpose aim goal objective 目的 目标",
    "method": "method approach methodology procedure 方法 算法",
    "data": "data dataset sample corpus 数据 样本 数据集",
    "results": "result finding outcome found 结果 发现",
    "limitations": "limitation limit weakness drawback shortcoming 局限 不足 局限性 缺点",
    "new": "contribution novelty innovation novel 创新 贡献 创新点",
    "closing": "conclusion conclude recommendation recommend 结论 建议",
    "obligations": "obligation duty 义务",
    "risks": "risk liability 风险",
    "decisions": "decision decide 决定 决议",
    "actions": "action todo 待办",
}
"""Words that ask for a part of a document (“What are the main results?”), by the section whose cues find it."""
