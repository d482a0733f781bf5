"""The structure of a report: its sections by kind, and its enumerated items.

Sections follow the rule-book plan of annual reports (results, problems, the leaders' own duty, next year's plan) as headings
and content tell it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fazhi.document import Section
from fazhi.headings import heading_text, top_headings
from fazhi.ingest.body import body
from fazhi.items import Item, items
from fazhi.section_kinds import RESULTS, heading_kind

__all__ = ["Item", "heading_kind", "items", "sections"]

_PLAN_TITLE = re.compile(r"(?:工作计划|工作要点|工作思路|工作安排|实施方案|整治方案|行动方案)(?![^\n]{0,20}(?:总结|报告|情况))")
_SUMMARY_TITLE = re.compile(r"总结|报告|情况|通报")


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
    return _after_plan(_next_year(text, start, found))


def _next_year(text: str, start: int, found: list[Section]) -> list[Section]:
    """Take sections whose heading names a year after the one that title or opening name for the plan (``2024年重点工作``)."""
    year = _YEAR.search(text, max(0, start - _TITLE_REACH), start + _TITLE_REACH)
    out = []
    for section in found:
        named = _YEAR.search(section.heading[:6])
        later = bool(year and named and named[1] > year[1]) and section.kind == "results"
        out.append(replace(section, kind="plan") if later else section)
    return out


_YEAR = re.compile(r"(?<!\d)(20\d\d)年")
_TITLE_REACH = 300


def _after_plan(found: list[Section]) -> list[Section]:
    """Take sections without a telling heading that follow a plan for a part of it."""
    out: list[Section] = []
    for section in found:
        follows = (
            bool(out) and out[-1].kind == "plan" and section.kind == "results" and not RESULTS.search(section.heading[:20])
        )
        out.append(replace(section, kind="plan") if follows else section)
    return out


_LONGEST_PREAMBLE = 1000
"""More characters than this before the first heading are no preamble but an excerpt's or a loose report's own text."""


def _is_plan(head: str) -> bool:
    return bool(_PLAN_TITLE.search(head)) and not _SUMMARY_TITLE.search(head)


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
    r"(?:存在|有|面临)(?!的)[^。；]{0,24}(?:不足|问题|短板|差距|薄弱|困难|挑战)|[^。；]{0,40}(?:清醒地?(?:认识|看)到|也要看到|也看到)(?=[：，]|[^。；]{0,90}(?:不足|问题|短板|差距|薄弱|困难|挑战))"
    r"|[^。；]{0,40}(?:仍|还|也)然?(?:存在|有)[^。；]{0,16}(?:不足|问题|短板|差距|薄弱|困难)|(?:目前|当前|主要)?存在的?(?:主要|一些|以下)?(?:问题|不足|困难|短板)|主要(?:问题|不足)(?:是|有|：|表现))"
)
_NO_OPENER = re.compile(
    r"(?:发现|解决|化解|整改|排查|查摆|梳理|针对|反馈)[^，。]{0,16}(?:问题|困难|短板|不足)|困难(?:群众|人员|家庭|企业|职工|户)"
)
_DEFICIT = re.compile(
    r"不足|不够|不强|不高|不到位|不深|不严|不规范|不平衡|薄弱|欠缺|缺乏|滞后|短板|差距|有待|亟待|仍需|还需|困难|问题|不大|难"
)
_LATE = 0.5
_LATE_LINE = 0.3
_LAST = 0.75
"""Without a heading, problems are looked for in the later half of a section (on a line of their own: past three tenths), a plan
in its last quarter (on a line of its own: in the later half)."""


def _cut(text: str, section: Section, default: str) -> list[Section]:
    """Give a section its kind; cut a mixed one, or one without a telling heading, where problems and plan begin."""
    kind = heading_kind(section.heading) if section.heading else "results"
    if kind == "results" and default == "plan":
        return [replace(section, kind="plan")]
    if kind == "mixed":
        return _split(section, [("problems", section.start), ("plan", _first(text, section, _REMEDY_OPENER, 0.0, 0.0))])
    if kind != "results":
        return [replace(section, kind=kind)]
    problems = _first(text, section, _PROBLEM_OPENER, _LATE, _LATE_LINE, _NO_OPENER)
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
