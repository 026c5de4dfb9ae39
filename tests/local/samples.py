"""Documents made of words, for the tests of the local engine."""

import random
from collections.abc import Sequence

from kimi_docs.domain.text import Extraction, Page, PageKind, Span

ENGLISH = """Introduction
In this paper we study how bees find their way home in the fog. The problem is old and nobody has solved it for dense fog.
We propose a new method that follows the scent of the hive. Unlike previous work it needs no light.

Data
We collected a data set of 4,200 flights from twelve hives near Lake Anna. Each flight was recorded by two small cameras.

Results
The results show that 91 percent of the bees came home within ten minutes. Our method outperforms the sun compass by 30 percent.
Rain did not change the result in a significant way.

Limitations
A limitation is that all hives stood near water. Future work should look at dry places.

Conclusion
In conclusion, bees use the scent of the hive when they cannot see the sun.
"""

CHINESE = """引言
本文研究蜜蜂如何在浓雾中找到回家的路。这个问题由来已久，至今没有得到解决。
我们提出了一种跟随蜂巢气味的新方法。与以往的研究不同，该方法不需要光线。

数据
数据集包括安娜湖附近十二个蜂巢的4200次飞行记录。每次飞行由两台小型摄像机记录。

结果
结果表明，百分之九十一的蜜蜂在十分钟内回到了蜂巢。该方法的准确率比太阳罗盘提高了百分之三十。

局限
本研究的局限在于所有蜂巢都靠近水边。今后的工作应当考察干燥地区。

结论
综上，蜜蜂在看不见太阳时利用蜂巢的气味。
"""


CONTRACT = """甲方：北京华信科技有限公司。乙方：上海建工集团。

本项目位于苏州市工业园区。工程于2024年3月1日开工，2025年6月30日竣工。

合同总价为人民币500万元。质保期为两年。负责人李明担任项目经理。

由于雨季较长，工期顺延三十天。付款应当通过银行转账完成。双方在南京签订本合同。
"""


def extraction(
    *pages: str, kind: PageKind = PageKind.PAGE, title: str = "", document: str = "d" * 64, labels: Sequence[str] = ()
) -> Extraction:
    """The pages one after the other."""
    spans, start = [], 0
    for text in pages:
        spans.append(Span(start=start, end=start + len(text)))
        start += len(text)
    made = tuple(
        Page(number=n + 1, label=labels[n] if labels else str(n + 1), kind=kind, span=span) for n, span in enumerate(spans)
    )
    return Extraction(document=document, extractor="test", text="".join(pages), pages=made, title=title)


def long_document(pages: int, *, seed: int = 1) -> Extraction:
    """So many pages of about 27 sentences each, of a few thousand words that come back as words do."""
    choose = random.Random(seed)
    vocabulary = ["".join(choose.choices("abcdefghilmnoprstu", k=choose.randint(4, 9))) for _ in range(4000)]
    weights = [1 / (n + 3) for n in range(len(vocabulary))]
    made = []
    for _ in range(pages):
        body = [
            " ".join(["The", *choose.choices(vocabulary, weights, k=choose.randint(8, 20)), "of the", choose.choice(vocabulary)])
            + "."
            for _ in range(27)
        ]
        made.append("\n\n".join(" ".join(body[n : n + 5]) for n in range(0, 27, 5)) + "\n\n")
    return extraction(*made)
