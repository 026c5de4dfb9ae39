"""Text → the parts of it nobody sees, and the phrases in it that give orders to a model."""

import re
from collections.abc import Iterator, Sequence

from kimi_docs.domain.text import HiddenKind, HiddenText

MOST_LISTED = 200
MOST_CHARACTERS = 1000
"""Of one hidden text in the list."""

_UNSEEN = re.compile(
    "[\U000e0000-\U000e007f]+"  # tags: a whole alphabet without shapes
    "|[\u200b-\u200f\u2060-\u2064\ufeff]{5,}"  # single ones join and part letters, many in a row are a code
    "|[\u202d\u202e]"  # overrides: what is read is not what is written
)
_WITHOUT_SHAPE = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u202d\u202e]")
_TAGS = range(0xE0020, 0xE007F)

_KEYS = (
    *(
        "ignor",
        "disregard",
        "forget",
        "overrid",
        "system prompt",
        "system message",
        "instructions",
        "language model",
        "developer mode",
    ),
    *("<|im_", "[inst]", "<<sys>>", "positive review", "do not mention", "do not tell", "jailbreak", "as an ai", "you are now"),
    *("note to", "attention ai", "highlight any", "if you are an"),
    *(
        "忽略",
        "无视",
        "無視",
        "忘记",
        "忘掉",
        "不要理会",
        "提示词",
        "提示詞",
        "系统指令",
        "系统提示",
        "不要告",
        "不要提醒",
        "语言模型",
        "大模型",
    ),
    *("人工智能", "好评", "正面", "积极", "肯定", "指令", "你现在是", "你是", "您是"),
)
_FREQUENT = "instructions"
"""In many honest texts: what it means is asked with a shorter pattern of its own."""
_SOUGHT = {key: key.encode() for key in _KEYS}
"""In lower case: a text with none of them is not looked at further."""
_SOUGHT_LATIN = {key: code for key, code in _SOUGHT.items() if key.isascii()}
_HAN_LEADS = sorted({code[:1] for key, code in _SOUGHT.items() if not key.isascii()})
"""The first bytes of those in Chinese: without any of these there is none."""
_REACH = 160
"""Characters: no order is longer."""
_OF_INSTRUCTIONS = (
    r"\b(?:reveal|print|output|repeat|show|leak|send|disclose)\s+(?:me\s+)?(?:your|the)\s+(?:(?:full|entire|hidden|own)\s+)*"
    r"(?:system\s+(?:prompt|message|instructions)|initial\s+instructions|api\s+keys?)"
    r"|\b(?:note|attention|message|instructions?)\s+(?:to|for)\s+(?:the\s+|any\s+|all\s+)?(?:ai|llms?|language\s+models?|(?:ai\s+)?assistants?|chatbots?)\b"
    r"|\b(?:new|updated|real|actual)\s+(?:system\s+)?instructions\s*:"
)
_INSTRUCTIONS = re.compile(_OF_INSTRUCTIONS, re.IGNORECASE)
_ORDERS = re.compile(
    _OF_INSTRUCTIONS + r"|\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|overrid(?:e|ing))\s+"
    r"(?:(?:all|any|every|everything|the|your|of|these|those|my|its)\s+)*"
    r"(?:(?:previous|prior|above|earlier|preceding|former|foregoing|other|original|system)\s*(?:and\s+)?)+"
    r"(?:(?:system|user|safety)\s+)?(?:instructions?|prompts?|directions?|directives?|commands?|rules?|guidelines?|messages?|text|content)"
    r"|\b(?:ignore|disregard|forget)\s+(?:all|any|your|everything)\s+(?:your\s+|of\s+your\s+)?(?:instructions?|rules|guidelines|above|before)"
    r"|\b(?:if\s+you\s+are|as)\s+an?\s+(?:ai|llm|(?:large\s+)?language\s+model)\b[^.\n]{0,40}\b(?:must|should|please|always|never|do\s+not)\b"
    r"|\byou\s+are\s+now\s+(?:in\s+)?(?:dan\b|developer\s+mode|jailbroken|an?\s+(?:unrestricted|evil|different)\b)"
    r"|\bgive\s+(?:only\s+)?a\s+positive\s+review|\bdo\s+not\s+(?:mention|highlight)\s+any\s+(?:negatives?|weakness(?:es)?)\b"
    r"|\bdo\s+not\s+(?:tell|inform|alert)\s+the\s+user\b"
    r"|<\|im_(?:start|end)\|>|\[/?inst\]|<</?sys>>"
    r"|(?:忽略|无视|無視|忘记|忘掉|不要理会)[^。\n]{0,10}?(?:以上|之前|上述|上面|前面|先前|此前|所有|一切|全部|系统)"
    r"[^。\n]{0,8}?(?:指令|指示|提示|要求|命令|规则|規則|内容|設定|设定)"
    r"|(?:泄露|输出|打印|透露|显示|告诉我|重复)[^。\n]{0,8}?(?:系统)?(?:提示词|提示詞|系统指令|系统提示)"
    r"|(?:致|给|供)[^。\n]{0,4}?(?:AI|人工智能|语言模型|大模型)[^。\n]{0,6}?(?:指令|指示|说明|提示)"
    r"|(?:如果)?(?:你|您)是?(?:一个)?(?:AI|人工智能|语言模型|大模型)[^。\n]{0,12}?(?:必须|应当|应该|请|务必)"
    r"|(?:只|仅|必须|请务必)[^。\n]{0,4}?给出?[^。\n]{0,4}?(?:正面|积极|肯定)的?(?:评价|评审|意见)|请给[^。\n]{0,4}好评"
    r"|不要(?:告诉|告知|提醒)用户|(?:新|真正)的?指令\s*[::]|你现在是[^。\n]{0,10}?(?:开发者模式|不受限制|没有限制)",
    re.IGNORECASE,
)


