"""A true quote → the same in other type (`HARMLESS`), or changed into something the document does not say (`LIES`).

Each takes the quote and a random generator and gives None where it has nothing to change. What is a lie is written down here in
words of its own, not with the rules of the verifier.
"""

import random
import re
from collections.abc import Callable, Sequence

Change = Callable[[str, random.Random], str | None]
HAN = re.compile(r"[一-鿿]")
WORD = re.compile(r"[A-Za-z]{6,}")
LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "fi": "ﬁ", "fl": "ﬂ", "ff": "ﬀ"}
CURLY = {"'": "‘’", '"': "“”"}


def chinese(quote: str) -> bool:
    return len(HAN.findall(quote)) * 3 > len(quote)


def _at(pattern: str, quote: str, choose: random.Random) -> re.Match[str] | None:
    matches = list(re.finditer(pattern, quote))
    return choose.choice(matches) if matches else None


def line_breaks(quote: str, choose: random.Random) -> str | None:
    if chinese(quote):
        at = choose.randrange(1, len(quote))
        return f"{quote[:at]}\n{quote[at:]}" if HAN.match(quote[at - 1]) and HAN.match(quote[at]) else None
    return re.sub(" ", lambda m: choose.choice((" ", "\n", " \n", "\r\n")), quote) if " " in quote else None


def hyphenated(quote: str, choose: random.Random) -> str | None:
    word = _at(WORD.pattern, quote, choose)
    if not word:
        return None
    at = choose.randrange(word.start() + 2, word.end() - 1)
    return quote[:at] + choose.choice(("-\n", "\u2010\n", "\xad", "\xad\n", "- ")) + quote[at:]


def ligatures(quote: str, choose: random.Random) -> str | None:
    new = quote
    for plain, ligature in LIGATURES.items():
        new = new.replace(plain, ligature)
    return new if new != quote else None


def full_width(quote: str, choose: random.Random) -> str | None:
    new = "".join(chr(ord(c) + 0xFEE0) if c in ",:;?!()%" or (c.isascii() and c.isalnum()) else c for c in quote)
    return new if new != quote else None


def curly_quotes(quote: str, choose: random.Random) -> str | None:
    if any(c in quote for c in "‘’“”"):
        return quote.translate(str.maketrans("‘’“”", "''\"\""))
    new = re.sub("['\"]", lambda m: CURLY[m[0]][choose.randrange(2)], quote)
    return new if new != quote else None


def wrapped_in_quotes(quote: str, choose: random.Random) -> str | None:
    return choose.choice(("“{}”", '"{}"', "「{}」", "«{}»")).format(quote)


def hard_spaces(quote: str, choose: random.Random) -> str | None:
    return quote.replace(" ", choose.choice("\xa0\u2009\u202f\u3000")) if " " in quote else None


def soft_hyphens(quote: str, choose: random.Random) -> str | None:
    new = WORD.sub(lambda m: f"{m[0][:3]}\xad{m[0][3:]}", quote)
    return new if new != quote else None


def chinese_spaces(quote: str, choose: random.Random) -> str | None:
    new = re.sub(r"(?<=[一-鿿])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[一-鿿])", " ", quote)
    if new == quote and chinese(quote):
        new = re.sub(r"(?<=[一-鿿])(?=[一-鿿])", lambda m: choose.choice(("", "", " ")), quote)
    return new if new != quote else None


def dashes(quote: str, choose: random.Random) -> str | None:
    new = quote.replace("-", choose.choice("‐‑–−")) if "-" in quote else quote
    return new if new != quote else None


HARMLESS: Sequence[Change] = (
    line_breaks,
    hyphenated,
    ligatures,
    full_width,
    curly_quotes,
    wrapped_in_quotes,
    hard_spaces,
    soft_hyphens,
    chinese_spaces,
    dashes,
)

