"""The audit of rates: a stated rate against the numbers that it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from fazhi.audit_facts import BODY, ROUNDING, Clash, Fact, Interval, number, percent_rate, same_subject

_NUMERATORS = (
    (r"办结|审结|结案|查结|法制审核", r"办结|审结|结案|查结", ""),
    (r"化解|调解成功|调处成功", r"化解|调解成功|成功调解|调处成功|调成|成功化解|调处", ""),
    (r"成功", r"(?:调解|调处|化解)成功|成功(?:调解|化解)", ""),
    (r"答复|办复|回复|反馈", r"答复|办复|回复|反馈", ""),
    (r"立案", r"立案", ""),
    (r"整改", r"整改|完成整改", ""),
    (r"出庭应诉|出庭", r"(?:实际)?(?:负责人)?出庭|行政机关负责人出庭", ""),
    (r"破案", r"破案|侦破|破获", ""),
    (r"不合格", r"不合格", ""),
    (r"调解和解|调撤|和解", r"调解|和解|撤回|终止", r"调解|和解|撤回|终止"),
    (r"合格", r"合格", r"优秀|良好|基本合格"),
    (r"胜诉", r"胜诉", ""),
    (r"败诉", r"败诉", ""),
    (r"优秀", r"优秀", ""),
    (r"采纳", r"采纳", ""),
    (r"受理", r"受理", ""),
    (r"处置", r"处置", ""),
    (r"(?:直接)?纠错", r"撤销|变更|确认违法|责令|部分撤销|直接纠错|纠错", r"撤销|变更|确认违法|责令|部分撤销"),
    (r"维持", r"维持", ""),
)
"""The end of a rate's name, the numerator that it names, and what may be counted with it (合格率 counts the excellent too).

Of another rate (拆除率) the last two characters, alone, name the numerator (拆除71宗), unless it is 100 %, which may be of
anything.
"""

_BEFORE_VERB = rf"(?:{BODY})?(?:已|共|均|实际|评定|评出|评为|检出|查出|发现|其中)*"

_ROOT = re.compile(r"(?P<root>[\u4e00-\u9fff]{2,18}?)率(?:分别|均)?$")
_ANOTHER = re.compile(
    r"按期|按时|及时|提前|当场|网上|首次|一次|(?<!纠)直接(?!纠)|综合|自动|即时|限时|满意|覆盖|平均|同期|电子|线上|当年|累计|实质性|就地|诉前|期限|限期|期内"
)
"""Words that make a rate another one than the plain numbers give (按期办结率 is not 办结率)."""

_LEADER = re.compile(r"书记|[省市县区镇乡局所]长|主任|主要负责人|领导|带头|包案")
_OPENING = re.compile(r"(?:共|新)*(?:收到|新收|接收|接到|受理|立案|办理|承办|接)")
_BARE_SHARE = re.compile(r"占(?:比|总数|总量|全部|总)?(?:案件|案卷|办件)?(?:总数|总量)?(?:的|比)?")
_IN_COURT = re.compile(r"出庭(?!率)")
_HEARD = re.compile(r"应出庭|开庭|应当出庭|庭审")
_SUITS = re.compile(r"诉讼|应诉案件|行政应诉|应诉")
_SUBSET_LIMIT = 6


@dataclass(frozen=True, slots=True)
class _Numerator:
    """The number that a rate names, and all the sums that may be meant by it."""

    fact: Fact
    sums: tuple[Interval, ...]


def rates(facts: Sequence[Fact], text: str) -> Iterator[Clash]:
    """Find a stated rate that no pair of the numbers before it gives.

    The numerator must be named by the rate (办结率 → 办结N件) or, for 占…, stand just before it. The denominator it clashes
    with is a number of the same thing in its sentence; a fitting one anywhere before it in the report acquits it.
    """
    for place, fact in enumerate(facts):
        if not percent_rate(fact) or fact.of > 1 or fact.status == "target" or fact.value > 100:
            continue
        before = [other for other in facts[:place] if other.kind in {"count", "money"} and other.direction is None]
        numerator = _share(fact, before) if fact.indicator.startswith("占") else _named(fact, before)
        clash = _judge(fact, numerator, before) if numerator else None
        if clash:
            yield clash


def _named(fact: Fact, before: Sequence[Fact]) -> _Numerator | None:
    """Return the number that the rate's name asks for: in its sentence, with no new case opened in between."""
    match = _ROOT.search(fact.indicator)
    if not match or _ANOTHER.search(fact.indicator):
        return None
    named = next((row for row in _NUMERATORS if re.search(f"(?:{row[0]})$", match["root"])), None)
    near = [other for other in before if other.sentence == fact.sentence and not _LEADER.search(other.lead)]
    if named is None and fact.value != 100:
        tail = match["root"][-2:]
        named = (tail, f"{tail}(?:数量?|案件|事项)?$", "")
    if named is None:
        return None
    tops = [other for other in near if re.match(f"{_BEFORE_VERB}(?:{named[1]})", other.indicator) and other.of == 1]
    if not tops or _ANOTHER.search(tops[-1].indicator) or _ANOTHER.search(tops[-1].lead):
        return None
    top = tops[-1]
    if any(other.start > top.start and _OPENING.match(other.indicator) and not other.inherited for other in near):
        return None
    also = [other for other in near if named[2] and re.match(named[2], other.indicator) and other.unit == top.unit]
    return _Numerator(top, _sums(top, also))


