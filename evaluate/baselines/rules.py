"""Rules without any training: regular expressions for numbers, cue words of the guideline for statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fazhi.clauses import Clause, clauses
from fazhi.document import Document, Span
from fazhi.rules import trim_metric
from fazhi.schema import default_schema

_NUMBER = r"\d+(?:[.,]\d+)*|[一二两三四五六七八九十]{1,3}(?=[次件名场期份人家])"
_UNIT = (
    "(?:万|亿|余|多)*(?:个百分点|百分点|人次|家次|件次|[%％]|元|宗|"
    "[件次人名个家份期场项条户起台套处所册部批亩吨卷例辆间篇幅座支笔种类天届])?"
)
_VALUE = re.compile(rf"(?:{_NUMBER}){_UNIT}(?:余|多|以上|左右)?")
_NO_METRIC = re.compile(r"[年月日号]|[〕〔]|\s*[、.．)）]|届|中全会|中队")
_VERBS = re.compile(
    "组织开展|受理|审结|办结|办理|收到|审查|审核|调解|化解|开展|举办|召开|组织|印发|制定|出台|发放|检查|查处|立案|处罚|罚款|罚没"
    "|培训|接待|解答|提供|完成|建立|设立|成立|选聘|聘请|排查|整改|清理|修改|废止|保留|移送|发出|提出|挽回|新增|覆盖|参加|达"
)
_PROBLEMS = re.compile(
    "不足|不够|不强|不高|不到位|不熟悉|不清晰|不规范|不平衡|不及时|不深|不严|薄弱|欠缺|短缺|缺乏|滞后|单一|脱节|差距|短板|有待|仍需|亟待|还需"
    "|尚未|未能|难以|倒数|偏少|偏低|较少|有限|压力增大|居高不下|矛盾突出|推诿|未按"
)
_MEASURES = re.compile(
    "印发|出台|制定|修订|代拟|建立|成立|设立|选聘|组织|开展|举办|召开|推行|推广|实施|清理|整治|排查|督察|检查|评查|培训|宣传|公开|公示"
    "|签订|划分|整合|录制|聘请|打造|加强|深化|强化|推进|推动|健全|完善|优化|规范|明确|扩大|落实|创新"
)
_NO_MEASURE = re.compile(
    "^(?:坚持|以.*为|按照|围绕|深入贯彻|全面贯彻|认真贯彻|通过|根据)|(?:水平|能力|成效|氛围|格局|意识|作用|精神|部署)$|^(?:提升|提高|增强|营造|确保|实现|保障)"
)


@dataclass(frozen=True, slots=True)
class RulesBaseline:
    """The rules as a model; every span has score 1."""

    def extract_many(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Extract document after document."""
        return map(self.extract, documents)

    def extract(self, document: Document) -> Document:
        """Return the document with the spans that the rules find."""
        spans: list[Span] = []
        for clause in clauses(document.text):
            if clause.start < clause.end:
                spans += _metrics(document.text, clause)
                spans += _statement(document.text, clause)
        return document.with_spans(spans)


def _metrics(text: str, clause: Clause) -> Iterator[Span]:
    """One span a value: from the last cue verb before it, or else from the clause's start or the value before."""
    at = clause.start
    for match in _VALUE.finditer(text, clause.start, clause.end):
        if (
            _NO_METRIC.match(text, match.end())
            or match.start() < at
            or text[match.start() - 1 : match.start()] in ("第", "《", "“")
        ):
            continue
        verbs = [verb.start() for verb in _VERBS.finditer(text, at, match.start())]
        start, end = trim_metric(text, verbs[-1] if verbs else at, match.end())
        if start < end:
            yield _span(text, start, end, "METRIC")
            at = end


def _statement(text: str, clause: Clause) -> Iterator[Span]:
    inside = text[clause.start : clause.end]
    if _PROBLEMS.search(inside):
        yield _span(text, clause.start, clause.end, "PROBLEM")
    elif _MEASURES.search(inside) and not _NO_MEASURE.search(inside) and len(inside) > 6:
        yield _span(text, clause.start, clause.end, "MEASURE")


def _span(text: str, start: int, end: int, label: str) -> Span:
    return Span(start, end, label, default_schema().layer_of(label).name, text[start:end], 1.0)
