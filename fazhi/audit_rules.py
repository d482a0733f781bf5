"""Rules of the audit: order of stages and impossible rates; and the list of all rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from fazhi.audit_facts import BODY, HEDGES, Clash, Fact, number, percent_rate, same_subject
from fazhi.audit_growth import growth
from fazhi.audit_rates import rates
from fazhi.audit_ratios import ratios
from fazhi.audit_restated import restated
from fazhi.audit_sums import breakdowns, outcomes, parts, totals

_RATE_NAME = re.compile(r"率$|率(?:和|、)|占比$|比例$|比重$|^占")
_MAY_EXCEED = re.compile(
    r"增长|增幅|增速|完成率|完成比例|达标率|完成.*(?:任务|目标|计划|预算)|任务|目标|计划|预算|超额|产能|收益|利润|负债|依存|到岗率|周转|入库率|进度|产销|赔付"
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


_ADVICE = (r"提出|制发|发出|下发|印发", r"采纳|落实|回复|反馈|收到(?:回复|反馈)")
"""Advice is given by one body and followed by another: whoever stands in front of the verb does not matter."""

_ARRIVED = re.compile(r"^(?:行政复议|行政裁决|仲裁|依申请公开|政府信息公开|信息公开|信访|投诉|举报|热线)[^率占]{0,8}$")
"""What has arrived, said without a verb (依申请公开政府信息8件)."""

_STAGES: tuple[tuple[str, ...], ...] = (
    (
        r"(?:共|新|累计)?(?:收到|新收|接收|接到|接报|收件|登记|接)",
        r"(?:立案查处|立案受理|立案|受理|新受理)",
        r"(?:审结|办结|结案|查结|答复|办理完毕|审理终结|作出(?:答复|决定))",
    ),
    _ADVICE,
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
    act = re.sub(f"^{BODY}(?={'|'.join(chain)})", "", fact.indicator) if chain is _ADVICE else fact.indicator
    stages = [index for index, pattern in enumerate(chain) if re.match(f"(?:已|共|累计)*(?:{pattern})(?!前)", act)]
    return max(stages, default=0 if chain is _STAGES[0] and _ARRIVED.search(fact.indicator) else None)


def _misordered(staged: Sequence[tuple[Fact, int]]) -> Iterator[Clash]:
    """Compare every fact with the latest whole of each earlier stage (no part); the nearest that clashes is named."""
    for place, (late, after) in enumerate(staged):
        earlier = {stage: fact for fact, stage in staged[:place] if stage < after and fact.parent is None}
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


RULES: tuple[Callable[[Sequence[Fact], str], Iterator[Clash]], ...] = (
    over_100,
    flow,
    growth,
    restated,
    rates,
    ratios,
    parts,
    outcomes,
    breakdowns,
    totals,
)
"""Every rule takes the facts of a report in order, and its text."""