ANTONYMS = [
    ("increase", "decrease"),
    ("increased", "decreased"),
    ("increases", "decreases"),
    ("more", "less"),
    ("higher", "lower"),
    ("high", "low"),
    ("all", "some"),
    ("always", "never"),
    ("must", "may"),
    ("and", "or"),
    ("first", "last"),
    ("before", "after"),
    ("large", "small"),
    ("with", "without"),
    ("to", "from"),
    ("significant", "insignificant"),
    ("effective", "ineffective"),
    ("possible", "impossible"),
    ("good", "bad"),
    ("best", "worst"),
    ("include", "exclude"),
    ("correct", "incorrect"),
    ("equal", "unequal"),
    ("most", "least"),
    ("是", "非"),
    ("增加", "减少"),
    ("必须", "可以"),
    ("大于", "小于"),
    ("推荐", "禁止"),
    ("强制", "推荐"),
    ("允许", "禁止"),
    ("前", "后"),
    ("可以", "不可"),
    ("正确", "错误"),
    ("最大", "最小"),
    ("开始", "结束"),
    ("高", "低"),
    ("多", "少"),
]
UNITS = [
    ("%", "‰"),
    ("percent", "points"),
    ("million", "billion"),
    ("thousand", "million"),
    ("years", "months"),
    ("days", "weeks"),
    ("miles", "metres"),
    ("hours", "minutes"),
    ("$", "€"),
    ("year", "month"),
    ("tax", "taxes"),
    ("个", "对"),
    ("位", "字节"),
    ("字符", "字节"),
    ("行", "列"),
    ("万", "亿"),
    ("次", "倍"),
    ("年", "月"),
    ("元", "角"),
]


def _swapped(pairs: Sequence[tuple[str, str]], quote: str, choose: random.Random, before: str = "") -> str | None:
    places = []
    for one, other in [*pairs, *((b, a) for a, b in pairs)]:
        edge = r"\b" if one.isascii() and one.isalpha() else ""
        places += [(m.start("w"), m.end("w"), other) for m in re.finditer(f"{before}{edge}(?P<w>{re.escape(one)}){edge}", quote)]
    if not places:
        return None
    start, end, other = choose.choice(places)
    return quote[:start] + other + quote[end:]


def antonym(quote: str, choose: random.Random) -> str | None:
    return _swapped(ANTONYMS, quote, choose)


def other_unit(quote: str, choose: random.Random) -> str | None:
    if chinese(quote) or not re.search(r"\$\d", quote) or choose.random() < 0.5:
        return _swapped(
            [p for p in UNITS if p != ("$", "€")], quote, choose, before=r"(?:\d|\bone|\btwo|[一二两三四五六七八九十]) ?"
        )
    return re.sub(r"\$(?=\d)", "€", quote, count=1)


def other_digit(quote: str, choose: random.Random) -> str | None:
    digit = _at(r"[0-9]", quote, choose)
    if not digit:
        return None
    return quote[: digit.start()] + choose.choice("0123456789".replace(digit[0], "")) + quote[digit.end() :]


def digit_more(quote: str, choose: random.Random) -> str | None:
    digit = _at(r"[1-9]", quote, choose)
    return digit and quote[: digit.end()] + choose.choice(("0", "5", ".5")) + quote[digit.end() :]


def point_moved(quote: str, choose: random.Random) -> str | None:
    point = _at(r"(?<=\d)[.,](?=\d)", quote, choose)
    if not point or (point[0] == "," and re.match(r"\d{3}(?!\d)", quote[point.end() :])):
        return None
    return quote[: point.start()] + quote[point.end() :]


def sign_turned(quote: str, choose: random.Random) -> str | None:
    number = _at(r"(?<![\w.,:/-])\d", quote, choose)
    return number and f"{quote[: number.start()]}-{quote[number.start() :]}"


def negation_dropped(quote: str, choose: random.Random) -> str | None:
    if chinese(quote):
        found = _at(r"不(?=[能会可得是要存支允应需建])|没有|禁止|未", quote, choose)
        return found and quote[: found.start()] + quote[found.end() :]
    found = _at(r"\b(?:not|never|no|cannot|without)\b ?|n['’]t\b", quote, choose)
    if not found:
        return None
    return quote[: found.start()] + {"cannot": "can ", "without": "with "}.get(found[0].strip(), "") + quote[found.end() :]


def negation_added(quote: str, choose: random.Random) -> str | None:
    if chinese(quote):
        found = _at(r"[可能会是要应](?![不非])", quote, choose)
        return found and f"{quote[: found.start()]}不{quote[found.start() :]}"
    found = _at(r"\b(?:is|are|was|were|can|will|may|must|should|has|have|does|do)\b(?! not)", quote, choose)
    return found and f"{quote[: found.end()]} not{quote[found.end() :]}"


