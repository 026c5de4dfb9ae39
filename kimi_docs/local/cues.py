"""How sentences look that say one thing or another, in English and Chinese."""

import re
from collections.abc import Mapping

_PATTERNS: Mapping[str, tuple[str, str]] = {
    "question": (
        r"\b(?:we (?:study|investigate|address|ask|consider|explore|examine|focus on)|this (?:paper|work|article"
        r"|study|thesis|report)\b"
        r"|(?:the )?(?:goal|aim|purpose|objective|problem|task|question|challenge)s? (?:of|is|are|in)\b"
        r"|in this (?:paper|work|article|study))",
        r"本文|本研究|研究问题|旨在|目的是|为了解决|针对|本论文|关键问题|研究目的|问题是",
    ),
    "method": (
        r"\b(?:we (?:propose|present|introduce|develop|use|train|apply|describe|adopt|design|employ|model|estimate"
        r"|compute|implement)"
        r"|our (?:method|approach|model|system|algorithm|framework)|algorithm|approach|method|architecture"
        r"|is based on|procedure)",
        r"提出|采用|利用|方法|算法|模型|基于|构建|建立|设计|框架|运用|步骤",
    ),
    "data": (
        r"\b(?:data ?sets?|corpus|corpora|participants|samples? of|respondents|patients|collected|annotated"
        r"|benchmark|treebank|data"
        r"|test set|training set|training data|survey)\b",
        r"数据集|数据来源|样本|语料|问卷|数据|调查对象|采集|受访者|训练集|测试集",
    ),
    "results": (
        r"\b(?:results? (?:show|indicate|suggest|demonstrate|confirm)|we (?:show|find|found|observe|achieve"
        r"|demonstrate|obtain)"
        r"|outperform\w*|achiev\w+|improve\w*|significant\w*|f-?score|f1|state[- ]of[- ]the[- ]art"
        r"|increase[sd]?|decrease[sd]?"
        r"|compared (?:to|with)|experiments? show)",
        r"结果表明|结果显示|实验表明|研究表明|研究发现|发现|表明|显示|优于|提高了|提升|显著|仿真结果|证明",
    ),
    "limitations": (
        r"\b(?:limitations?|limited (?:to|by)|future (?:work|research|studies)|drawbacks?|shortcomings?|weakness\w*"
        r"|remains? (?:to be|an open|open|unclear)|caveats?|beyond the scope|further (?:research|work|study|studies)"
        r"|only (?:considers?|covers?|applies)|not yet|we (?:do|did) not|fail(?:s|ed)? to)",
        r"局限|不足之处|未来工作|进一步研究|有待|缺点|尚未|尚不|今后|仍需|只涉及|仅限",
    ),
    "new": (
        r"\b(?:novel|new (?:method|approach|model|algorithm|framework|technique|way|task)|contributions?"
        r"|for the first time|the first (?:to|work|time)"
        r"|unlike (?:previous|prior|existing|other)|in contrast to (?:previous|prior|existing)"
        r"|to (?:the best of )?our knowledge)",
        r"创新|首次|新方法|新的|贡献|不同于|与以往|新型|率先|填补",
    ),
    "opening": (
        r"\b(?:this (?:paper|report|document|article|guide|agreement|chapter|manual|study|book)|in this (?:paper"
        r"|work|article)|overview|introduc\w+|purpose)",
        r"本文|本报告|本手册|本规范|本文件|概述|简介|旨在|目的|介绍|为了",
    ),
    "findings": ("", ""),
    "closing": (
        r"\b(?:in conclusion|to conclude|in summary|we conclude|overall|conclusions?|recommend(?:s|ed|ations?)?"
        r"|we have (?:shown|presented|described|proposed))",
        r"综上|总之|结论|总结|总而言之",
    ),
    "parties": (
        r"\b(?:by and between|between .{3,80} and |hereinafter|\(the [\"“]|party|parties|lessor|lessee|licensor"
        r"|licensee|buyer|seller|employer"
        r"|contractor|client|customer|supplier)\b",
        r"甲方|乙方|丙方|双方|当事人|出租人|承租人|买方|卖方|委托人|受托人|发包人|承包人",
    ),
    "dates": (
        r"\b(?:effective (?:date|as of)|commenc\w+|term of|expir\w+|within \w+ (?:\(\d+\) )?(?:business "
        r"|calendar )?days|no later than|dated"
        r"|(?:january|february|march|april|may|june|july|august|september|october|november|december) \d|\d{4}-\d\d-\d\d)",
        r"\d{4}\s*年|\d+\s*日内|期限|有效期|生效|届满|自.{1,20}起|工作日",
    ),
    "obligations": (
        r"\b(?:shall|must|agrees? to|undertakes?|is (?:obliged|required) to|are (?:obliged|required) to"
        r"|responsible for|covenants?|warrants?)\b",
        r"应当|必须|不得|有义务|负责|承诺|保证|应于|应在|应按|须",
    ),
    "money": (
        r"(?:[$€£¥]\s?\d|\b(?:usd|eur|rmb|cny|gbp)\b|\b(?:payments?|fees?|price|invoice|purchase price|rent|deposit"
        r"|royalt\w+|compensation)\b)",
        r"元|金额|价款|费用|支付|付款|租金|定金|押金|报酬|违约金|￥|¥",
    ),
    "termination": (
        r"\b(?:terminat\w+|cancel\w*|rescind\w*|expire\w*|notice of (?:termination|default))",
        r"终止|解除|撤销|到期|期满",
    ),
    "risks": (
        r"\b(?:liab\w+|indemnif\w+|breach\w*|damages|penalt\w+|force majeure|confidential\w*|disclaim\w*|dispute\w*"
        r"|arbitration|risks?|default)\b",
        r"违约|赔偿|责任|不可抗力|保密|争议|仲裁|风险|损失|罚",
    ),
    "figures": (
        r"\d[\d.,]*\s?(?:%|percent|per cent|million|billion|trillion|thousand|bn|m\b|k\b|basis points|tonnes|kg|km"
        r"|mw|gw|people)|[$€£¥]\s?\d",
        r"\d[\d.,]*\s?(?:%|％|万|亿|元|个百分点|倍|吨|公里|千瓦|人|家|项|户)",
    ),
    "outlook": (
        r"\b(?:expect\w*|outlook|forecast\w*|project(?:ed|ions?)|going forward|next year|will continue|plans? to"
        r"|target\w*|anticipat\w+|by 20\d\d)\b",
        r"预计|展望|预期|下一步|今后|未来|计划|目标|将继续|力争",
    ),
    "rules": (
        r"\b(?:must|shall|should|required|mandatory|recommended|forbidden|prohibited|never|always|may not)\b",
        r"必须|应当|禁止|不得|强制|推荐|严禁|不允许|须|应该",
    ),
    "topics": ("", ""),
    "decisions": (
        r"\b(?:decid\w+|agreed|approv\w+|resolv\w+|we(?: will|'ll| 'll) go with|conclu\w+|settled|adopted|motion"
        r"|unanimous\w*|consensus)\b",
        r"决定|同意|通过了|批准|议定|确定|一致认为|会议认为|达成|表决",
    ),
    "actions": (
        r"\b(?:action items?|will (?:send|prepare|check|contact|write|follow|finish|look|provide|draft|update"
        r"|review|do|make|get)|to[- ]do|by (?:monday"
        r"|tuesday|wednesday|thursday|friday|next week|tomorrow|the end of)|deadline|assigned to|responsible"
        r"|next meeting|need to|have to)\b",
        r"负责|尽快|下周|月底前|落实|完成|跟进|下次会议|截止|安排|需要|待办|牵头",
    ),
}

