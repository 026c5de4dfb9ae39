"""The small words of English and Chinese: what to skip, what a full stop may follow, what begins a sentence."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ENGLISH_STOP = _set(
    """
    a about above after again all also am an and any are aren't as at be because been before being below between both
    but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each either etc even ever
    every few for from further get gets got had has hasn't have haven't having he her here hers him his how however i
    i'd i'll i'm i've if in into is isn't it it's its itself just let like may me might more most much must my myself no
    nor not now of off on once one only onto or other others our ours out over own per rather s same shall she should so
    some such t than that that's the their theirs them then there there's these they they're this those through thus to
    too under until up upon us use used using very via was wasn't we we're were weren't what when where whether which
    while who whom whose why will with within without won't would yeah you you're your yours um uh hmm mm okay ok oh re
    ve ll d m yes yep hi really actually basically probably maybe gonna wanna gotta guess mean know think thing things
    something anything everything sort kind lot bit well right quite want going go goes say says said see seen look
    looks come comes
    """
)

CJK_STOP = _set(
    """
    的 了 着 吗 呢 吧 啊 呀 嗯 哦 呃 们 这 那 我 你 他 她 它 是 就 也
    都 很 个 与 和 及 或 在 一个 一些 一种 因为 所以 但是 如果 可能 没有 什么 怎么 为什么 哪些 哪个
    如何 多少 是否 以及 并且 而且 然后 其实 时候 现在 可以 已经 通过 进行 由于 因此 对于 之间 其中 等等 还有 还是
    或者 不是 觉得 知道 一下 这样 那么 东西 自己 大家 今天 非常
    """
)
ABBREVIATIONS = _set(
    """
    al fig figs eq eqs sec secs ch chap no nos vol pp p ed eds e.g i.e cf vs viz ca approx dr mr mrs ms prof st jr sr
    gen rep sen gov inc ltd co corp dept univ est ref refs tab thm def prop resp jan feb mar apr jun jul aug sep sept
    oct nov dec art u.s u.k e.u ph.d m.sc b.sc a.m p.m w.r.t etc app ver rev ave blvd min max avg
    """
)

OPENERS = _set(
    """
    the this these those that there in on at for from we our it its they their he she his her you i a an and as if to
    but so however when while where what who why how although though since because after before by with without such
    each all some most many one two both another other first second third finally then thus therefore hence moreover
    furthermore unlike similarly note let here given using results
    """
)
"""Words that begin a sentence even after an abbreviation."""

GENERIC_QUESTION = _set(
    """
    paper document text article report file summary summarize summarise main point key idea say tell topic subject
    describe explain about gist overview content study work research 文章 文档 文件 报告 论文 主要 内容 总结 概括 概述 摘要 大意
    要点 讲 说 介绍 描述 概要 大概 研究
    """
)
"""Words of a question that asks for the gist of the document and for nothing in it."""
