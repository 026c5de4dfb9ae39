"""Lists of rare words are text; writings read as others are none."""

import pytest

from kimi_docs.extract.quality import garbled

NAMES = (
    "王建国 李淑芬 张伟 刘洋 陈静 杨帆 赵磊 黄丽 周涛 吴敏 徐鹏 孙倩 胡斌 "
    "朱琳 高翔 林婷 何俊 郭霞 马超 罗燕 梁栋 宋佳 郑凯 谢芳 韩冰 唐瑶 "
    "冯刚 于娜 董洁 萧峰 程颖 曹阳 袁梦 邓超 许晴 傅雷 沈丹 曾志 彭湃 吕布 苏醒 卢浩 蒋勤 蔡琴 贾玲 丁磊 魏晨 薛凯 叶璇"
)
NAMES_IN_TAIPEI = (
    "王建國 李淑芬 張偉 劉洋 陳靜 楊帆 趙磊 黃麗 周濤 吳敏 徐鵬 孫倩 胡斌 "
    "朱琳 高翔 林婷 何俊 郭霞 馬超 羅燕 梁棟 宋佳 鄭凱 謝芳 韓冰 唐瑤 "
    "馮剛 于娜 董潔 蕭峰 程穎 曹陽 袁夢 鄧超 許晴 傅雷 沈丹 曾志 彭湃 呂布 蘇醒 盧浩 蔣勤 蔡琴 賈玲 丁磊 魏晨 薛凱 葉璇"
)
HERBS = (
    "茯苓 甘草 陈皮 桔梗 麻黄 桂枝 杏仁 葛根 柴胡 黄芩 黄连 黄柏 栀子 连翘 "
    "薄荷 荆芥 防风 羌活 独活 川芎 当归 芍药 熟地 枸杞 菊花 蝉蜕 僵蚕 "
    "钩藤 牡蛎 龙骨 酸枣仁 远志 茯神 琥珀 磁石 朱砂 珍珠母 沙参 麦冬 "
    "玉竹 百合 石斛 鳖甲 龟板 鹿茸 淫羊藿 巴戟 杜仲 续断 菟丝子 补骨脂"
)
PROSE = "合同双方应当按照本合同的约定履行各自的义务，任何一方违反约定的，应当向守约方支付违约金，并赔偿由此造成的全部损失。" * 4


@pytest.mark.parametrize("text", [NAMES, NAMES_IN_TAIPEI, HERBS, PROSE])
def test_lists_of_rare_words_are_text(text: str) -> None:
    assert not garbled(text)


@pytest.mark.parametrize(
    "text",
    [
        PROSE.encode("gbk").decode("big5", "ignore"),
        "".join(chr(ord(letter) + 29) for letter in PROSE),
        "".join(chr(0x4E00 + 7919 * ord(letter) % 20000) for letter in PROSE),
    ],
    ids=["read as Big5", "glyphs shifted", "another character for each"],
)
def test_han_characters_that_say_nothing_are_garbled(text: str) -> None:
    assert garbled(text)