CUES: Mapping[str, re.Pattern[str] | None] = {
    key: re.compile(f"{english}|{chinese}", re.IGNORECASE) if english else None for key, (english, chinese) in _PATTERNS.items()
}
"""What a sentence of a section says; None: whatever matters most."""

HEADINGS: Mapping[str, re.Pattern[str]] = {
    "question": re.compile(r"abstract|introduction|motivation|problem|摘要|引言|绪论|前言|问题", re.IGNORECASE),
    "method": re.compile(r"method|approach|model|algorithm|system|architecture|方法|模型|算法|设计", re.IGNORECASE),
    "data": re.compile(r"data|corpus|corpora|material|sample|experimental set|数据|样本|材料|语料", re.IGNORECASE),
    "results": re.compile(r"result|evaluation|experiment|finding|结果|实验|分析|评估", re.IGNORECASE),
    "limitations": re.compile(r"limit|discussion|future|error analysis|局限|讨论|展望|不足", re.IGNORECASE),
    "new": re.compile(r"abstract|introduction|contribution|conclusion|摘要|引言|结论|创新|贡献", re.IGNORECASE),
    "opening": re.compile(r"abstract|introduction|summary|overview|preface|摘要|引言|概述|前言|简介|总则", re.IGNORECASE),
    "closing": re.compile(r"conclu|summary|outlook|recommend|discussion|结论|总结|结语|展望|建议", re.IGNORECASE),
    "parties": re.compile(r"part(?:y|ies)|当事人|双方", re.IGNORECASE),
    "dates": re.compile(r"term|date|period|期限|日期", re.IGNORECASE),
    "obligations": re.compile(r"obligation|duties|responsib|义务|职责", re.IGNORECASE),
    "money": re.compile(r"payment|price|fee|compensation|rent|价款|费用|付款|租金", re.IGNORECASE),
    "termination": re.compile(r"terminat|终止|解除", re.IGNORECASE),
    "risks": re.compile(r"liab|indemn|warrant|confiden|dispute|责任|违约|保密|争议", re.IGNORECASE),
    "outlook": re.compile(r"outlook|forecast|future|展望|计划|未来", re.IGNORECASE),
    "decisions": re.compile(r"decision|resolution|决定|决议", re.IGNORECASE),
    "actions": re.compile(r"action|next step|待办|任务|行动", re.IGNORECASE),
}

