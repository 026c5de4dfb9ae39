"""What a summary consists of: the sections of each template, in the language of the summary."""

from collections.abc import Iterable
from dataclasses import dataclass

from kimi_docs.domain.claims import SummaryOrder
from kimi_docs.errors import WrongUse
from kimi_docs.language import mark, say


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """`sections` are (title in English, title in Chinese, what belongs there as it is said to a model)."""

    id: str
    name: str
    sections: tuple[tuple[str, str, str], ...]

    def titles(self, language: str) -> tuple[str, ...]:
        return tuple(chinese if language.startswith("zh") else english for english, chinese, _ in self.sections)


TEMPLATES = {
    template.id: template
    for template in (
        Template(
            id="general",
            name=mark("General"),
            sections=(
                ("What it is about", "主题", "subject, purpose and kind of the document"),
                ("Main points", "要点", "the most important statements"),
                ("Facts and figures", "事实与数据", "numbers, dates, amounts and names that matter"),
                ("Conclusions", "结论", "conclusions, decisions, recommendations or rules"),
            ),
        ),
        Template(
            id="paper",
            name=mark("Paper"),
            sections=(
                ("Question", "研究问题", "what was asked and why"),
                ("Method", "方法", "how it was done"),
                ("Data", "数据", "what it was done with: data, samples, sizes"),
                ("Results", "结果", "what came out, with numbers"),
                ("Limitations", "局限", "what the authors say it does not show"),
                ("What is new", "创新点", "what this work adds"),
            ),
        ),
        Template(
            id="contract",
            name=mark("Contract"),
            sections=(
                ("Parties", "当事人", "who is bound"),
                ("Dates", "日期与期限", "dates, terms and deadlines"),
                ("Obligations", "义务", "who must do what"),
                ("Money", "金额", "prices, payments, penalties"),
                ("Termination", "终止", "how and when it ends"),
                ("Risks", "风险", "clauses that deserve a second look"),
            ),
        ),
        Template(
            id="report",
            name=mark("Report"),
            sections=(
                ("Summary", "概要", "what the report says in short"),
                ("Key figures", "关键数据", "figures with their units and periods"),
                ("Developments", "变化与原因", "what changed and why"),
                ("Outlook", "展望", "what is expected or planned"),
            ),
        ),
        Template(
            id="meeting",
            name=mark("Meeting"),
            sections=(
                ("Topics", "议题", "what was discussed"),
                ("Decisions", "决定", "what was decided"),
                ("Actions", "待办事项", "who does what until when"),
                ("Open questions", "未决问题", "what was left open"),
            ),
        ),
        Template(
            id="workbook",
            name=mark("Workbook"),
            sections=(
                ("Sheets", "工作表", "what each sheet holds"),
                ("Columns", "列", "the columns and their meaning"),
                ("Totals", "合计与关键数值", "totals and notable values as they stand there"),
                ("Oddities", "异常", "gaps, outliers, inconsistencies"),
            ),
        ),
    )
}


def template_of(order: SummaryOrder) -> Template:
    """Raises: WrongUse."""
    if not order.sections:
        return get_template(order.template)
    return Template(
        id=order.template, name=order.template, sections=tuple((title, title, asked) for title, asked in order.sections)
    )


def get_template(id: str) -> Template:
    """The template of that id. Raises: WrongUse."""
    if id not in TEMPLATES:
        raise unknown(id, TEMPLATES)
    return TEMPLATES[id]


def unknown(id: str, known: Iterable[str]) -> WrongUse:
    return WrongUse(say("There is no template {template}.", template=id), say("Templates: {names}.", names=", ".join(known)))
