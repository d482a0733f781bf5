"""The structure of a report: its sections by kind, and its enumerated items.

Sections follow the rule-book plan of annual reports (results, problems, the leaders' own duty, next year's plan) as headings
and content tell it. Headings are found by their enumerators, also in a body that was flattened to one line, where numbers skip
or repeat, and where the heading runs into its text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fazhi.document import Section
from fazhi.enumerators import Marker, markers
from fazhi.ingest.body import body

_PROBLEMS = re.compile(r"问题|不足|短板|困难|薄弱环节|差距")
_NO_PROBLEMS = re.compile(
    r"问题(?:的)?(?:线索|导向|整改|处理|解决|推进)|(?:反馈|突出|遗留|历史|查处|群众)[^，。]{0,6}问题"
    r"|(?:解决|化解|整治|排查|整改|围绕|针对|聚焦)[^，。]{0,24}问题|整改(?:进展|落实)?情况"
)
_PLAN = re.compile(
    r"下一?步|下一?阶段|下一?年度?|今后|明年|打算|计划(?!执行)|工作(?:安排|思路|要点|要求|建议)|(?:20\d\d)年(?:度)?[^，。]{0,16}(?:安排|思路|任务|目标)"
    r"|努力方向|整改(?:建议|要求)|(?:意见|措施)建议|改进(?:措施|情况|方向|意见)|防范(?:和整改)?措施|主要目标|目标任务|(?:相关|对策)建议|意见和建议|应采取的措施"
)
_NO_PLAN = re.compile(r"(?:计划|要点|安排)(?:的)?(?:完成|落实|执行)|(?:贯彻|落实|完成)[^，。]{0,16}(?:计划|要点|安排)")
_LEADERS = re.compile(
    r"(?:主要负责(?:人|同志)|主要领导|第一责任人)[^，。]{0,24}(?:履|职责|责任|情况|作用)|履行[^，。]{0,16}第一责任人"
)
_OTHER = re.compile(r"^(?:附表|附件|其他(?:需要|事项)|需要(?:说明|报告)|需要说明的其他事项)")
_RESULTS = re.compile(
    r"(?:工作|基本|总体|开展|推进|完成|落实|主要)[^，。]{0,10}(?:情况|成效|举措|做法|成绩|回顾|总结)|主要工作|工作(?:总结|回顾|成效)"
)
_PLAN_TITLE = re.compile(r"(?:工作计划|工作要点|工作思路|工作安排|实施方案|整治方案|行动方案)(?![^\n]{0,20}(?:总结|报告|情况))")
_SUMMARY_TITLE = re.compile(r"总结|报告|情况|通报")


@dataclass(frozen=True, slots=True)
class Item:
    """An enumerated item ``text[start:end]``, marker included; ``level`` is 1 for ``一、`` and 5 for ``一是``."""

    start: int
    end: int
    level: int
    marker: str
    headline: str


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
    problems = None if _NO_PROBLEMS.search(words) else _PROBLEMS.search(words)
    plan = None if _NO_PLAN.search(words) else _PLAN.search(words)
    if problems and plan:
        return "mixed" if problems.start() < plan.start() else "plan"
    return "problems" if problems else "plan" if plan else "results"


def sections(text: str) -> list[Section]:
    """Return the sections of a report, in order, without gap or overlap, from the first character to the last.

    What lies before the first heading (page head, title, preamble) and after the body (signature, page foot) is of kind
    ``other``; a body without headings is one section of results, cut where its problems and its plan begin. An empty text has
    none.
    """
    if not text:
        return []
    start, end = body(text)
    default = "plan" if _is_plan(text[:start]) else "results"
    heads = top_headings(text, start, end)
    first = heads[0].start if heads else start
    if heads and first - start > _LONGEST_PREAMBLE:
        found = [Section(0, start, "other")] if start else []
        found += _cut(text, Section(start, first, ""), default)
    else:
        found = [Section(0, first, "other")] if first else []
    ends = [head.start for head in heads[1:]] + [end]
    for head, stop in zip(heads, ends, strict=False):
        found += _cut(text, Section(head.start, stop, "", heading_text(text, head, end), 1), default)
    if not heads and end > start:
        found += _cut(text, Section(start, end, ""), default)
    if end < len(text):
        found.append(Section(end, len(text), "other"))
    return _after_plan(found)


def _after_plan(found: list[Section]) -> list[Section]:
    """Take sections without a telling heading that follow a plan for a part of it."""
    out: list[Section] = []
    for section in found:
        follows = (
            bool(out) and out[-1].kind == "plan" and section.kind == "results" and not _RESULTS.search(section.heading[:20])
        )
        out.append(replace(section, kind="plan") if follows else section)
    return out


_LONGEST_PREAMBLE = 1000
"""More characters than this before the first heading are no preamble but an excerpt's or a loose report's own text."""


def _is_plan(head: str) -> bool:
    return bool(_PLAN_TITLE.search(head)) and not _SUMMARY_TITLE.search(head)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading: where it starts, where its words do, its number (0 without one), its weight in the choice of the sequence."""

    start: int
    words: int
    number: int
    weight: float
    style: str = ""


