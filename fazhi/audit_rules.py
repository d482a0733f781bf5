"""Rules of the audit: order of stages, impossible rates, growth, and one indicator stated twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from fazhi.audit_facts import HEDGES, ROUNDING, Clash, Fact, Interval, number, percent_rate, same_subject
from fazhi.audit_rates import rates
from fazhi.audit_sums import breakdowns, parts, totals

# ------------------------------------------------------------------------------------------------------------- over 100 %

_RATE_NAME = re.compile(r"率$|率(?:和|、)|占比$|比例$|比重$|^占")
_MAY_EXCEED = re.compile(
    r"增长|增幅|增速|完成率|达标率|完成.*(?:任务|目标|计划|预算)|任务|目标|计划|预算|超额|产能|收益|利润|负债|依存|到岗率|周转|入库率|进度|产销|赔付"
    r"|偿债|覆盖倍|恢复|相当于|执行率|溢价|投入产出|保值增值|入园率|入学率"
)


def over_100(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find rates above 100 % that cannot be; rates of fulfilment (完成率) and of growth can."""
    for fact in facts:
        name = fact.indicator or fact.thing
        if (
            percent_rate(fact)
            and fact.interval.low > 100
            and _RATE_NAME.search(name)
            and not _MAY_EXCEED.search(fact.lead + name)
        ):
            yield Clash("over_100", fact, fact, f"{number(fact.value)}% > 100%", "none")


# --------------------------------------------------------------------------------------------------------- order of stages

_STAGES: tuple[tuple[str, ...], ...] = (
    (
        r"(?:共|新|累计)?(?:收到|新收|接收|接到|接报|收件|登记|接)",
        r"(?:立案查处|立案受理|立案|受理|新受理)",
        r"(?:审结|办结|结案|查结|答复|办理完毕|审理终结|作出(?:答复|决定))",
    ),
    (r"提出|制发|发出|下发|印发", r"采纳|落实|回复|反馈|收到(?:回复|反馈)"),
    (r"发现|查出|排查(?:出|发现)?", r"整改|完成整改|消除|整治到位|办结|化解"),
    (r"调解|受理|排查|调处", r"调解成功|成功调解|化解|调处成功|成功化解|调成"),
    (r"应出庭|开庭|应诉", r"实际出庭|出庭应诉|负责人出庭"),
    (r"抽检|抽查|检验|监测", r"(?:抽检|抽查|检验)?(?:合格|不合格)"),
    (r"评查|抽取|抽查", r"优秀|良好|合格|不合格"),
    (r"交办|转办|承办|下派|流转|派发|接办", r"办结|办复|答复|处置"),
    (r"收到|受理|接收|接到|接报", r"核查|核实|查处|处置"),
    (r"应参加|应考|应持证", r"实考|实际参加|参加|合格|持证"),
)
_CARRIED_OVER = re.compile(r"结转|旧存|含(?:上年|往年|历年|去年|以前)|上年(?:未结|遗留|存)|(?:往年|历年)(?:积|遗|存)")


