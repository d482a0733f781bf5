"""What the guideline says about the shape of a METRIC, as rules for the decoder — the one place where they live.

Each rule names its paragraph of ``annotation/guideline.md``. The lists were checked against the starts and ends of the
5,715 METRIC spans of the real training reports: a word is here only if annotators leave it out at least ten times as
often as they let a span begin with it.
"""

from __future__ import annotations

import re

# §5: an indicator and its value. 首位, 末位 and the like are values without a numeral (§5, ranks are metrics).
_VALUE = re.compile(r"[0-9０-９一二两三四五六七八九十百千万亿零〇半ⅠⅡⅢⅣⅤ]|首位|末位|翻番|倒数|最低|最高|之首")

# §5, "起点之前去掉": time, subject or place, adverbs; 确保 and 实现 before a rate.
_LEADING = re.compile(
    r"""(?:
      [12]\d{3}\s*年(?:度|底|末|初|以来)?(?:(?:\d{1,2}|[一二三四五六七八九十]{1,2})月(?:份|底)?)?   # 2023年3月
    | (?:\d{1,2})\s*[-—至到]\s*(?:\d{1,2})月(?:份)?
    | (?:截至|截止)(?:目前|年底|\d{1,2}月底|20\d\d年底)?
    | 全年(?!度)|今年(?:以来)?|去年|当年|本年度?|年内|年初|目前|期间|上半年|下半年
    | [全我本](?:省|市|县|区|州|镇|乡|街道|局|系统|旗|委|处|所|院|中心|单位|办)(?![\s的]|排名|第|首|末|平均|前)
    | 累计|共计|总计|总共|一共|共(?![享同建产性振青])|已经?(?=[^知])|均(?![衡等分价])|先后|分别|其中|仅|并(?![购网轨联])|同时
    | 确保(?=[^\d]{2,20}率)|实现(?=[^\d]{2,20}率)
    | 通过(?=[\u4e00-\u9fff]{2,6}(?:受理|办理|化解|调解|发放|开展)) | 的|和(?![解谐平])|及(?!时|格)
    | [\s\u3000\u00a0、，,：:（(]
    )""",
    re.VERBOSE,
)
_TRAILING = re.compile(r"[的和及与了、，,\s\u3000\u00a0（(]$|(?<!不)等$")

# §7.19: hedges and 新 that touch value or verb stay: 306 of 313 spans of the training reports that could begin with one do.
_KEPT = re.compile(r"(?:至少|[约近超新])$")
# §5, "数值带括号细分": a bracket opened inside the span is closed by the character after it.
_CLOSERS = {"（": "）", "(": ")", "“": "”", "《": "》"}


def has_value(text: str) -> bool:
    """Tell whether the text holds a value: a numeral, or a rank or level without one (§5)."""
    return bool(_VALUE.search(text))


def trim_metric(text: str, start: int, end: int) -> tuple[int, int]:
    """Narrow ``text[start:end]`` to what §5 counts as the metric; an end that meets the start means that nothing is left.

    The start never passes the first value, so that a span is narrowed but never loses what makes it a metric.
    """
    while end > start and _TRAILING.search(text[max(start, end - 2) : end]):
        end -= 1
    while (match := _LEADING.match(text, start, end)) and has_value(text[match.end() : end]):
        start = match.end()
    return start, end


def widen_metric(text: str, start: int, end: int, floor: int = 0) -> tuple[int, int]:
    """Add to a trimmed metric what belongs to it though a tagger often leaves it out: a hedge before it, a bracket after it.

    ``floor`` is where the metric before it ends; the start never passes it.
    """
    hedge = _KEPT.search(text, max(floor, start - 2), start)
    start = hedge.start() if hedge else start
    inside = text[start:end]
    if any(inside.count(o) == inside.count(c) + 1 and text.startswith(c, end) for o, c in _CLOSERS.items()):
        end += 1
    return start, end
