"""The audit of sums: parts behind 其中, complete breakdowns, and totals behind 共计."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fazhi.audit_facts import HEDGES, Clash, Fact, Interval, number, same_subject

_PARTITIONS = (
    (r"清理|梳理|评估", r"(?:继续)?(?:保留|有效)|(?:拟|宣布)?(?:废止|失效|修改|修订)", (r"保留|有效", r"废止|失效|修")),
    (r"评查|抽取|抽查|案卷", r"优秀|良好|合格|不合格|基本合格|较差", (r"不合格|较差", r"^(?:合格|良好|基本合格)")),
    (r"", r"(?:适用)?(?:简易程序|普通程序|一般程序)", (r"普通程序|一般程序", "简易程序")),
    (r"", r"[\u4e00-\u9fff、]{1,16}", (r"^(?:其他|其它|其余)|等(?:其他|其它)",)),
    (r"", r"[\u4e00-\u9fff、]{1,16}类", ("(?!)",)),
)
"""What is broken down, into what, and which parts show that the list is complete: only then is a sum too small a clash."""

_NEARLY_ALL = 0.8  # a list that falls shorter than this was not meant to be complete, whatever its last part says
_CASES = frozenset({"件", "宗", "起", "例", "卷", "份", "部", "次", "条", "人", "名", "户", "家"})
_OTHER = re.compile("其他|其它|其余")
_OUTCOME = re.compile("维持|撤销|变更|驳回|终止|确认违法|责令|调解|和解|撤回|废止|失效|修改|保留|胜诉|败诉")
_STAGE_VERB = re.compile(r"(?:已|共)*(?:审结|办结|结案|胜诉|败诉|出庭|收到|受理|立案|新增|整改)")
_OUTCOME_WORD = "(?:维持|撤销|变更|驳回|终止|确认违法|责令履行)"
_FINAL = re.compile(
    rf"(?:直接|部分)?{_OUTCOME_WORD}(?:[或和、并]?者?{_OUTCOME_WORD})*(?:[\u4e00-\u9fff]{{0,6}}(?:决定|申请|请求|行为|的))?"
)
_CLOSED = re.compile(r"(?:已|共)*(?:审结|办结|结案|查结|作出)")
_OVERLAPPING = re.compile("(?:活动|培训|宣传|讲座|检查)$")
_TOTAL = re.compile("^(?:共计|合计|总计)|(?:共计|合计|总计)$")
_SEMICOLONS = (";", "；")
_SEPARATOR = re.compile(r"[、，,；;和及与\s]*(?:拟|已|共|宣布|另)?")


def parts(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find parts behind 其中 that are more than their whole, one by one or together.

    The whole is the number before 其中; a list that adds up to another number of its paragraph is a breakdown of that one.
    """
    wholes = {fact.metric: fact for fact in facts if fact.of == 1 and _countable(fact)}
    families: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.parent in wholes and fact.of == 1 and fact.unit == wholes[fact.parent].unit and _countable(fact):
            families.setdefault(fact.parent, []).append(fact)
    for name, family in families.items():
        listed, whole = _listed(family, text), wholes[name]
        before = [fact for fact in facts if fact.start < listed[0].start and _may_be_broken_down(fact, whole, listed)]
        if _sum(listed).low > whole.interval.high and not _fits(listed, before) and _exclusive(listed, whole):
            yield _clash(whole, listed)


