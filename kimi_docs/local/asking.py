"""How questions look, in English and Chinese, and what they ask for."""

import re

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
        re.compile(r"\b(?:when|what year|which year|what date|what time)\b|何时|什么时候|哪一?年|几月|什么时间", re.IGNORECASE),
        re.compile(
            r"\b1\d{3}\b|\b20\d\d\b|\d+\s*[年月日时]|年|月|\b(?:january|february|march|april|may|june|july|august"
            r"|september|october|november|december|century|monday|sunday)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"\b(?:who|whom|whose)\b|谁|何人|哪位", re.IGNORECASE),
        re.compile(
            r"(?<!^)\b[A-Z][a-z]+ [A-Z][a-z]+"
            r"|[先生女士教授博士导演主席总统国王皇帝]"
        ),
    ),
    (
        re.compile(r"\b(?:where|which (?:city|country|place))\b|哪里|在哪|何处|什么地方|哪个(?:国家|城市|地方)", re.IGNORECASE),
        re.compile(r"\b(?:in|at|near|from|to) (?:the )?[A-Z]|[省市县区州国岛]|位于|在"),
    ),
    (
        re.compile(r"\bwhy\b|what (?:is|was) the (?:cause|reason)|为什么|为何|原因", re.IGNORECASE),
        re.compile(
            r"\b(?:because|due to|since|so that|in order to|therefore|thus|as a result|caused?|reason)\b|因为|由于"
            r"|因此|所以|为了|原因|以便",
            re.IGNORECASE,
        ),
    ),
)
"""What is asked for, and how a sentence looks that holds such a thing (Li & Roth 2002, coarse)."""

ABOUT_THE_TEXT = re.compile(
    r"\b(?:how (?:many|much|long|far|often|big|large)|according to the (?:passage|text|article|author|writer|paper|document|report)|(?:the|this) (?:passage"
    r"|text|article|writer|author|document)(?:'s)?"
    r"|which of the following|following|statements?|true|not true|best title|infer(?:red)?|learn from|mention(?:ed)?)\b"
    r"|根据|下面|下列|以下|哪一?[项个种些]|说法|正确|这段话|这篇|短文|文章|上文|文中|本文|作者|我们?可以知道|可以知道|关于|请问|(?:讲|说)了?些?什么|讲的|说的|告诉|有(?=什么|哪|多)|怎样|怎么样",
    re.IGNORECASE,
)
"""Words of a question that are about the text and do not stand in it."""

FOLLOWS = re.compile(
    r"^(?:and|but|so)\b|\b(?:it|its|they|their|them|that|this|those|he|she|his|her)\b|^(?:那|那么|还有)|它|他们?|她|这个|该",
    re.IGNORECASE,
)
"""A question that leans on the one before it."""
