"""Units of the genre and the kind of quantity that each stands for.

``件次`` and its like (a count of cases and of turns at once) are units of their own: they are not ``件``. Area, length,
weight and power are kind ``count``: the formats page knows no other kind for what is simply measured.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


MONEY = _words("元人民币 人民币 新台币 新加坡元 美元 港元 港币 欧元 日元 英镑 元")
DURATION = _words(
    """
    个工作日 工作日 个小时 小时 学时 课时 分钟 秒 个月 天 日 个星期 星期 周 个年度 年度 年 个季度 季度
    """
)
POINTS = ("个百分点", "百分点")
PERCENT = ("%", "‰")
_TURNS = _words(
    """
    人 件 家 场 篇 批 户 车 班 艘 辆 台 架 项 个 点 份 例 宗 队 期 条 起 所 处 支 亩 卷 天 航 村 店
    """
)
_MEASURED = _words(
    """
    平方公里 平方千米 平方米 ㎡ m2 m² 立方米 m3 m³ 立方 公里 千米 km 米 厘米 毫米 公顷 亩 吨标准煤 吨 公斤 千克 kg 斤 克
    微克 升 千伏安 千伏 千瓦时 千瓦 兆瓦 瓦 度 马力 标箱 标准箱 TB GB MB GWh MW 皮长公里 平方 m t 岁 周岁 摄氏度 ℃
    """
)
_CLASSIFIERS = _words(
    """
    件套 台套 人份 公里次 次 件 个 人 名 家 份 条 项 起 宗 户 场 期 批 篇 处 位 册 本 支 套 张 辆 台 座 栋 幢 间 所 艘 只 头 匹
    羽 株 棵 枚 块 面 幅 部 门 节 堂 讲 集 档 类 种 大类 大项 小项 子项 级 届 轮 步 笔 宅 村 社区 镇 乡 县 市 省 国 站 点
    线 路 站点 网格 组 队 班 对 副 枝 粒 根 袋 箱 桶 瓶 筐 盒 包 盆 顶 盏 卷 宗地 地块 片 段 道 口 眼 厅 室 床 张床位 学位
    床位 岗 票 字 页 版 版次 号 帧 通 封 首 部次 例 例次 桩 窝 列 列次 趟 架 航次 航班 站次 街道 机构 单位 枪 发 式 师 则
    句 席 学段 平台 标段 代 亚型 型 星 个次 款
    """
)
KINDS: dict[str, str] = {
    **dict.fromkeys([*_CLASSIFIERS, *_MEASURED, *(f"{noun}次" for noun in _TURNS)], "count"),
    **dict.fromkeys(MONEY, "money"),
    **dict.fromkeys(DURATION, "duration"),
    **dict.fromkeys(POINTS, "points"),
    **dict.fromkeys(PERCENT, "percent"),
    "分": "score",
    "倍": "multiple",
    "成": "percent",
}
"""Every known unit and its kind of quantity."""

CANONICAL = {
    **{f"{noun}{sign}": f"{noun}次" for noun in _TURNS for sign in ("(次)", "/次", "·次")},
    "百分点": "个百分点",
    "元人民币": "元",
    "人民币": "元",
    "港币": "港元",
    "个工作日": "工作日",
    "个小时": "小时",
    "平方": "平方米",
    "平米": "平方米",
    "m2": "㎡",
    "m²": "㎡",
    "m3": "立方米",
    "m³": "立方米",
}
"""Spellings of a unit that are written in one way."""

_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORBIDDEN_NEXT = {
    "m": _LATIN + "0123456789²³",
    "t": _LATIN,
    "分": "钟之别类局管行析支公解层布",
    "成": "立功员果效为本交品熟长年片套了就人",
    "日": "常均报前益程",
    "天": "然津",
    "年": "级龄轻终货",
    "周": "边年到转密",
    "度": "假过",
    "人": "民大均口才员力社工行事身",
    "部": "门署委队",
    "点": "位上",
    "发": "放布现展生送出挥",
    "式": "样",
    "面": "向对临积",
    "道": "路德",
    "线": "上下",
    "口": "头",
    "级": "别",
    "号": "召",
    "组": "织建成",
    "队": "伍",
    "节": "约能",
    "通": "过报知",
    "首": "次批位",
    "对": "比",
    "单位": "面",
    "片": "区",
    "站": "位",
    "路": "径",
    "班": "子",
    "包": "括",
    "市": "场",
    "省": "级",
    "县": "级",
    "国": "家",
    "升": "级",
    "室": "内外",
    "页": "面",
    "师": "资",
    "代": "表",
    "星": "级",
    "字": "号",
    "版": "权",
    "段": "落",
    "列": "入出为席",
    "则": "为",
    "门": "诊",
    "讲": "解",
    "档": "案",
}
"""Characters after a unit that make it part of another word (``3分钟`` is no score, ``5成立`` no tenth)."""
