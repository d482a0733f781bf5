"""Page furniture: the lines and tokens of a saved page that are no part of the report, and where the report's body lies.

In HTML these lines are dropped; in plain text, whose places are what a user knows, they stay and are recognised: ``body`` tells
where the report itself begins and ends, also when a page was flattened to one line.
"""

from __future__ import annotations

import re

_DATE = (
    r"(?:(?:19|20)\d\d\s*年\s*\d{1,2}\s*月\s*(?:\d{1,2}\s*日)?"
    r"|(?:19|20)\d\d\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,2}(?!\d))"
)
_TIME = rf"{_DATE}(?:\s*\d{{1,2}}:\d\d(?::\d\d)?)?"
_FIELD = (
    "索\\s*引\\s*号|信息索引|主\\s*题\\s*分\\s*类|体\\s*裁\\s*分\\s*类|组配分类|服务对象|信息分类|信息类别|公开类别|公开方式|公开形式|公开时限"
    "|公开范围|公开责任部门|公开目录|发\\s*布\\s*机\\s*构|发\\s*文\\s*机\\s*[关构]|发文单位|发布单位|发布部门|制发机关|成\\s*文\\s*日\\s*期|生成日期|发文日期|发文时间"
    "|发\\s*布\\s*日\\s*期|发布时间|公开日期|公开时间|实施日期|失效日期|废止日期|更新时间|发\\s*文\\s*字\\s*号|文\\s*号|有\\s*效\\s*性|效力状态|主\\s*题\\s*词|关\\s*键\\s*词"
    "|名\\s*称|标\\s*题|主\\s*题|内容概述|信息来源|稿件来源|来\\s*源|作\\s*者|编\\s*辑|责任编辑|审\\s*核|撰稿|浏览次数|浏览量|浏览|阅读次数|阅读量|阅读|点击数|点击量|点击"
    "|访问量|时\\s*间|日\\s*期|栏\\s*目|原文链接|本地目录|字体大小|字体|字号|分享到|分享至|分享"
)
_TOKEN = re.compile(
    rf"""(?:
      (?:当前位置|您(?:现在)?的?位置|你的位置|所在位置)(?:是)?[:：]\s*[^\s。]{{0,160}}(?:\s*[>＞»/]\s*[^\s。]{{1,40}})*
    | (?:{_FIELD})\s*[:：]\s*(?:{_TIME}|\d+\s*次?(?=\s|$)|[^\s，。；:：]{{0,90}}(?=\s|$))
    | [【\[（(]\s*(?:字体|字号|大|中|小|我?要?打印|关闭|收藏|纠错|返回顶部)[^】\]）)\n]{{0,16}}[】\]）)]
    | 微信|微博|QQ空间|新浪微博|腾讯微博|人人网|全真版|文字版|文件下载|附件下载|相关链接[:：]?
    | 保存为word|打印本页|关闭窗口|打印此页|我要纠错|返回顶部
    | (?<![\u4e00-\u9fff])(?:打印|关闭|收藏|朗读|大|中|小|纠错|下载)(?![\u4e00-\u9fff])
    | -->|[|│]|>{{1,2}}|={{6,}}[^=\n]{{0,20}}={{6,}}|{_TIME}(?=\s|$)
    )""",
    re.VERBOSE,
)
_LINE = re.compile(
    rf"""^\s*(?:
      (?:当前位置|您(?:现在)?的?位置|你的位置|所在位置).*
    | [^，。；]{{0,12}}首\s*页\s*(?:[>＞»/\\-]|&gt;).*
    | (?:\s*(?:{_FIELD})\s*[:：].*)+
    | (?:索引号|发文机关|发文字号|标题|主题分类)[^，。；]{{0,120}}
    | .{{0,16}}(?:上一[篇条]|下一[篇条]|相关(?:链接|文章|新闻|文件|信息|阅读|推荐|解读|稿件)|热点查询|网站地图).*
    | .{{0,16}}(?:推荐阅读|友情链接).*
    | .{{0,16}}(?:主办(?:单位)?[:：]|承办(?:单位)?[:：]|版权所有|网站标识码|备\d{{4,}}号|ICP备|公网安备|技术支持[:：]).*
    | .{{0,16}}(?:联系我们|网站声明|关于我们|使用帮助).*
    | .{{0,24}}(?:扫一扫|扫描二维码|二维码|微信公众号|分享到|分享至|手机(?:版|端|浏览|打开)|客户端).{{0,40}}
    | .{{0,8}}(?:打印|关闭|收藏|纠错|字体|字号|返回顶部|加入收藏|设为首页|无障碍|长者模式|繁体|登录|注册|朗读|下载).{{0,24}}
    | 附\s*件\s*(?:下载)?[:：]?.{{0,80}}
    | .{{0,60}}\.(?:docx?|pdf|xlsx?|wps|zip|rar|ofd|jpg|png)\s*(?:\(.{{0,12}}\)|（.{{0,12}}）)?(?:下载)?
    | 今天是.*|页面链接与图片详见.*|={{6,}}.*
    | [\s|│·>【】\[\]—=_*-]*
    | 第?\s*\d+\s*页?(?:\s*[/共]\s*\d+\s*页?)?|[-—–]\s*\d+\s*[-—–]
    )\s*$""",
    re.VERBOSE,
)
_PROSE = re.compile(r"[，。；,]")
_MAX_LINE = 160