def outcomes(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find outcomes that follow what was closed without 其中 and are together more (审结39件，维持30件、终止12件)."""
    for place, whole in enumerate(facts):
        if not _CLOSED.match(whole.indicator) or whole.of > 1 or whole.unit not in _CASES or not _countable(whole):
            continue
        listed: list[Fact] = []
        for fact in facts[place + 1 :]:
            between = text[(listed[-1] if listed else whole).end : fact.start]
            outcome = _FINAL.fullmatch(fact.indicator) and fact.unit == whole.unit and fact.of == 1 and _countable(fact)
            if not outcome or fact.parent is not None or not _SEPARATOR.fullmatch(between):
                break
            listed.append(fact)
        if len(listed) > 1 and _sum(listed).low > whole.interval.high:
            yield _clash(whole, listed)


def _may_be_broken_down(fact: Fact, whole: Fact, listed: Sequence[Fact]) -> bool:
    """Tell whether a list behind 其中 may break down another number than the one before it.

    Outcomes (维持 撤销 终止) of what was closed break down what was closed: that as many were received does not acquit them.
    """
    closed = _CLOSED.match(whole.indicator) and all(_OUTCOME.match(part.indicator) for part in listed)
    return fact.unit == whole.unit and (not closed or bool(_CLOSED.match(fact.indicator)))


def _exclusive(listed: Sequence[Fact], whole: Fact) -> bool:
    """Tell whether parts cannot overlap: a part of the same thing alone is too much, or all are of one form.

    One form are outcomes of what was counted (维持 撤销), names that end alike (食品类 药械类), a known breakdown.
    """
    if any(fact.interval.low > whole.interval.high and same_subject(fact, whole) for fact in listed):
        return True
    if len(listed) < 2 or any(fact.interval.low > whole.interval.high for fact in listed):
        return False  # a part of another thing that is too much alone: the number before it is probably not its whole
    outcomes = all(fact.inherited or fact.indicator == fact.thing or _OUTCOME.match(fact.indicator) for fact in listed)
    alike = len({fact.indicator[-1:] for fact in listed if not _OTHER.match(fact.indicator)}) == 1
    if all(_OVERLAPPING.search(fact.indicator) for fact in listed):  # of one form only where they begin alike (进村 进校)
        alike = alike and len({fact.indicator[:1] for fact in listed}) == 1
    return (outcomes and whole.unit in _CASES) or alike or any(_is_partition(listed, kind) for kind in _PARTITIONS)


def _countable(fact: Fact) -> bool:
    return fact.kind in {"count", "money"} and fact.direction is None and fact.base is None and "/" not in fact.text


def _listed(family: Sequence[Fact], text: str) -> list[Fact]:
    """Return the parts of one list: nothing but one kind of separator between them, and no new stage at its end."""
    listed, joint = [family[0]], ""
    for fact in family[1:]:
        between = text[listed[-1].end : fact.start]
        if not _SEPARATOR.fullmatch(between) or (joint and between[:1] != joint) or _ends_list(fact, listed):
            break
        listed.append(fact)
        joint = between[:1]
    return listed


def _ends_list(fact: Fact, listed: Sequence[Fact]) -> bool:
    return bool(_STAGE_VERB.match(fact.indicator)) and not any(_STAGE_VERB.match(part.indicator) for part in listed)


def breakdowns(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find a list of two or more parts, said or known to be complete, that does not add up to the number before it."""
    for run in _runs(facts, text):
        before = [fact for fact in facts if fact.start < run[0].start and fact.unit == run[0].unit and _countable(fact)]
        readings = [(run, before), *([(run[1:], [*before, run[0]])] if _may_be_whole(run) else [])]
        clashes = [_breakdown(listed, wholes, run[0].line) for listed, wholes in readings]
        if clashes and all(clashes):
            yield min((clash for clash in clashes if clash), key=_distance)
        elif len(readings) == 2 and clashes[1] and not _fits(run, before):
            yield clashes[1]


def _may_be_whole(run: Sequence[Fact]) -> bool:
    """Tell whether the first number of a list may be the whole of the others: not less than any, and named otherwise."""
    first, *rest = run
    alike = sum(fact.indicator[-1:] == first.indicator[-1:] for fact in rest) * 2 > len(rest)
    return len(rest) > 1 and first.value >= max(fact.value for fact in rest) and not alike


def _fits(run: Sequence[Fact], wholes: Sequence[Fact]) -> bool:
    return any(_sum(run).meets(whole.interval) for whole in wholes)


def _distance(clash: Clash) -> float:
    return abs(sum(fact.value for fact in (*clash.also, clash.second)) - clash.first.value)


def _breakdown(run: Sequence[Fact], before: Sequence[Fact], line: int) -> Clash | None:
    kind = next((kind for kind in _PARTITIONS if _is_partition(run, kind)), None)
    if kind is None or _fits(run, before):
        return None
    wholes = [fact for fact in before if fact.line == line and fact.of == 1 and re.search(kind[0], fact.indicator)]
    wholes = [fact for fact in wholes if fact.value >= max(part.value for part in run)][-3:]
    if not wholes:
        return None
    total = _sum(run)
    whole = min(wholes, key=lambda fact: abs(fact.value - sum(part.value for part in run)))
    complete = all(any(re.search(sign, part.indicator) for part in run) for sign in kind[2])
    short = complete and _NEARLY_ALL * whole.value <= total.high < whole.interval.low
    return _clash(whole, run) if short or total.low > whole.interval.high else None


def _is_partition(run: Sequence[Fact], kind: tuple[str, str, tuple[str, ...]]) -> bool:
    if len(run) < 2 or not all(re.match(kind[1], fact.indicator) for fact in run):
        return False
    return kind[2] == ("(?!)",) or any(re.search(kind[2][0], fact.indicator) for fact in run)


def _runs(facts: Sequence[Fact], text: str) -> Iterator[list[Fact]]:
    """Yield lists of two or more facts of one unit that only separators part, without 其中; a semicolon ends other lists."""
    run: list[Fact] = []
    joint = ";"
    for fact in facts:
        listable = fact.of == 1 and _countable(fact) and fact.parent is None
        between = text[run[-1].end : fact.start] if run else ""
        joined = run and fact.unit == run[-1].unit and _SEPARATOR.fullmatch(between)
        if listable and joined and not (between[:1] in _SEMICOLONS and joint not in _SEMICOLONS):
            run.append(fact)
            joint = between[:1] or "、"
            continue
        if len(run) > 1:
            yield run
        run, joint = [fact] if listable else [], ";"
    if len(run) > 1:
        yield run


def totals(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find ``共计N`` behind a list whose numbers do not add up to N."""
    for place, fact in enumerate(facts):
        told = _TOTAL.search(fact.lead.rstrip()) or _TOTAL.match(fact.text)
        if not told or fact.of > 1 or fact.parent is not None:
            continue
        near = [other for other in facts[:place] if other.sentence == fact.sentence and other.of == 1]
        listed = [other for other in near if other.unit == fact.unit and _countable(other) and other.parent is None]
        if len(listed) >= 2 and not _sum(listed).meets(fact.interval):
            yield _clash(fact, listed)


def _sum(listed: Sequence[Fact]) -> Interval:
    total = Interval(0.0, 0.0)
    for fact in listed:
        total = total.plus(fact.interval)
    return total


def _clash(whole: Fact, listed: Sequence[Fact]) -> Clash:
    added = " + ".join(number(fact.value) for fact in listed)
    total = sum(fact.value for fact in listed)
    formula = f"{added} = {number(total)} ≠ {number(whole.value)}" if len(listed) > 1 else f"{added} > {number(whole.value)}"
    return Clash("part_whole", whole, listed[-1], formula, HEDGES, tuple(listed[:-1]))