def negation_prefixed(quote: str, choose: random.Random) -> str | None:
    if chinese(quote):
        return None
    found = _at(r"\b(?!un|in|im|non|dis|de)[a-z]{6,}(?:ive|ed|able|al|ant)\b", quote, choose)
    return found and quote[: found.start()] + choose.choice(("un", "in", "non", "dis")) + quote[found.start() :]


def cut_in_a_word(quote: str, choose: random.Random) -> str | None:
    words = [m for m in re.finditer(r"[A-Za-z]{3,}", quote) if m.start() > 20]
    if not words:
        return None
    word = choose.choice(words)
    return quote[: choose.randrange(word.start() + 1, word.end())]


def begun_in_a_word(quote: str, choose: random.Random) -> str | None:
    words = [m for m in re.finditer(r"[A-Za-z]{3,}", quote) if len(quote) - m.end() > 20]
    if not words:
        return None
    word = choose.choice(words)
    return quote[choose.randrange(word.start() + 1, word.end()) :]


def cut_in_a_number(quote: str, choose: random.Random) -> str | None:
    number = _at(r"(?<=.{12})\d+(?:[.,]\d+)*(?:\d|%)", quote, choose)
    return number and quote[: choose.randrange(number.start() + 1, number.end())].rstrip(".,")


def begun_in_a_number(quote: str, choose: random.Random) -> str | None:
    number = _at(r"\d(?:[\d.,]*\d)(?=.{12})", quote, choose)
    if not number:
        return None
    return quote[choose.randrange(number.start() + 1, number.end()) :].lstrip(".,")


def begun_behind_the_negation(quote: str, choose: random.Random) -> str | None:
    found = _at(
        r"不(?=[能会可得是要存支允应需建])|没有|禁止" if chinese(quote) else r"\b(?:not|never|cannot|without)\b ", quote, choose
    )
    rest = found and quote[found.end() :]
    return rest if rest and len(rest) > 12 else None


def words_swapped(quote: str, choose: random.Random) -> str | None:
    if chinese(quote):
        parts = re.split(r"(，|、|,)", quote)
        if len(parts) < 3 or parts[0] == parts[2] or len(parts[2]) < 2:
            return None
        return "".join([parts[2], parts[1], parts[0], *parts[3:]])
    words = quote.split(" ")
    places = [i for i in range(len(words) - 2) if words[i].lower() != words[i + 2].lower() and words[i + 1].isalpha()]
    if not places:
        return None
    at = choose.choice(places)
    words[at], words[at + 2] = words[at + 2], words[at]
    return " ".join(words)


def word_lost(quote: str, choose: random.Random) -> str | None:
    words = quote.split(" ")
    places = [i for i in range(1, len(words) - 1) if len(words[i]) > 4 and words[i].isalpha()]
    if not places:
        return None
    at = choose.choice(places)
    return " ".join(words[:at] + words[at + 1 :])


LIES: Sequence[Change] = (
    antonym,
    other_unit,
    other_digit,
    digit_more,
    point_moved,
    sign_turned,
    negation_dropped,
    negation_added,
    negation_prefixed,
    cut_in_a_word,
    begun_in_a_word,
    cut_in_a_number,
    begun_in_a_number,
    begun_behind_the_negation,
    words_swapped,
    word_lost,
)


def joined(one: str, other: str, mark: str) -> str:
    """The first half of one quote and the second of another."""
    if chinese(one):
        return one[: len(one) // 2] + mark + other[len(other) // 2 :]
    left, right = one.split(" "), other.split(" ")
    return " ".join(left[: max(1, len(left) // 2)]) + (mark or " ") + " ".join(right[len(right) // 2 :])


def fabricated(sentences: Sequence[str], choose: random.Random) -> str:
    """Words of other documents, shuffled."""
    words = " ".join(choose.sample(sentences, 3)).split(" ")
    choose.shuffle(words)
    return " ".join(words)[:160].strip() if len(words) > 6 else "".join(choose.sample(words[0] * 2, len(words[0])))