def is_furniture(line: str) -> bool:
    """Tell whether a whole line is page furniture: short, without a sentence, and of a known pattern."""
    text = line.strip()
    if len(text) > _MAX_LINE or text.endswith(("。", "；", "：", "，")):
        return not text
    return bool(_LINE.match(text))


def _skip_tokens(text: str, start: int, end: int) -> int:
    """Return where prose begins in ``text[start:end]`` after a run of furniture tokens with gaps that hold no sentence."""
    at = start
    for match in _TOKEN.finditer(text, start, min(end, start + 1500)):
        gap = text[at : match.start()]
        if len(gap) > 90 or _PROSE.search(gap):
            break
        at = match.end()
    return at


_SIGNED = re.compile(rf"^[^，。；：:！？]{{0,90}}$|^.{{0,80}}{_DATE}.{{0,8}}$")
_ENDS = re.compile(r"[。！][”’」）)]*")


def _lines(text: str) -> list[tuple[int, int]]:
    """Return the extents of all lines, without their line breaks."""
    extents, at = [], 0
    for line in text.split("\n"):
        extents.append((at, at + len(line)))
        at += len(line) + 1
    return extents


def _is_prose(line: str) -> bool:
    return len(line) >= 25 and bool(_PROSE.search(line)) and not is_furniture(line)


def body(text: str) -> tuple[int, int]:
    """Return where the report's own prose begins and ends: after head furniture, index table and title, before the signature.

    The whole text where nothing is recognised. Headings of the first section and an addressee line (``县委、县政府：``) belong
    to the body.
    """
    extents = _lines(text)
    prose = [index for index, (start, end) in enumerate(extents) if _is_prose(text[start:end])]
    if not prose:
        return 0, len(text)
    start = _body_start(text, extents, prose[0])
    return start, max(start, _body_end(text, extents, prose[-1]))


_MOST_HEADINGS = 60
"""Most lines before the first prose (blank ones, headings, addressees) that may belong to the body."""
_HEADING = re.compile(
    r"\s*(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]|\d{1,2}[.、．]|第[一二三四五六七八九十]+部分)"
)
GENRE = "(?:报告|总结|情况|通报|汇报|计划|要点|年报|方案|通知|意见|思路|打算|批复|材料)"
"""What the title of a report ends with."""
_LEADING_TITLE = re.compile(rf"[^，。；！？：:\n]{{6,90}}?{GENRE}(?:[（(][^（）()\n]{{1,12}}[)）])?(?=[ \t\u3000\xa0])")
_ADDRESSEE = re.compile(r"\s*[^，。；]{2,60}[：:]\s*$")


def _body_start(text: str, extents: list[tuple[int, int]], first: int) -> int:
    earliest = max(0, first - _MOST_HEADINGS)
    while first > earliest and (
        _HEADING.match(line := text[slice(*extents[first - 1])]) or _ADDRESSEE.match(line) or not line.strip()
    ):
        if is_furniture(line) and line.strip():
            break
        first -= 1
    while first + 1 < len(extents) and not text[slice(*extents[first])].strip():
        first += 1
    start, end = extents[first]
    at = _skip_blanks(text, _skip_tokens(text, start, end), end)
    title = _LEADING_TITLE.match(text, at, end)
    return _skip_blanks(text, _skip_tokens(text, title.end(), end), end) if title else at


def _skip_blanks(text: str, at: int, end: int) -> int:
    return at + len(text[at:end]) - len(text[at:end].lstrip())


def _body_end(text: str, extents: list[tuple[int, int]], last: int) -> int:
    while last + 1 < len(extents) and _continues_body(text[slice(*extents[last + 1])]):
        last += 1
    start, end = extents[last]
    stops = [match.end() for match in _ENDS.finditer(text, start, end)]
    if stops and stops[-1] < end:
        tail = text[stops[-1] : end]
        if (
            len(tail) < 200
            and not _HEADING.match(tail)
            and not re.search(r"[，,]", tail)
            and (_TOKEN.search(tail) or _SIGNED.match(tail))
        ):
            return stops[-1]
    return end


def _continues_body(line: str) -> bool:
    """Tell whether a line after the last prose belongs to the body: a short sentence or an enumerated item."""
    text = line.strip()
    return bool(text) and not is_furniture(line) and (text.endswith(("。", "；")) or bool(_HEADING.match(text)))
