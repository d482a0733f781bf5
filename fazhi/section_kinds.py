"""What kind of section a heading announces."""

from __future__ import annotations

import re

_PROBLEMS = re.compile(r"问题|不足|短板|困难|薄弱环节|差距")
_NO_PROBLEMS = re.compile(
    r"问题(?:的)?(?:线索|导向|整改|处理|解决|推进)|(?:反馈|突出|遗留|历史|查处|群众)[^，。]{0,6}问题"
    r"|(?:解决|化解|整治|排查|整改|围绕|针对|聚焦)[^，。]{0,24}问题|整改(?:进展|落实)?情况"
)
_PLAN = re.compile(
    r"下一?步|下一?阶段|下一?年度?|今后|明年|打算|计划(?!执行)|工作(?:安排|思路|要点|要求|建议)|20\d\d年(?:度)?[^，。]{0,16}(?:安排|思路|任务|目标)|(?<=[与和及])20\d\d年[^，。]{0,16}(?:主要|重点)工作"
    r"|努力方向|整改(?:建议|要求)|(?:意见|措施)建议|改进(?:措施|情况|方向|意见)|防范(?:和整改)?措施|主要目标|目标任务|(?:相关|对策)建议|意见和建议|应采取的措施"
)
_NO_PLAN = re.compile(r"(?:计划|要点|安排)(?:的)?(?:完成|落实|执行)|(?:贯彻|落实|完成)[^，。]{0,16}(?:计划|要点|安排)")
_LEADERS = re.compile(
    r"(?:主要负责(?:人|同志)|主要领导|第一责任人)[^，。]{0,24}(?:履|职责|责任|情况|作用)|履行[^，。]{0,16}第一责任人"
)
_OTHER = re.compile(r"^(?:附表|附件|其他(?:需要|事项)|需要(?:说明|报告)|需要说明的其他事项)")
RESULTS = re.compile(
    r"(?:工作|基本|总体|开展|推进|完成|落实|主要)[^，。]{0,10}(?:情况|成效|举措|做法|成绩|回顾|总结)|主要工作|工作(?:总结|回顾|成效)"
)


def heading_kind(heading: str) -> str:
    """Return the kind that a heading announces: results, problems, leaders, plan, other; ``mixed`` for problems, then plan.

    Only the heading's first clause counts, because running text may be glued to it.
    """
    first = re.match(r"[^，,]{0,6}[，,]?[^，,]*", heading)
    words = first[0] if first else heading
    if _OTHER.search(words):
        return "other"
    if _LEADERS.search(words):
        return "leaders"
    named = words.startswith("存在") or not _NO_PROBLEMS.search(words)
    problems = _PROBLEMS.search(words) if named else None
    plan = None if _NO_PLAN.search(words) else _PLAN.search(words)
    if problems and plan:
        return "mixed" if problems.start() < plan.start() else "plan"
    return "problems" if problems else "plan" if plan else "results"