def flow(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find more accepted than received, more closed than accepted; cases carried over from earlier years explain it."""
    passages: dict[int, list[Fact]] = {}
    for fact in facts:
        passages.setdefault(fact.passage, []).append(fact)
    for passage in passages.values():
        stop = re.compile("[。！？\n]|$").search(text, passage[-1].end)
        if _CARRIED_OVER.search(text, passage[0].passage, stop.start() if stop else len(text)):
            continue
        for chain in _STAGES:
            staged = [(fact, stage) for fact in passage if (stage := _stage(fact, chain)) is not None]
            yield from _misordered(staged)


def _stage(fact: Fact, chain: Sequence[str]) -> int | None:
    if fact.kind != "count" or fact.of > 1 or fact.base or fact.direction:
        return None
    stages = [index for index, pattern in enumerate(chain) if re.match(f"(?:已|共|累计)?(?:{pattern})(?!前)", fact.indicator)]
    return max(stages, default=None)


def _misordered(staged: Sequence[tuple[Fact, int]]) -> Iterator[Clash]:
    """Compare every fact with the latest one of each earlier stage; the nearest stage that clashes is named."""
    for place, (late, after) in enumerate(staged):
        earlier = {stage: fact for fact, stage in staged[:place] if stage < after}
        for stage in sorted(earlier, reverse=True):
            early = earlier[stage]
            fits = early.unit == late.unit and late.parent is None and _follows(early, late)
            if fits and late.interval.low > early.interval.high:
                computation = f"{late.indicator} {number(late.value)} > {early.indicator} {number(early.value)}"
                yield Clash("flow", early, late, computation, HEDGES)
                break


def _follows(early: Fact, late: Fact) -> bool:
    if early.sentence != late.sentence:
        return early.thing == late.thing
    return late.inherited or late.indicator == late.thing or same_subject(early, late)


# ----------------------------------------------------------------------------------------------------------------- growth


def growth(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find a stated change that does not fit A → B: in percent, in points, in pieces, or a year on average.

    A and B stand in the metric before it (由A增至B), or A is what the change is measured against (比上年的A增长5%) and B
    the number before.
    """
    for place, fact in enumerate(facts):
        if fact.direction is None or fact.kind not in {"percent", "points", "count", "money"}:
            continue
        near = [other for other in facts[:place] if other.line == fact.line]
        pair = _levels(fact, near)
        if pair is not None:
            yield from _compare(fact, *pair)
        elif against := _against(fact, near):
            clashes = [(now, list(_compare(fact, against[0], now))) for now in against[1]]
            if all(found for _, found in clashes):
                _, found = min(clashes, key=lambda pair: abs(pair[0].value / against[0].value - 1 - _signed(fact)))
                yield replace(found[0], also=(against[0],))


def _signed(fact: Fact) -> float:
    return (-fact.value if fact.direction == "down" else fact.value) / 100


def _levels(fact: Fact, before: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """Return A and B of the metric just before that names both."""
    if len(before) < 2 or fact.of > 1 or before[-1].of != 2 or before[-1].rank != 1 or before[-1].sentence != fact.sentence:
        return None
    a, b = before[-2], before[-1]
    joined = a.metric == b.metric and a.unit == b.unit and a.direction is None and b.direction is None
    return (a, b) if joined and _changes(a.text) else None


_THEN = re.compile(r"(?:与|比|较|同).{0,8}(?:去年|上年|前年|同期|(?:19|20)\d{2}年).{0,6}(?:的|为)?$")


def _against(fact: Fact, before: Sequence[Fact]) -> tuple[Fact, list[Fact]] | None:
    """Return the number that a change is measured against, and those that it may have become."""
    if not before or before[-1].sentence != fact.sentence or fact.kind != "percent":
        return None
    then = before[-1]
    same_metric = then.metric == fact.metric and then.base is not None
    if not same_metric and not (then.direction is None and fact.of == 1 and then.of == 1 and _THEN.search(then.lead)):
        return None
    now = [other for other in before[:-1] if other.unit == then.unit and other.of == 1 and other.direction is None]
    return (then, now[-4:]) if now and then.value > 0 else None


def _changes(text: str) -> bool:
    return bool(re.search(r"[由从自].*(?:增|减|降|升|提|压|到|至|变|扩|缩)|(?:增|减|降|升|提高|提升)[^0-9]{0,3}[至到]", text))


def _compare(fact: Fact, a: Fact, b: Fact) -> Iterator[Clash]:
    if a.value <= 0:
        return
    sign = -1.0 if fact.direction == "down" else 1.0
    years = _years(a, b) if "年均" in fact.indicator or "年均" in fact.lead else 1
    if fact.kind == "percent" and a.kind != "percent":
        ratio = b.interval.over(a.interval)
        change = Interval(ratio.low ** (1 / years), ratio.high ** (1 / years)).times(100, -100)
        formula = f"{number(b.value)} ÷ {number(a.value)} − 1 = {100 * ((b.value / a.value) ** (1 / years) - 1):+.2f}%"
    elif fact.kind == "points" or (fact.kind == a.kind and fact.unit == a.unit and a.kind != "percent"):
        change = Interval(b.interval.low - a.interval.high, b.interval.high - a.interval.low)
        formula = f"{number(b.value)} − {number(a.value)} = {b.value - a.value:+.6g}"
    else:
        return
    signed = change if sign > 0 else Interval(-change.high, -change.low)
    if not signed.meets(_rounded(fact)):
        word = "下降" if sign < 0 else "增长"
        yield Clash("growth", b, fact, f"{formula}; stated {word} {number(fact.value)}{fact.unit}", ROUNDING)


def _rounded(fact: Fact) -> Interval:
    """Widen a stated percentage: a whole one (增长12%) may be rounded too."""
    if fact.kind in {"percent", "points"} and float(fact.value).is_integer() and "." not in fact.text:
        return Interval(fact.interval.low - 0.5, fact.interval.high + 1)
    return fact.interval


def _years(a: Fact, b: Fact) -> int:
    known = [fact.own_period or fact.period for fact in (a, b)]
    if all(period and period[:4].isdecimal() for period in known):
        return max(1, int(str(known[1])[:4]) - int(str(known[0])[:4]))
    return 1


# --------------------------------------------------------------------------------------------------------- stated twice

_VERB_CLASSES = (
    "收到|新收|接收|接到|接",
    "立案查处|立案|受理",
    "审结|办结|结案|查结",
    "制定|出台|印发|制发",
    "审查|审核",
    "公开|公布|发布",
    "清理",
    "废止|失效",
    "修改|修订",
    "备案|报备",
    "评查",
    "调解|化解|调处",
    "举办|开展|组织|召开",
    "作出",
    "检查|抽查|排查",
    "培训",
    "办理|处理",
    "发放|印制",
    "移送",
    "发现|查出",
    "整改",
    "建成|设立|新建",
    "聘请|聘任",
    "查处",
    "罚没|罚款",
    "挽回|追回",
)
"""Verbs that report the same thing done."""

_SPECIFIC = re.compile(
    r"复议|诉讼|应诉|规范性文件|合同|政府信息|公开信息|信息|提案|建议|执法证|法律援助|公证|矫正|信访|处罚|许可|工单|热线|普法|纠纷|案卷|法律意见|听证"
    r"|决策|备案|调解|仲裁|工伤|投诉|举报|证明事项|权责清单|赋权|法律顾问|网格|隐患|立案|案件|督察|督查|监督"
)
_PARTICIPANTS = frozenset({"个", "家", "名", "位", "人", "户", "所", "种", "类", "批", "方面"})


_RATES_STATED_ONCE = re.compile(r"litigation|review")
_HEADS_IN_COURT = "litigation.heads_rate"
_SHORT = 8
_LONG_ENOUGH = 4
_NO_SUBJECT = re.compile(
    r"[\s、，,：:（）()]|其中|全年|共|累计|已|先后|今年以来|年内|截至目前|[12]\d{3}年(?:度)?|\d{1,2}月(?:底)?|同时|另|并|分别|均|通过|[省市县区]?政府|司法局|本级"
)
_LEADER = re.compile(r"(?:书记|[省市县区镇乡局所]长|主任|负责人|领导|带头|包案|分管)[^，]{0,3}$")


def restated(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find one indicator with two values for one period and body in two sentences."""
    verbs = _verbs(facts, text)
    candidates = [fact for fact in facts if _comparable(fact)]
    for one, other in combinations(candidates, 2):
        apart = one.sentence != other.sentence and not one.interval.meets(other.interval)
        if apart and _same_place(one, other) and _same_indicator(one, other, verbs):
            yield Clash("restated", one, other, f"{one.text} ≠ {other.text}", HEDGES)


def _comparable(fact: Fact) -> bool:
    plain = fact.base is None and fact.direction is None and fact.of == 1 and fact.parent is None
    if not plain or fact.status != "actual" or fact.kind not in {"count", "money", "percent"}:
        return False
    if _noun_first(fact):
        return fact.unit not in _PARTICIPANTS and not fact.in_problem
    return not _LEADER.search(fact.lead[-8:])


def _noun_first(fact: Fact) -> bool:
    return fact.text[:1].isdecimal()


def _same_place(one: Fact, other: Fact) -> bool:
    same_scope = one.scope == other.scope or (one.whole_scope and other.whole_scope)
    return one.unit == other.unit and one.period == other.period and same_scope and _subject(one) == _subject(other)


def _subject(fact: Fact) -> str:
    """Return the short subject in front of a number (``镇街``) where the report has not the whole in mind."""
    words = _NO_SUBJECT.sub("", fact.lead)
    plain = len(words) > _SHORT or words.startswith(("全", "我")) or fact.scope == words or re.search("[对将为由向的经]", words)
    return "" if plain else words


def _same_indicator(one: Fact, other: Fact, verbs: Mapping[int, int | None]) -> bool:
    if one.kind == "percent":
        same = one.code is not None and one.code == other.code and _RATES_STATED_ONCE.match(one.code) is not None
        return same and (one.code == _HEADS_IN_COURT or one.indicator[-3:] == other.indicator[-3:])
    if one.code is not None and one.indicator == other.indicator and len(one.indicator) > _LONG_ENOUGH and not one.inherited:
        return True
    if _core(one.thing) != _core(other.thing) or not _SPECIFIC.search(one.thing + one.indicator):
        return False
    pair = (verbs[one.start], verbs[other.start])
    if (one.inherited or other.inherited) and (pair[0] != pair[1] or len(one.thing) < _LONG_ENOUGH):
        return False
    if pair[0] == pair[1]:
        return pair[0] is not None or one.indicator == other.indicator
    return None in pair and len(one.thing) >= _LONG_ENOUGH and _agrees(one, pair[1]) and _agrees(other, pair[0])


def _core(thing: str) -> str:
    """Return a thing without its general noun: 行政复议申请 and 行政复议案件 are both 行政复议."""
    core = re.sub(r"(?:案件|申请|事项|总数|数量|总量|数)$", "", thing)
    return core if len(core) >= _LONG_ENOUGH - 1 else thing


def _agrees(fact: Fact, verb: int | None) -> bool:
    """Tell whether what follows a number in its clause does not say that something else was done with it."""
    said = {index for index, verbs in enumerate(_VERB_CLASSES) if re.search(verbs, fact.follow)}
    return not said or verb is None or verb in said


def _verbs(facts: Sequence[Fact], text: str) -> dict[int, int | None]:
    """Return the class of each fact's verb; a noun in a list (审查文件9件、合同12份) has the verb of the one before it."""
    found: dict[int, int | None] = {}
    for place, fact in enumerate(facts):
        own = _verb_class(fact)
        listed = place > 0 and re.fullmatch(r"[、，,和及]", text[facts[place - 1].end : fact.start])
        found[fact.start] = found[facts[place - 1].start] if own is None and listed and not _noun_first(fact) else own
    return found


def _verb_class(fact: Fact) -> int | None:
    for index, verbs in enumerate(_VERB_CLASSES):
        if re.match(verbs, fact.indicator):
            return index
    return None


def _by_sentence(facts: Sequence[Fact]) -> list[list[Fact]]:
    groups: dict[int, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.sentence, []).append(fact)
    return list(groups.values())


RULES: tuple[Callable[[Sequence[Fact], str], Iterator[Clash]], ...] = (
    over_100,
    flow,
    growth,
    restated,
    rates,
    parts,
    breakdowns,
    totals,
)
"""Every rule takes the facts of a report in order, and its text."""