def heading_text(text: str, head: Marker | _Heading, limit: int) -> str:
    """Return a heading's words: up to the line's or sentence's end, or to where the running text visibly begins."""
    begin = head.words if isinstance(head, _Heading) else head.end
    words = text[begin : min(limit, begin + 60)].split("\n")[0]
    cut = _HEADING_END.search(words)
    return words[: cut.start()].strip() if cut else words.strip()


_HEADING_END = re.compile(
    r"[。；：:！]|(?<=.{4})(?:[（(][一二三四五六七八九十]{1,2}[）)]|(?<!\d)\s*\d{1,2}[.、．](?!\d)|一是|首先"
    r"|(?<![度为至到与及和])20\d\d年(?!度?的?(?:工作|重点|主要|目标|法治|打算|安排|计划|思路))|截[至止]"
    r"|(?<=[况题足法效算排划求施议路])(?:今年|虽然|一年|我[局县镇区街办委]|根据|总体|回顾|目前|按照|在|本次|针对|对照)"
    r"|[ \u3000](?=.{6}))"
)
_OWN_LINE = re.compile(r"(?:^|\n)[ \t\u3000\xa0]*([^\n，。；：:！？]{4,24})(?=\n)")


def top_headings(text: str, start: int, end: int) -> list[_Heading]:
    """Return the headings of the top level: ``一、`` where there is one, else ``（一）``; and unnumbered lines."""
    found = list(markers(text, start, end))
    chosen: list[_Heading] = []
    for style in ("section", "bracket"):
        candidates = [_heading(text, marker, end) for marker in found if marker.style == style]
        chosen = _best_sequence([head for head in candidates if head.weight > 0])
        if len(chosen) > 1 or (chosen and style == "section"):
            break
    return sorted([*chosen, *_own_lines(text, start, end, chosen)], key=lambda head: head.start)


def _heading(text: str, marker: Marker, end: int) -> _Heading:
    words = text[marker.end : min(end, marker.end + 30)]
    telling = heading_kind(words[:16]) != "results" or bool(_RESULTS.search(words[:16]))
    if marker.strength == 0 and not _GLUED.match(text, marker.start - 1):
        return _Heading(marker.start, marker.end, marker.number, 0.0)
    weight = (0.4, 1.0, 1.5, 2.0)[marker.strength] + 0.6 * telling
    return _Heading(marker.start, marker.end, marker.number, weight, marker.style)


_GLUED = re.compile(r"[况告下题施结容报法划见录）\d]")
"""What a heading may be glued to: the end of a title, of an announcement, of another section."""


def _best_sequence(heads: Sequence[_Heading]) -> list[_Heading]:
    """Choose the headings of the sequence of greatest weight.

    One up is the rule; a repeated number, a skip and a new start from 1 cost something; going down is not allowed. A weak
    candidate thus needs its neighbours' word for it.
    """
    best: list[tuple[float, int]] = []
    for at, head in enumerate(heads):
        steps = [(before, _step(heads[before], head)) for before in range(at)]
        score, before = max([(_opening(head), -1), *((best[b][0] + worth, b) for b, worth in steps if worth is not None)])
        best.append((score + head.weight, before))
    if not best:
        return []
    at = max(range(len(best)), key=lambda index: best[index][0])
    chosen = []
    while at >= 0:
        chosen.append(heads[at])
        at = best[at][1]
    return chosen[::-1]


def _opening(head: _Heading) -> float:
    return 0.0 if head.number == 1 else -0.4 * min(head.number, 5)


