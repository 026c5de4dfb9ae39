"""Text → what language it is in, and whether it is text at all."""

import re

_SAMPLE = 20_000
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC = re.compile("[\u0600-\u06ff]")
_ENGLISH = re.compile(r"\b(?:the|of|and|to|in|is|for|that|with|on|are|by|this|as|be|or|from)\b", re.IGNORECASE)
_CID = re.compile(r"\(cid:\d+\)")
_STRANGE = re.compile("[\ufffd\ue000-\uf8ff\x80-\x9f]")


def detect(text: str) -> str:
    """The language tag of a text (`zh-CN`, `en`, `ja`, `ko`, `ru`, `ar`), or `""` where nothing is sure."""
    sample = text[:_SAMPLE]
    han, kana, hangul = (len(pattern.findall(sample)) for pattern in (_HAN, _KANA, _HANGUL))
    latin = len(_LATIN.findall(sample))
    if kana > 0.1 * (han + kana) and kana > 0.2 * latin:
        return "ja"
    if hangul > 0.5 * latin and hangul > han:
        return "ko"
    if han and han > 0.5 * latin:  # a Han character weighs about half a word
        return "zh-CN"
    for tag, pattern in (("ru", _CYRILLIC), ("ar", _ARABIC)):
        if len(pattern.findall(sample)) > 3 * latin:
            return tag
    return "en" if latin and len(_ENGLISH.findall(sample)) >= 0.08 * latin else ""


def garbled(text: str) -> bool:
    """Most of the visible characters stand for no character a reader would see."""
    if "(cid:" not in text and (text.isascii() or not _STRANGE.search(text)):
        return False
    cids = _CID.findall(text)
    visible = sum(map(len, text.split()))
    if visible < 20:
        return False
    strange = sum(map(len, cids)) + len(_STRANGE.findall(text))
    return strange > 0.4 * visible
