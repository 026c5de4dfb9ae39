"""How lines look that are headings of a known name, back matter, or nothing to read."""

import re

REFERENCES = re.compile(
    r"(?:references?(?: cited)?|bibliography|works cited|literature(?: cited)?|acknowledge?ments?"
    r"|about the authors?|参\s*考\s*文\s*献|引用文献|致\s*谢|鸣谢)[:：]?",
    re.IGNORECASE,
)

CONTENTS = re.compile(r"(?:table of )?contents|list of (?:figures|tables)|目\s*录|图目录|表目录", re.IGNORECASE)

KNOWN_HEADINGS = re.compile(
    r"(?:abstract|(?:executive )?summary|introduction|background|related works?|methods?|methodology"
    r"|materials and methods|results?|discussion"
    r"|results and discussion|conclusions?|limitations?|future work|appendix|overview|experiments?|evaluation|data"
    r"|目\s*的|摘\s*要|引\s*言|绪\s*论|前\s*言|结\s*论|结\s*语"
    r"|讨\s*论|方\s*法|结\s*果|附\s*录\S{0,3}|背\s*景|概\s*述|总\s*则|关键词|建\s*议)[:：]?",
    re.IGNORECASE,
)

_CURRENCY = "[$€£¥￥]|USD|EUR|GBP|CNY|RMB|CHF|JPY|HKD"
AMOUNT = re.compile(rf"(?:{_CURRENCY})\s?\d|\d\s?(?:{_CURRENCY}|[%％元万亿])|\d[.,]\d\d(?![\d.,]*\d)", re.IGNORECASE)

DATE = (
    r"\d{4}-\d\d?-\d\d?|\d{1,2}(?P<dot>[./])\d{1,2}(?P=dot)\d{2,4}|\d{1,2}\s*[月日]"
    r"|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\d{1,2} (?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
)

CITING = re.compile(
    r"\[\d{1,3}\]|［\d{1,3}］|\[[A-Z](?:/OL)?\]|\b(?:1[89]|20)\d\d[a-z]?\)?[.;:]|\b(?:pp?|vol|eds?|no)\. ?\d|\bpages \d|\bet al\b"
    r"|\b(?:doi|https?|proceedings|in proc|university press)\b"
    r"|(?-i:\b[A-Z][\w'’-]{1,40}, [A-Z]\.|\b[A-Z]\. [A-Z][a-z]{1,40}(?:,| and\b))"
    r"|\b(?:thanks?|grateful|gratitude|acknowledg\w+|grants?|fund(?:ed|ing)|supported|sponsor\w*)\b|感谢|致谢|鸣谢|资助|出版社|学报",
    re.IGNORECASE,
)
"""What a reference or a word of thanks holds and other prose seldom."""

BOILERPLATE = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.-]+|©|\(c\) ?\d{4}|\bcopyright\b|all rights reserved|\bISSN\b|\bISBN\b|\bdoi\b ?[:.]"
    r"|doi\.org|arXiv:\d|版权所有|未经许可|保留所有权利"
    r"|creative commons|permission to make digital|received .{4,30}accepted|收稿日期|基金项目|作者简介|通信作者"
    r"|中图分类号|文献标识码|downloaded from",
    re.IGNORECASE,
)
