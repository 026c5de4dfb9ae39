"""Text → what language it is in, and whether it is text at all."""

import re
from collections import Counter
from collections.abc import Sequence
from operator import add

_SAMPLE = 8_000
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC = re.compile("[\u0600-\u06ff]")
_ENGLISH = frozenset(re.findall("[a-z]+", "the of and to in is for that with on are by this as be or from"))
_CID = re.compile(r"\(cid:\d+\)")
_STRANGE = re.compile("[\ufffd\ue000-\uf8ff\x80-\x9f]")

_ACCENTED = re.compile("[\u00a1-\u00ff]")
_LETTERS = 240
"""Latin letters looked at in each third of a page; with fewer than a third of that nothing is said."""
_COMMON_PAIRS = frozenset(
    re.findall(
        "..",
        "thheineranreonatenndtiesorteofedisitalarsttontngsehaasouiolevecomedehiriroicneea"
        "racelichllbemasiomurcaeltalansdifohopeecprnoctusacotiltrlyncetutsssorsunlowageie"
        "wheewiemadolrtpowenaulnitsmoowpaimmiaishirsuidosiviaamficivipligtuevldrympfeblab"
        "ghtyopwosaayexkeuifrooageiuequeuezdadonnegmmltauukijaasc",
    )
)
"""Pairs of letters that make up four fifths of the words of English and its neighbours, and a fifth of any cipher."""
_COMMON_HAN = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发"
    "成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话"
    "应使性表新关数据第部由等政制度定业务产品信息系统技术研究方法结果分析管理服务企业市场经济社会发展问题情况要求进行通过提供包括根据以及"
    "基于模型计算网络数学教育内容条款合同规定责任权利义务单位时间报告項個這來為們國時說會學對後過還發動當開無見經長將實進與關應種聲全問題現"
)
_LITTLE_WORDS = (" the ", " and ", " of ", " to ", " de ", " der ", " und ", " la ", " in ")
_LOOKED_AT = 2000
_FEW_FOREIGN = 36
"""Bytes beyond one a character: below, there are neither enough accents nor enough Han characters to judge."""

_HAN_ENOUGH = 80
_SCHOOLED = (("gb2312", range(0xB0, 0xD8)), ("big5", range(0xA4, 0xC7)))
"""First bytes of the characters that everybody who reads knows: their standards put them in front."""


def detect(text: str) -> str:
    """The language tag of a text (`zh-CN`, `en`, `ja`, `ko`, `ru`, `ar`), or `""` where nothing is sure."""
    sample = text[:_SAMPLE]
    words = _LATIN.findall(sample)
    latin = len(words)
    if not sample.isascii() and (tag := _other_writing(sample, latin)):
        return tag
    return "en" if latin and sum(word.lower() in _ENGLISH for word in words) >= 0.08 * latin else ""


def _other_writing(sample: str, latin: int) -> str:
    """The language of a writing that is not Latin, where there is more of that; `latin` counts words."""
    han, kana, hangul = (len(pattern.findall(sample)) for pattern in (_HAN, _KANA, _HANGUL))
    if kana > 0.1 * (han + kana) and kana > 0.2 * latin:
        return "ja"
    if hangul > 0.5 * latin and hangul > han:
        return "ko"
    if han and han > 0.5 * latin:  # a Han character weighs about half a word
        return "zh-CN"
    for tag, pattern in (("ru", _CYRILLIC), ("ar", _ARABIC)):
        if len(pattern.findall(sample)) > 3 * latin:
            return tag
    return ""


def garbled(text: str) -> bool:
    """Most of the visible characters stand for no character a reader would see: codes, private signs, a cipher."""
    if ("(cid:" in text or not text.isascii()) and (_coded(text) or _mistaken(text)):
        return True
    return not _familiar(text) and implausible(text, 0.33)


def _familiar(text: str) -> bool:
    """Enough of the shortest words of five languages: no need to look closer."""
    sample = text[:_LOOKED_AT]
    return sum(map(sample.count, _LITTLE_WORDS)) > 2 + len(sample) / 800


def implausible(text: str, least: float = 0.5) -> bool:
    """The letters do not follow one another as in any language that is known here; `least` of the pairs are common in one."""
    shares = _pair_shares(text)
    return bool(shares) and max(shares) < least


def _pair_shares(text: str) -> list[float]:
    """How many pairs of letters are common ones, in three samples of the page; nothing for too few letters."""
    third = max(1, len(text) // 3)
    shares: list[float] = []
    total = 0
    for start in range(0, len(text), third):
        words = _LATIN.findall(text, start, min(start + third, start + _LETTERS))
        count = sum(map(len, words)) - len(words)
        total += count
        if count > 30:
            joined = " ".join(words).lower()  # a pair with the space between two words is no common one
            shares.append(sum(map(_COMMON_PAIRS.__contains__, map(add, joined, joined[1:]))) / count)
    return shares if total > _LETTERS / 3 else []


def _coded(text: str) -> bool:
    if "(cid:" not in text and not _STRANGE.search(text):
        return False
    cids = _CID.findall(text)
    strange = _STRANGE.findall(text)
    visible = sum(map(len, text.split()))
    return visible >= 20 and sum(map(len, cids)) + len(strange) > 0.4 * visible


def _mistaken(text: str) -> bool:
    """Bytes of one writing read as another, or Han characters drawn by lot."""
    sample = text[:_SAMPLE]
    if len(sample.encode("utf-8", "surrogatepass")) - len(sample) < _FEW_FOREIGN:  # quicker than looking for each
        return False
    accented = len(_ACCENTED.findall(sample))
    visible = sum(map(len, sample.split())) if accented >= 36 else 0
    if visible >= 60 and accented > 0.6 * visible:
        return True
    han = _HAN.findall(sample) if _HAN.search(sample) else []
    if len(han) < _HAN_ENOUGH or _KANA.search(sample) or _HANGUL.search(sample):
        return False
    if _common_share(han) >= 0.12 or Counter(han).most_common(1)[0][1] >= 0.2 * len(han):
        return False
    return _schooled_share(han) < 0.75  # lists of names and herbs have 0.86 and more, wrong decodings up to 0.65


def _common_share(han: Sequence[str]) -> float:
    return sum(letter in _COMMON_HAN for letter in han) / len(han)


def _schooled_share(han: Sequence[str]) -> float:
    """How many of these are known to all readers of simplified or of traditional Chinese."""
    text = "".join(han)
    leads = [(text.encode(name, "ignore")[::2], known) for name, known in _SCHOOLED]
    return max(sum(lead in known for lead in codes) for codes, known in leads) / len(han)