def _sums(top: Fact, also: Sequence[Fact]) -> tuple[Interval, ...]:
    pool = list({fact.start: fact for fact in [*also, top]}.values())[-_SUBSET_LIMIT:]
    found: list[Interval] = []
    for size in range(1, len(pool) + 1):
        for chosen in combinations(pool, size):
            total = Interval(0.0, 0.0)
            for fact in chosen:
                total = total.plus(fact.interval)
            found.append(total)
    return tuple(found)


def _share(fact: Fact, before: Sequence[Fact]) -> _Numerator | None:
    """Return the number of which ``占总数的37.1%`` speaks: the one just before it in its sentence."""
    if not _BARE_SHARE.fullmatch(fact.indicator) or not before:
        return None
    top = before[-1]
    return _Numerator(top, (top.interval,)) if top.sentence == fact.sentence and top.of == 1 else None


def _judge(fact: Fact, numerator: _Numerator, before: Sequence[Fact]) -> Clash | None:
    top, stated = numerator.fact, _stated(fact)
    others = [other for other in before if other.unit == top.unit and other.start != top.start and other.value > 0]
    share = fact.indicator.startswith("占")
    near = others if share else [other for other in others if _near(other, top, before)]
    if any(_gives(total, other, stated, share) for total in numerator.sums for other in near):
        return None
    bottoms = [other for other in others if _near(other, top, before) and _denominator(other, top)]
    if _IN_COURT.search(top.indicator):
        bottoms = _heard(bottoms, fact)
    if not bottoms:
        return None
    bottom = bottoms[-1]
    computed = 100 * top.value / bottom.value
    formula = f"{number(top.value)} ÷ {number(bottom.value)} = {computed:.2f}% ≠ {number(fact.value)}%"
    return Clash("rate", top, fact, formula, ROUNDING, (bottom,))


def _near(other: Fact, top: Fact, before: Sequence[Fact]) -> bool:
    """Tell whether a number stands in the sentence of another or in the one before it in its paragraph."""
    earlier = [fact.sentence for fact in before if fact.line == top.line and fact.sentence < top.sentence]
    return other.sentence == top.sentence or other.sentence in earlier[-1:]


def _gives(total: Interval, other: Fact, stated: Interval, share: bool) -> bool:
    """Tell whether a numerator over a number gives the rate; a share also over the two together (254 ÷ (837 + 254))."""
    plain = total.over(other.interval).times(100)
    together = total.over(other.interval.plus(total)).times(100)
    return plain.meets(stated) or (share and together.meets(stated))


def _denominator(other: Fact, top: Fact) -> bool:
    if other.start > top.start or other.interval.high < top.interval.low:
        return False
    if _IN_COURT.search(top.indicator):
        return bool(_HEARD.search(other.indicator) or _SUITS.search(other.indicator))
    return top.inherited or top.indicator == top.thing or same_subject(other, top)


def _heard(bottoms: Sequence[Fact], rate: Fact) -> list[Fact]:
    """Return the hearings that heads had to attend; where none are stated, the suits, unless all was attended (100 %)."""
    heard = [fact for fact in bottoms if _HEARD.search(fact.indicator)]
    return heard or (list(bottoms) if rate.value != 100 else [])


def _stated(fact: Fact) -> Interval:
    """Return what a stated rate can mean; a whole percentage may be rounded, 100 % is meant exactly."""
    if "." not in fact.text and fact.value != 100:
        return Interval(fact.interval.low - 0.5, fact.interval.high + 1)
    return fact.interval
