"""The audit of repetition: one indicator stated twice, with two values, for one period and body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from fazhi.audit_facts import HEDGES, Clash, Fact

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
        if apart and _same_place(one, other) and _same_indicator(one, other, verbs) and not _rows(one, other, text):
            yield Clash("restated", one, other, f"{one.text} ≠ {other.text}", HEDGES)


_LABEL = re.compile(r"[ \t\u3000]*(?![（(]?[一二三四五六七八九十\d]{1,3}[）)、.．是])([^，,。；;：:\n]{1,16})[：:]")


def _rows(one: Fact, other: Fact, text: str) -> bool:
    """Tell whether two facts stand in lines with different labels, as the rows of a table do (``1月：`` ``合计：``)."""
    labels = [_LABEL.match(text, text.rfind("\n", 0, fact.start) + 1, fact.start) for fact in (one, other)]
    return all(labels) and len({label[1] for label in labels if label}) > 1


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
    if (one.inherited or other.inherited) and (_verb(one) != _verb(other) or len(one.thing) < _LONG_ENOUGH):
        return False
    if pair[0] == pair[1]:
        return pair[0] is not None or (one.indicator == other.indicator and len(one.indicator) > _LONG_ENOUGH)
    return None in pair and len(one.thing) >= _LONG_ENOUGH and _agrees(one, pair[1]) and _agrees(other, pair[0])


def _verb(fact: Fact) -> str:
    return fact.indicator.replace(fact.thing, "")


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
