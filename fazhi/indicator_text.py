"""The indicator that a METRIC names: its text without the value, its particles and adverbs; and what a bare verb counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fazhi.quantities import Quantity
from fazhi.quantity_names import without_dates

_HEAD = re.compile(
    r"^(?:了|的|共计|共(?![享同建])|累计|已经?|均(?![衡等])|先后|分别|其中|达(?![成标产])到?|为(?![民群企])|约(?![谈束])|有(?!效|关)|在(?![册编校办线])"
    r"|和(?!解)|与(?!会)|及(?![时格])|[、,，：:（()）\s-])+"
)
_TAIL = re.compile(
    r"(?:达到|实现|保持在?|(?:控制|稳定|维持)在|(?:增加|增长|提高|提升|下降|降低|减少|压缩|扩大|上升|缩短)(?:到|至)|[降增升减]至|降到|增到"
    r"|不得|至少|均为|仅为|分别为|共计|合计|总计|累计|(?<![送到下表传转])达|(?<![行作认])为|是|(?<![签预公合违民条])约|已|(?<![人户年平月日周季村])均|仅|首次|(?<!公)共"
    r"|(?<![所国享持拥占没])有|的|(?<![事自理])由|从(?!业)|(?<![存所内])在|至|(?<![收接得受签])到|(?<![统审会预设估])计|分别"
    r"|(?<![调总缓共])和|与|(?<![涉普顾惠])及|了|[、,，：:（()\s-])+$"
)
_CHANGE = re.compile(
    r"(?:同比|环比|同期)?(?:[比较](?:上|去|前|往)?年?(?:同期|度)?)?(?:分别|年均|均|又|再|约|净)?"
    r"(?:增长|增加|上升|提高|提升|增幅|增|升|上涨|回升|攀升|下降|减少|降低|降幅|回落|减|降|压减|下滑|下跌|多|少|增速)(?:了|率|幅度?)?"
)
_RANK_TEXT = re.compile(
    r"(?:排名|排|位居|位列|位于|居于|居|列|名列|均列|均居|跻身|进入|在)?(?:全|各|同)?[\u4e00-\u9fff]{0,12}?(?:排名|排|位|名|第)?"
)
_EMPTY_BRACKETS = re.compile(r"[（(][\s,，、和及]*[）)]")
_FROM = re.compile(r"(?:由|从|自)[^由从自]{0,10}$")
_AFTER_VERB = re.compile(r"(?<=[\u4e00-\u9fff])(?:了|(?<![通经超不])过)(?=[\u4e00-\u9fff])")

COUNTED = (
    "收到|新收|接收|收|受理|立案查处|立案|审理|审结|办结|办理|结案|调解和解|调解|和解|化解|维持|驳回|撤销|撤回|变更|确认违法|责令履行|责令|终止|中止"
    "|不予受理|胜诉|败诉|应诉|出庭应诉|出庭|备案|审查|审核|清理|废止|失效|宣布失效|修改|修订|保留|继续有效|有效|新增|新建|注销|整改|答复|回复|反馈|移送"
    "|罚款|处罚|不予处罚|免罚|查处|发放|挽回|覆盖|服务|接待|解答|评查|抽查|检查|公开|开展|举办|组织|召开|印发|制定|出台|提出|采纳|完成|纠正|处理"
    "|办复|处置|满意|优秀|合格|不合格|胜|败|准予|提出|转办|交办|调处|成功|到位|已结|未结|在办|其他|其它|不予公开|予以公开|部分公开|无法提供|破案|侦破|破获|告破|查结|调结|核查|核实|讨论|研究|参与|受理并|审批|新收"
)
"""Verbs and outcomes that stand alone when what they count was named before (``受理57件``)."""

_NO_TOPIC = re.compile("率$|比$|^人均|^平均|^占|^居|^排|(?:结案|办结|审结|纠错|化解|调解|胜诉|败诉|维持|撤销|终止|驳回)$")
_ADVERB = (
    "已|共|未|新(?=[收受立签接办审发]|$)|正在|按期|及时|直接|成功|均|全部|依法|集中|重点"
    "|累计|另|另有|其中|当场|继续|宣布|予以|涉及"
)
_BARE = re.compile(rf"(?:{_ADVERB})*(?:{COUNTED})+(?:并(?:{COUNTED}))?(?:的|了|数|案件)?(?:有)?")
_VERBS = re.compile(rf"^(?:{_ADVERB}|{COUNTED}|并|了|、|和|各类|各种|各级)+")


def indicator_text(text: str, quantities: Sequence[Quantity]) -> str:
    """Return what is left of a METRIC's text without its values: ``受理行政复议申请57件`` → ``受理行政复议申请``.

    Of a change (``由57件增至80件``) only what stands before it is kept. Empty where the METRIC is nothing but a value.
    """
    if not quantities:
        return text
    first = quantities[0].start
    if len(quantities) > 1 and _FROM.search(without_dates(text[:first])):
        return tidy(_FROM.sub("", without_dates(text[:first])))
    pieces, at = [], 0
    for quantity in quantities:
        pieces.append(_without_base(text[at : quantity.start], quantity.base))
        at = quantity.end
    pieces.append(text[at:])
    return tidy("".join([tidy(pieces[0]), *(_HEAD.sub("", tidy(piece)) for piece in pieces[1:])]))


def _without_base(text: str, base: str | None) -> str:
    """Cut what a change is measured against (``较上年``) out of a text; 同比 and 环比 are terms and stay."""
    return text.replace(base, "", 1) if base and base not in _TERMS else text


_TERMS = frozenset({"同比", "环比", "同期"})


def tidy(text: str) -> str:
    """Drop dates, particles, adverbs and empty brackets at the borders of an indicator's text."""
    text = _EMPTY_BRACKETS.sub("", without_dates(text)).strip()
    text = _TAIL.sub("", _HEAD.sub("", text))
    if text.count("（") != text.count("）") or text.count("(") != text.count(")"):
        text = re.sub(r"[（(][^（()）]*$|^[^（()）]*[）)]", "", text) or text
    return _AFTER_VERB.sub("", text, count=1)


def is_bare(indicator: str) -> bool:
    """Tell whether an indicator is a verb or an outcome alone, so that what it counts must be looked up before it."""
    return not indicator or bool(_BARE.fullmatch(indicator))


def is_change(indicator: str) -> bool:
    """Tell whether an indicator says only that something rose or fell, so that what did must be looked up before it."""
    return bool(_CHANGE.fullmatch(indicator))


def is_rank(indicator: str, quantities: Sequence[Quantity]) -> bool:
    """Tell whether a METRIC says only where something ranks (``居全市首位``)."""
    ranked = any(quantity.kind in {"rank", "rank_from_bottom"} for quantity in quantities)
    return (
        ranked
        and bool(re.match("排|位[居列于]|居|[名均]?列|[名均]居|跻身|进入|在?[全各同]", indicator))
        and bool(_RANK_TEXT.fullmatch(indicator))
    )


def topic_of(indicator: str) -> str | None:
    """Return what an indicator counts: ``受理行政复议申请`` → ``行政复议申请``; ``None`` if it says nothing but a verb."""
    rest = _VERBS.sub("", indicator)
    return None if len(rest) < 2 or _NO_TOPIC.search(rest) else rest
