"""Numbers that are names and not amounts — dates, document numbers, hotlines, titles, slogans — and how they are set aside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fazhi.numerals import CHINESE, MULTIPLIER, fold

BLANK = "\0"


@dataclass(frozen=True, slots=True)
class Period:
    """A time named at ``[start, end)`` of a text; ``text`` is a year (``2021``), years (``2021-2023``) or the words.

    ``base`` tells that something is only compared with that time (``较2021年`` ``与2021年相比`` ``是2021年的2倍``).
    """

    start: int
    text: str
    end: int = 0
    base: bool = False


_YEAR = r"(?:19|20)\d{2}"
_DATE = re.compile(
    rf"""
      {_YEAR}年?\s*(?:-{{1,2}}|~|至|到)\s*(?:{_YEAR}|\d{{2}})\s*年(?:度)?
    | {_YEAR}\s*年(?:度|底|末|初)?(?:同期)?
      (?:\d{{1,2}}(?:[-~至到]\d{{1,2}})?月(?:\d{{1,2}}日)?(?:份|底|末)?)?
      (?:第[一二三四]季度|[上下]半年)?
    | \d{{1,2}}\s*[-~至到]\s*\d{{1,2}}月(?:份)?
    | \d{{1,2}}月(?:\d{{1,2}}日(?:[-~至]\d{{1,2}}日)?|份|底|末|初|中旬|上旬|下旬)?
    | [上前]一?个?[两三四五]年
    | (?:去|上|前|今|本|当|明|(?<!人)次|同)年(?!均)(?:度)?(?:同期|底|末|初|以来)?
    | [上下]半年 | 第?[一二三四1234]季度 | 前[二三]季度 | 前\d{{1,2}}个月
    | (?:近|过去|未来|今后|最近)(?:\d{{1,2}}|[一两二三四五六七八九十]+)个?[年月](?:来|内|间)?
    | “?十[一二三四五]五”?(?:期间|时期|以来)?
    """,
    re.VERBOSE,
)
_HOTLINE = (
    r"(?<![\d.])(?:(?:12345|123(?:0\d|1[0-5]|2\d|3\d|4[08]|5\d|6[0-9]|7[17]|8[05-9]|9\d)|96\d{3,4})"
    rf"(?![\d.%,]|\s*(?:{MULTIPLIER}|余|多|[件个次人条起宗户份项家名场元]))"
    r"|(?:110|119|120|122|114)(?=报警|接警|接处警|处警|出警|警情|指挥|急救|联动|热线|电话|平台|、12345|宣传))"
)
_NAMES = [
    re.compile(pattern)
    for pattern in (
        r"《[^》]*》",
        r"[〔\[(【]\s*(?:19|20)\d{2}\s*[〕\])】]\s*第?\d+号",
        r"\d+(?:-\d+)?号(?!召)(?:楼|文|令|公告|路|线)?",
        r"\d+#[楼栋]?",
        r"\d+(?:\+[\dNnXxN]+)+|[1一]\+[NnXx]",
        r"7[×xX*]24(?:小时)?|24小时(?=自助|不打烊|服务|热线|开放|值班|备勤|在线)",
        r"(?<![\d\s万亿])[A-Za-zα-ω][A-Za-z._\-]*\d+(?:\.\d+)?(?!\s*[件个次人条起宗户份项家名场%])",
        r"\d+(?:\.\d+)?[GDdVvHh](?![A-Za-z])",
        r"\d{1,2}·\d{1,2}",
        r"(?<!前)\d+强(?=[企县镇区村园名])|\d0后|\d连[增丰冠]",
        r"(?<![\d.])\d{1,2}\.\d{1,2}(?=“|”|宪法|国家|全国|国际|消费|安全|禁毒|防灾|民法|世界|知识|网络|全民|环境|税法)",
        r"(?<!\d)\d{11,}(?!\d|\s*(?:" + MULTIPLIER + r"|[件个次人条元吨%]))",
        _HOTLINE,
        r"\d{1,2}:\d{2}(?=[-~至]\d{1,2}:\d{2}|分|时|开始)",
    )
]
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’")
_ANY_DIGIT = re.compile(r"\d|[零一二两三四五六七八九十百千万亿半]")
# Words with a Chinese numeral in them that state no amount (§5: slogans, ranks of court, rounds of speech).
_LEXICAL = re.compile(
    r"""(?<![\d.])(?:一次性|一件事|一站式|一网|一窗|一体|一般|一律|一审|二审|一二审|再一|一把手|一门|一码|一张网|一图|一村一|一镇一|一企一|一户一|一案一
    |一社区一|一站|一线|一并|一起(?!案|事|纠|涉|重|典|行|民|刑|交|非|违|诉)|一定|一致|一直|一切|一些|一系列|一批|一带一路|一标|一岗|一事|一类|
    一支一|一对一|一把|一流|一级|二级|三级|四级|五级|两级|(?:一|两)?两法|两高|两新|两代表|两委|两站|两违|两客|两场联动|双
    |(?<!第)[一二三四五六七八九十两]+(?:大(?!类)|个一|个责任|个意识|个自信|个维护|个确立|个统一|个清单|乱|统筹|进(?!村|社区)|不(?!合格)|公(?!里)|化|位一体|抓|合一|资一)
    |(?<![十百千万亿多余数几近上超逾约一两三四五六七八九])(?:百姓|百日|百强|百年|百货|百科|千方|千家|千户|万众|万户|万家|万物|万一|百人大|百家姓)
    |千万工程|百千万|(?<![十百千万一二两三四五六七八九])[十百千万]*亿级|(?<!每)[十百]?万人(?=助|成讼|[\u4e00-\u9fff]{1,8}率)
    |十佳|十大|十分|十足|十项行动|二手|三农|三资|三公|三定|三会|三单|三统一|三同时|四风|五保|六稳|六保|七五|八五|九五|五社|三官|三无|三项制度
    |零距离|零容忍|零售|零星|零工|零散|零跑|零基础|半天|(?<!每)半年|半径|半程|一级|单一|统一|唯一|同一|万元户|三方|两岸|两江|两翼|一人(?:一|多)
    |(?<=全[国省市县区州])(?:[一二三四五六七八九十]+[市县区州盟旗]){2,}
    |一刀切|第三方|一如|一手|一方|两侧|一河|一会|多多|两位数|三轮车)""",
    re.VERBOSE,
)


def blank(text: str, places: Iterable[tuple[int, int]]) -> str:
    """Return the text with these stretches made unreadable; its length stays the same."""
    for start, end in places:
        text = text[:start] + BLANK * (end - start) + text[end:]
    return text


def mask(folded: str) -> tuple[str, list[Period]]:
    """Set aside the numbers that are names: return the text without them, and the periods among them."""
    named = periods(folded)
    masked = blank(folded, (match.span() for match in _DATE.finditer(folded)))
    for pattern in _NAMES:
        masked = blank(masked, (match.span() for match in pattern.finditer(masked)))
    unquoted = blank(masked, (match.span() for match in _QUOTED.finditer(masked)))
    masked = unquoted if _ANY_DIGIT.search(unquoted) else masked
    return blank(masked, (match.span() for match in _LEXICAL.finditer(masked))), named


def periods(text: str) -> list[Period]:
    """Return the times that a text names, in order; those in titles (《…》) and document numbers are no times."""
    plain = blank(fold(text), (match.span() for pattern in _NAMES[:2] for match in pattern.finditer(fold(text))))
    return [Period(match.start(), _period(match[0]), match.end(), _is_base(plain, match)) for match in _DATE.finditer(plain)]


_COMPARED = re.compile(r"(?:[比较](?:之|于)?|对比|比起)$")
_COMPARED_AROUND = (
    (re.compile("[与同和跟]$"), re.compile(r"(?:同期|底|末|年底|年末)?(?:的?[^\d,，。；]{0,4})?(?:相比|比较|持平|相当)")),
    (
        re.compile("(?<![由从自])(?:是|为|达到?|相当于|占)$"),
        re.compile(rf"(?:同期)?的[近约]?(?:\d[\d.]*|{CHINESE})多?(?:倍|成|%)"),
    ),
)


def _is_base(text: str, date: re.Match[str]) -> bool:
    if _COMPARED.search(text, 0, date.start()):
        return True
    return any(before.search(text, 0, date.start()) and after.match(text, date.end()) for before, after in _COMPARED_AROUND)


def without_dates(text: str) -> str:
    """Return the text with its dates cut out."""
    kept, at = [], 0
    for match in _DATE.finditer(fold(text)):
        kept.append(text[at : match.start()])
        at = match.end()
    return "".join([*kept, text[at:]])


def _period(words: str) -> str:
    years = re.findall(_YEAR, words)
    if len(years) == 1 and (short := re.search(rf"{_YEAR}年?\s*(?:-+|~|至|到)\s*(\d{{2}})\s*年", words)):
        years.append(years[0][:2] + short[1])
    if years and re.fullmatch(rf"{_YEAR}[^月季半]*", words):
        return "-".join(years)
    return words