_MARKS = re.compile(
    r"VerDate\b.{0,40}\d|\bJkt \d{4,}|\bSfmt \d|\bPt\. size:|\bFileid:|above prints on all proofs|\.indd\b|^Powered by TCPDF|</GPH>"
)


def is_mark(text: str) -> bool:
    """What a printing house or a program writes beside the page for itself."""
    return _MARKS.search(text) is not None and not orders(text)


def ordering(text: str) -> bool:
    """One of the words is in it without which `orders` finds nothing."""
    return bool(_keys(text.lower()))


def _keys(lower: str) -> list[str]:
    encoded = lower.encode("utf-8", "surrogatepass")  # bytes are searched many times faster than wide characters
    sought = _SOUGHT if any(lead in encoded for lead in _HAN_LEADS) else _SOUGHT_LATIN
    return [key for key, code in sought.items() if code in encoded]


def orders(text: str) -> list[tuple[int, int]]:
    """Where visible text speaks to a model as its master would. It stays what it is: data."""
    lower = text.lower()
    if len(lower) != len(text):  # a letter that is two in lower case
        lower = text
    keys = _keys(lower)
    found = _near(text, lower, [key for key in keys if key != _FREQUENT], _ORDERS)
    if _FREQUENT in keys:
        found = sorted(found + _near(text, lower, [_FREQUENT], _INSTRUCTIONS))
    return [span for number, span in enumerate(found) if not number or span[0] >= found[number - 1][1]]


def _near(text: str, lower: str, keys: Sequence[str], pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Where the pattern is found not far from a key."""
    found: list[tuple[int, int]] = []
    end = 0
    for place in sorted(place for key in keys for place in _places(lower, key)):
        if place >= end:  # what begins before is looked at already
            start, end = max(end - _REACH, place - _REACH, 0), place + _REACH
            found.extend(match.span() for match in pattern.finditer(text, start, end + _REACH))
    return found


def _places(text: str, key: str) -> Iterator[int]:
    place = text.find(key)
    while place >= 0:
        yield place
        place = text.find(key, place + 1)


def beyond_plane(text: str) -> bool:
    """Some character takes two units of UTF-16. Asked of the encoder, which is many times faster than looking at each."""
    return len(text.encode("utf-16-le", "surrogatepass")) != 2 * len(text)


def unseen(text: str) -> list[tuple[int, int]]:
    """The ranges of characters without a shape that no writing needs."""
    if text.isascii() or (not beyond_plane(text) and not _WITHOUT_SHAPE.search(text)):
        return []
    return [match.span() for match in _UNSEEN.finditer(text)]


def spoken(text: str) -> str:
    """Characters without a shape in letters: tags as what they stand for, others by their numbers."""
    if any(ord(letter) in _TAGS for letter in text):
        return "".join(chr(ord(letter) - 0xE0000) for letter in text if ord(letter) in _TAGS)
    return " ".join(f"U+{ord(letter):04X}" for letter in text[:20])


def listed(page: int, found: Sequence[tuple[int, int, HiddenKind]], raw: str) -> Iterator[HiddenText]:
    """Ranges of a page's raw text as entries of the list of hidden texts. Printers' marks are in neither, and what stands on the
    page to be seen as well (a running head under its heading) hides nothing."""
    seen = _without(raw, found) if found else ""
    for start, end, kind in found:
        text = raw[start:end]
        said = spoken(text) if kind is HiddenKind.UNSEEN else " ".join(text.replace("\ufffe", "").split())
        if said and not is_mark(said) and not all(_once(line) in seen for line in text.split("\n")):
            yield HiddenText(page=page, kind=kind, text=said[:MOST_CHARACTERS])


def _without(raw: str, ranges: Sequence[tuple[int, int, HiddenKind]]) -> str:
    """The words between these ranges."""
    starts, ends = [0, *(end for _, end, _ in ranges)], [*(start for start, _, _ in ranges), len(raw)]
    return " ".join(" ".join(raw[start:end] for start, end in zip(starts, ends, strict=True)).replace("\ufffe", "").split())


def _once(line: str) -> str:
    """Its words, each where it comes first: what is only repeated says nothing new."""
    return " ".join(dict.fromkeys(line.split()))