def _step(before: _Heading, after: _Heading) -> float | None:
    """Return what a step between two numbers is worth, ``None`` if it cannot be one."""
    rise = after.number - before.number
    if rise == 1:
        return 0.5
    if rise == 0:
        return -1.0
    if rise > 1:
        return -0.3 - 0.3 * rise
    return -1.6 if after.number == 1 and before.number > 1 else None


def _own_lines(text: str, start: int, end: int, chosen: Sequence[_Heading]) -> list[_Heading]:
    """Return unnumbered lines of their own that name problems, leaders or a plan, where numbered headings name none."""
    if any(heading_kind(heading_text(text, head, end)) != "results" for head in chosen):
        return []
    taken = {head.start for head in chosen}
    lines = _OWN_LINE.finditer(text, max(0, start - 1), end)
    return [
        _Heading(match.start(1), match.start(1), 0, 1.0)
        for match in lines
        if match.start(1) not in taken and not _ENUMERATED.match(match[1]) and heading_kind(match[1]) != "results"
    ]


_ENUMERATED = re.compile(r"[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．是]")
_SENTENCE = re.compile(r"[^。；！？\n]+[。；！？]?")
_MARK = r"(?:[（(]?[一二三四五六七八九十\d]{1,2}[）)、.．])?\s*"
_PLAN_OPENER = re.compile(
    rf"{_MARK}(?:下一?步|下一?阶段|今后|接下来|明年|新的一年|20\d\d年[，,]?(?:是[^。；]{{0,30}}[，,])?[^，。；]{{0,16}}(?:将|要|重点|计划|打算|拟)"
    r"|我[局县镇区乡办委街们][^，。；]{0,6}将(?!.{0,12}(?:列入|纳入|作为)))"
)
_REMEDY_OPENER = re.compile(
    rf"{_PLAN_OPENER.pattern}|{_MARK}(?:针对(?:上述|以上|存在|这些)|[为因]此[，,]|(?:具体的?)?(?:解决办法和?)?(?:改进|整改|工作)?(?:措施|方向|打算|情况|意见)"
    r"|(?:工作)?(?:打算|安排|计划|思路)[：:是]|[^，。；]{0,16}将?(?:采取|做好|抓好)(?:以下|如下|下列)|[^，。；]{0,8}(?:进一步|继续|着力)(?:加强|加大|完善|健全|推进|深化))"
)
"""In a section whose heading names problems and remedies, more openings count."""
_PROBLEM_OPENER = re.compile(
    rf"{_MARK}(?:[^。；]{{0,30}}(?:虽然|尽管|虽|但是?|同时|然而|不过|也要|回顾|对照|肯定成绩|总体|取得)[^。；]{{0,90}}"
    r"(?:存在|有|面临)(?!的)[^。；]{0,24}(?:不足|问题|短板|差距|薄弱|困难|挑战)|[^。；]{0,40}清醒地?(?:认识|看)到[^。；]{0,90}(?:不足|问题|短板|差距|薄弱|困难|挑战)"
    r"|[^。；]{0,40}(?:仍|还|也)然?存在[^。；]{0,16}(?:不足|问题|短板|差距|薄弱|困难)|(?:目前|当前|主要)?存在的?(?:主要|一些|以下)?(?:问题|不足|困难|短板)|主要(?:问题|不足)(?:是|有|：|表现))"
)
_NO_OPENER = re.compile(
    r"(?:发现|解决|化解|整改|排查|查摆|梳理|针对|反馈)[^，。]{0,16}(?:问题|困难|短板|不足)|困难(?:群众|人员|家庭|企业|职工|户)"
)
_DEFICIT = re.compile(
    r"不足|不够|不强|不高|不到位|不深|不严|不规范|不平衡|薄弱|欠缺|缺乏|滞后|短板|差距|有待|亟待|仍需|还需|困难|问题|不大|难"
)
_LATE = 0.5
_LAST = 0.75
"""Without a heading, problems are looked for in the later half of a section, a plan in its last quarter (or, on a line of its
own, in the later half)."""