IMPORTANT = re.compile(
    r"\b(?:we (?:propose|present|introduce|describe|show|find|conclude|develop|argue|investigate|study|demonstrate)"
    r"|this (?:paper|work|article|report|study)"
    r"|in this (?:paper|work|article|study)|our (?:results?|approach|method|model|system|experiments?|goal|aim"
    r"|main)|results? (?:show|indicate|suggest|demonstrate)"
    r"|the (?:main|key|most important|goal|aim|purpose|primary)|in (?:conclusion|summary)|significant\w*"
    r"|important\w*|contributions?|outperform\w*)\b"
    r"|本文|本研究|结果表明|结果显示|研究表明|综上|总之|因此|关键|重要|主要|提出|核心|根本|应当|必须|强制|禁止|不得",
    re.IGNORECASE,
)
"""Cue phrases of what matters (Edmundson 1969)."""

UNIMPORTANT = re.compile(
    r"\b(?:for example|for instance|e\.g\.|(?:see|in|from|cf\.?) (?:also )?(?:table|figure|fig\.|section|appendix"
    r"|equation)|figure \d|table \d|et al|thank\w*|section \d"
    r"|is organi[sz]ed as follows|footnote|acknowledg\w*|hello|good (?:morning|afternoon))"
    r"|例如|比如|如图|如表|见图|见表|参见|感谢|谢谢|欢迎|大家好|掌声|注：|说明：|正例|反例",
    re.IGNORECASE,
)
"""Cue phrases of what can be left out (Edmundson 1969, stigma words)."""

FALTERING = re.compile(
    r"\b(?:u[hm]+|h?mm+|yeah|okay|ok|you know|i mean|sort of|kind of|i guess|gonna|wanna|(\w+) \1"
    r"|[b-hj-z])\b(?! [=<>+])|呃|嗯|啊|哎|这个这个|那个那个|就是就是|对对|然后呢",
    re.IGNORECASE,
)
"""Marks of speech that has not found its words yet."""
