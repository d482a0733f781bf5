"""Page furniture: the lines and tokens of a saved page that are no part of the report.

``is_furniture`` is strict, because what it names is dropped from web pages: a line counts only when all of it is furniture, so
that no heading goes (``（一）企业注册登记便利化``). ``TOKEN`` and ``is_head_furniture`` are lenient: they only help to see
where the report begins in text that stays as it is.
"""

from __future__ import annotations

import re

DATE = (
    r"(?:(?:19|20)\d\d\s*年\s*\d{1,2}\s*月\s*(?:\d{1,2}\s*日)?"
    r"|(?:19|20)\d\d\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,2}(?!\d))"
)
TIME = rf"{DATE}(?:\s*\d{{1,2}}:\d\d(?::\d\d)?)?"
FIELD = (
    "索\\s*引\\s*号|信息索引|主\\s*题\\s*分\\s*类|体\\s*裁\\s*分\\s*类|组配分类|服务对象|信息分类|信息类别|公开类别|公开方式|公开形式|公开时限"
    "|公开范围|公开责任部门|公开目录|发\\s*布\\s*机\\s*构|发\\s*文\\s*机\\s*[关构]|发文单位|发布单位|发布部门|制发机关|成\\s*文\\s*日\\s*期|生成日期|发文日期|发文时间"
    "|发\\s*布\\s*日\\s*期|发布时间|公开日期|公开时间|实施日期|失效日期|废止日期|更新时间|发\\s*文\\s*字\\s*号|文\\s*号|有\\s*效\\s*性|效力状态|主\\s*题\\s*词|关\\s*键\\s*词"
    "|名\\s*称|标\\s*题|主\\s*题|内容概述|信息来源|稿件来源|来\\s*源|作\\s*者|编\\s*辑|责任编辑|审\\s*核|撰稿|浏览次数|浏览量|浏览|阅读次数|阅读量|阅读|点击数|点击量|点击"
    "|访问量|时\\s*间|日\\s*期|栏\\s*目|原文链接|本地目录|字体大小|字体|字号|分享到|分享至|分享"
)
_BUTTON = (
    "(?:我要)?打印(?:本页|此页|该页|页面|本文|全文|正文|文章)?|关闭(?:本页|窗口|页面|此页)?|(?:加入)?收藏(?:本页|此页)?|(?:我要)?纠错|设为首页|返回(?:顶部|首页|列表|上级)?"
    "|无障碍(?:阅读|浏览)?|长者模式|适老(?:模式|化)|繁[体體](?:中文|版)?|简体(?:中文|版)?|登录|注册|朗读|语音播报|(?:附件|文件)?下载|全真版|文字版|保存为word"
    "|字体(?:大小)?|字号|大|中|小|分享(?:到|至)?|微信公众号|微信|微博|QQ空间|QQ好友|新浪微博|腾讯微博|人人网|移动客户端|客户端|手机版|电脑版|网站地图|联系我们"
    "|关于我们|使用帮助|网站声明|隐私声明|(?:查看)?更多|阅读全文|网站首页|首页|English|RSS"
)
TOKEN = re.compile(
    rf"""(?:
      (?:当前位置|您(?:现在)?的?位置|你的位置|所在位置)(?:是)?[:：]\s*[^\s。]{{0,160}}(?:\s*[>＞»/]\s*[^\s。]{{1,40}})*
    | (?:{FIELD})\s*[:：]\s*(?:{TIME}|\d+\s*次?(?=\s|$)|[^\s，。；:：]{{0,90}}(?=\s|$))
    | [【\[]\s*(?:{FIELD})\s*[】\]]\s*[^\s，。；]{{0,60}}(?=\s|$)
    | [【\[（(]\s*(?:字体|字号|大|中|小|我?要?打印|关闭|收藏|纠错|返回顶部)[^】\]）)\n]{{0,16}}[】\]）)]
    | 微信|微博|QQ空间|新浪微博|腾讯微博|人人网|全真版|文字版|文件下载|附件下载|相关链接[:：]?
    | 保存为word|打印本页|关闭窗口|打印此页|我要纠错|返回顶部
    | (?<![\u4e00-\u9fff])(?:打印|关闭|收藏|朗读|大|中|小|纠错|下载)(?![\u4e00-\u9fff])
    | -->|[|│]|>{{1,2}}|={{6,}}[^=\n]{{0,20}}={{6,}}|{TIME}(?=\s|$)
    )""",
    re.VERBOSE,
)
_LINE = re.compile(
    rf"""\s*(?:
      (?:当前位置|您(?:现在|当前)?的?位置|你的位置|所在位置).*
    | [^，。；]{{0,12}}首\s*页\s*(?:[>＞»/\\-]|&gt;)[^。；]*
    | [（(【\[]?(?:{FIELD})\s*[:：][^，。；]{{0,120}}
    | (?:联系)?地址\s*[:：][^，。；]{{2,60}}(?:邮编|邮政编码|电话)\s*[:：][^。；]*
    | (?:上一|下一)[篇条则]\s*[:：]?.*
    | (?:相关(?:链接|文章|新闻|文件|信息|阅读|推荐|解读|稿件|附件)|推荐阅读|友情链接|热点查询|热点新闻)(?:\s*[:：].*)?
    | .{{0,24}}(?:主办(?:单位)?|承办(?:单位)?|技术支持|网站标识码)\s*[:：][^。]*
    | .{{0,40}}(?:版权所有|备\d{{4,}}号|ICP备|公网安备)[^。]*
    | (?:用?手机)?(?:扫一扫|扫描(?:下方|左侧|右侧)?二维码)[^，。；]{{0,40}}
    | 附\s*件\s*(?:下载)?\s*\d{{0,2}}\s*(?:[:：【][^。；]{{0,90}})?
    | [^，。；]{{0,60}}\.(?:docx?|pdf|xlsx?|wps|zip|rar|ofd|jpg|png)\s*(?:[(（].{{0,12}}[)）])?(?:下载|已下载\S{{0,8}})?
    | 今天是.{{0,30}}|页面链接与图片详见.*|={{6,}}.*|已下载\s*\d+\s*次
    | 第\s*\d+\s*页(?:\s*[/,，]?\s*共\s*\d+\s*页)?|[-—–]\s*\d+\s*[-—–]
    | (?>[\s|│·>＞»/:：【】\[\]（）()=_*+—–-]|{_BUTTON})*+
    )\s*""",
    re.VERBOSE,
)
_NOTICE = re.compile(
    r"版权所有.{0,80}|(?:建议|推荐|请)使用.{0,30}(?:分辨率|浏览器).{0,60}|未经.{0,12}(?:授权|许可).{0,40}转载.{0,20}"
)
"""Sentences in a site's foot."""
_HEAD_LINE = re.compile(r"\s*(?:索引号|发文机关|发文字号|标题|主题分类|名称)[^，。；]{0,120}\s*")
_PROSE = re.compile(r"[，。；,]")
_MAX_LINE = 160


def is_furniture(line: str) -> bool:
    """Tell whether a whole line is page furniture or blank.

    It is a notice of a site's foot, or short, without a sentence, and nothing but known patterns.
    """
    text = line.strip()
    if _NOTICE.fullmatch(text):
        return True
    if len(text) > _MAX_LINE or text.endswith(("。", "；", "，")):
        return not text
    return bool(_LINE.fullmatch(text))


def is_head_furniture(line: str) -> bool:
    """Tell whether a line before a report is furniture; index tables whose colons were lost count too."""
    return is_furniture(line) or bool(_HEAD_LINE.fullmatch(line))


def skip_tokens(text: str, start: int, end: int) -> int:
    """Return where prose begins in ``text[start:end]`` after a run of furniture tokens with gaps that hold no sentence."""
    at = start
    for match in TOKEN.finditer(text, start, min(end, start + _LONGEST_RUN)):
        gap = text[at : match.start()]
        if len(gap) > _LONGEST_GAP or _PROSE.search(gap):
            break
        at = match.end()
    return at


_LONGEST_RUN = 1500
_LONGEST_GAP = 90
