"""The two ends of a quote in its text → whether it cuts something: a word, a number, a sign or unit, or the "not" beside it."""

import re
import unicodedata

from kimi_docs.analyze.fold import CJK

UNSPACED = CJK + "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Scripts that put no spaces between words."""
REACH = 40
_UNSPACED = re.compile(f"[{UNSPACED}]")
_NUMERAL = "零〇一二三四五六七八九十百千万亿兆两"
_NUMBER_BEGINS = re.compile(
    rf"\d$|\d[.,:/^×-]$|\d ?× ?$"
    rf"|(?:(?<![^\W{UNSPACED}])[-+]|[<>≤≥±≈$€£¥₹]) ?$|(?<![\w.])\.$|(?:\b(?:minus|negative|plus) |[负正]|零下|分之)$",
    re.IGNORECASE,
)
_NUMBER_GOES_ON = re.compile(
    r"\d|[.,:/^×-]\d| ?× ?\d| ?[%‰]| ?°| ?(?:hundred|thousand|million|billion|trillion|per ?cent|percentage|[mb]n)\b"
    rf"|[{_NUMERAL}]|个?百分点",
    re.IGNORECASE,
)
_NUMERAL_BEGINS = re.compile(rf"(?:[{_NUMERAL}\d]|[{_NUMERAL}]点|分之|[负]|零下)$")
_NUMERAL_GOES_ON = re.compile(rf"[{_NUMERAL}]|点[{_NUMERAL}]|分之|个?百分点")
_NEGATED = re.compile(
    r"(?:\b(?:not|no|never|without|cannot|nor|neither|non|hardly|barely|unless|lack(?:s|ed)?(?: of)?"
    r"|(?:fail|refus|declin|unable)(?:e?s|ed)? to)|n't)"
    r"(?: (?:yet|be|been|being|have|to|a|an|the|any|ever|always|necessarily|longer))?[ '(\[]+$"
    r"|(?:[不没未无非勿莫否]|没有|[不未没][能会可得该应宜必要须需曾予是再]|不允许|不建议|并非|无[法需须]|[禁防]止|严禁|禁用|避免|拒绝"
    r"|缺乏)['(]*$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|nor|without|neither|rejects?|rejected|refut\w+|disprov\w+)|n't)\b[^.;:!?]{0,26} that ['(\[]*$"
    r"|\b(?:den(?:y|ies|ied)|doubts?|doubted|doubtful|false|untrue|wrong|unlikely|impossible) that ['(\[]*$"
    r"|(?:没有?|无|未|不|非|难以)[^，。；：！？]{0,6}(?:表明|证明|显示|证实|说明|认为|支持|发现)['(]*$"
    r"|(?:否认|怀疑|驳斥|推翻)['(]*$"
    r"|\b(?:nicht|kein(?:e[nmrs]?)?|niemals|ohne|pas|jamais|sans|aucune?|não|nunca|sem|sin|tampoco|не|нет|без|ни) $",
    re.IGNORECASE,
)
"""What says beforehand that the following is not so, at some distance or in other languages."""
_NEGATED_BEHIND = re.compile(
    r" (?:not|never|nicht|pas)\b|[并尚还也都]?(?:[不未]|没有?|非(?!常))|(?:で|じゃ)?は?(?:ない|なかった|なく|ありません)"
    r"|지? ?(?:않|아니)",
    re.IGNORECASE,
)
NOTE_MARK = re.compile(r"\d{1,2}(?![\w^%‰°]|[.,:/-]\d)")
WORD_BEFORE = re.compile(r"[^\W\d_]{3}$")
"""A small number right behind a word is the mark of a footnote."""
_CLITIC = re.compile(r"(?<!\w)(?:[cdjlmst]|qu)'$", re.IGNORECASE)


def cut(text: str, start: int, end: int) -> bool:
    """A word or number goes on over one of the two borders, or what stands beside it turns the meaning round."""
    before, after = text[max(0, start - REACH) : start], text[end : end + REACH]
    head, tail = text[start : start + 2], text[max(start, end - REACH) : end]
    return (
        _word_goes_on(before, head)
        or _word_goes_on(tail, after)
        or _number_begins(before, head)
        or _number_goes_on(tail, after)
        or bool(_NEGATED.search(before) or _DENIED.search(before) or _NEGATED_BEHIND.match(after))
    )


def joins(left: str, right: str) -> bool:
    """Both characters belong to one word of a script that puts spaces between words."""
    return _wordlike(left) and (_wordlike(right) or _mark(right))


def _word_goes_on(left: str, right: str) -> bool:
    last, first = left[-1:], right[:1]
    if not last or not first or (NOTE_MARK.match(right) and WORD_BEFORE.search(left)):
        return False
    if _mark(first) or joins(last, first):
        return True
    if first in "-'" and _wordlike(last) and _wordlike(right[1:2]):
        return True
    return last in "-'" and _wordlike(left[-2:-1]) and _wordlike(first) and not _CLITIC.search(left)


def _number_begins(left: str, right: str) -> bool:
    first = right[:1]
    if first.isdecimal() or (first == "." and right[1:2].isdecimal()):
        return bool(_NUMBER_BEGINS.search(left))
    if first in "-+" and right[1:2].isdecimal():
        return left[-1:].isalnum() and not _UNSPACED.match(left[-1:])
    return first != "" and first in _NUMERAL and bool(_NUMERAL_BEGINS.search(left))


def _number_goes_on(left: str, right: str) -> bool:
    last = left[-1:]
    if last.isdecimal():
        return bool(_NUMBER_GOES_ON.match(right))
    return last != "" and last in _NUMERAL and bool(_NUMERAL_GOES_ON.match(right))


def _wordlike(character: str) -> bool:
    return (character.isalnum() or character == "_") and not _UNSPACED.match(character)


def _mark(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] == "M"