def _cut(text: str, section: Section, default: str) -> list[Section]:
    """Give a section its kind; cut a mixed one, or one without a telling heading, where problems and plan begin."""
    kind = heading_kind(section.heading) if section.heading else "results"
    if kind == "results" and default == "plan":
        return [replace(section, kind="plan")]
    if kind == "mixed":
        return _split(section, [("problems", section.start), ("plan", _first(text, section, _REMEDY_OPENER, 0.0, 0.0))])
    if kind != "results":
        return [replace(section, kind=kind)]
    problems = _first(text, section, _PROBLEM_OPENER, _LATE, _LATE, _NO_OPENER)
    if problems is None:
        return _split(section, [("results", section.start), ("plan", _first(text, section, _PLAN_OPENER, _LAST, _LATE))])
    rest = replace(section, start=problems)
    plan = _first(text, rest, _PLAN_OPENER, 0.0, 0.0) or _end_of_problems(text, rest)
    return _split(section, [("results", section.start), ("problems", problems), ("plan", plan)])


def _end_of_problems(text: str, section: Section) -> int | None:
    """Return the start of the first line after the opening one that states no deficit, ``None`` where all do."""
    at = text.find("\n", section.start, section.end)
    while 0 <= at < section.end - 1:
        stop = text.find("\n", at + 1, section.end)
        line = text[at + 1 : stop if stop >= 0 else section.end]
        if line.strip() and not _DEFICIT.search(line):
            return at + 1
        at = stop
    return None


def _split(section: Section, parts: Sequence[tuple[str, int | None]]) -> list[Section]:
    known = [(kind, at) for kind, at in parts if at is not None]
    ends = [at for _, at in known[1:]] + [section.end]
    return [
        replace(section, start=at, end=end, kind=kind, heading=section.heading if at == section.start else "")
        for (kind, at), end in zip(known, ends, strict=True)
        if end > at
    ]


def _first(
    text: str, section: Section, opener: re.Pattern[str], after: float, line_after: float, barred: re.Pattern[str] | None = None
) -> int | None:
    """Return where the first sentence begins that opens with ``opener`` and holds nothing ``barred``.

    It must lie past the share ``after`` of the section; past ``line_after`` where it begins a line.
    """
    length = section.end - section.start
    for match in _SENTENCE.finditer(text, section.start, section.end):
        at = match.start() + len(match[0]) - len(match[0].lstrip())
        share = line_after if text[match.start() - 1 : match.start()] == "\n" else after
        found = opener.match(text, at, match.end()) if at > section.start + length * share else None
        if found and not (barred and barred.search(found[0])):
            return at
    return None


def items(text: str) -> list[Item]:
    """Return the enumerated items of a report's body, outer before inner.

    An item ends where the next one of its own level or of a higher one begins.
    """
    start, end = body(text)
    accepted = _accepted(text, list(markers(text, start, end)), {head.start for head in top_headings(text, start, end)})
    found = []
    for at, marker in enumerate(accepted):
        stop = next((later.start for later in accepted[at + 1 :] if later.level <= marker.level), end)
        sign = text[marker.start : marker.end].strip()
        found.append(Item(marker.start, stop, marker.level, sign, _headline(text, marker, stop)))
    return found


_MAX_SKIP = 3


def _accepted(text: str, candidates: Sequence[Marker], tops: set[int]) -> list[Marker]:
    """Keep the markers that continue a sequence: any number after punctuation, only the next one where it is glued."""
    last: dict[str, int] = {}
    kept = []
    for marker in candidates:
        if marker.style == "section" and marker.start not in tops:
            continue
        rise = marker.number - last.get(marker.style, 0)
        fits = rise == 1 if marker.strength == 0 else marker.number == 1 or 0 < rise <= _MAX_SKIP
        glued_first = marker.strength == 0 and marker.number == 1 and marker.style in ("bracket", "number")
        if not (fits or glued_first or marker.start in tops):
            continue
        last = {style: number for style, number in last.items() if _level(style) < marker.level} | {marker.style: marker.number}
        kept.append(marker)
    return kept


def _level(style: str) -> int:
    return Marker(0, 0, style, 0, 0).level


_HEADLINE_END = re.compile(r"[。；;：:\n]")


def _headline(text: str, marker: Marker, stop: int) -> str:
    """Return an item's first words: its heading, or its first clause where that is long."""
    words = text[marker.end : min(stop, marker.end + 80)]
    cut = _HEADLINE_END.search(words)
    words = words[: cut.start()] if cut else words
    return (words if len(words) <= 40 else re.split("[，,]", words)[0][:40]).strip()
