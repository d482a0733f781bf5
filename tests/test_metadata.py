"""Metadata: every field by every rule that may find it, and null where nothing tells."""

from __future__ import annotations

import pytest

from fazhi.ingest import from_text
from fazhi.ingest.regions import ancestors, resolve, short, table

BODY = (
    "今年以来，在县委的坚强领导下，坚持以习近平法治思想为指导，扎实推进法治政府建设，现将有关情况报告如下。\n"
    "一、主要举措和成效\n受理行政复议申请57件，办结52件，培训执法人员126人次，发放宣传资料2100余份，化解矛盾纠纷318件。\n"
    "二、存在的不足\n部分干部运用法治思维的能力还不够强，基层执法力量薄弱。\n"
)


def meta(head: str, foot: str = "") -> dict:
    return dict(from_text(head + BODY + foot, "m").meta)


TITLED = {
    "澄溪县司法局2023年法治政府建设报告\n\n": ("澄溪县司法局2023年法治政府建设报告", "澄溪县司法局"),
    "澄溪县人民政府\n关于2023年度法治情况的报告\n\n": ("澄溪县人民政府关于2023年度法治情况的报告", "澄溪县人民政府"),
    "关于澄溪县2023年度推进依法行政\n建设法治政府工作情况的报告\n\n": (
        "关于澄溪县2023年度推进依法行政建设法治政府工作情况的报告",
        None,
    ),
    "中共澄溪县委 澄溪县人民政府\n2023年情况报告\n": (
        "中共澄溪县委 澄溪县人民政府2023年情况报告",
        "中共澄溪县委 澄溪县人民政府",
    ),
    "首页 > 公开\n标题：澄溪县青石镇2023年总结\n发文日期：2024-01-02\n": ("澄溪县青石镇2023年总结", "澄溪县青石镇"),
    "当前位置： 首页 澄溪县司法局2023年报告 时间：2024-01-02 浏览：5次 ": ("澄溪县司法局2023年报告", "澄溪县司法局"),
    "[ 索引号 ] CX01/2024 [ 文号 ] 无 澄溪县司法局2023年报告 ": ("澄溪县司法局2023年报告", "澄溪县司法局"),
    "澄溪县司法局2023年工作报告 ": ("澄溪县司法局2023年工作报告", "澄溪县司法局"),
    "": (None, None),
}


@pytest.mark.parametrize("head", TITLED)
def test_titles_and_issuers(head):
    found = meta(head)
    assert (found["title"], found["issuer"]) == TITLED[head]


@pytest.mark.parametrize(
    ("head", "foot", "year"),
    [
        ("澄溪县2023年工作报告\n", "", 2023),
        ("澄溪县二〇二二年工作报告\n", "", 2022),
        ("澄溪县2018年度工作总结和2019年工作计划\n", "", 2018),
        ("澄溪县工作报告\n发布时间：2024-01-18\n", "", 2023),
        ("澄溪县工作报告\n发布时间：2024-11-18\n", "", None),
        ("澄溪县工作报告\n", "", None),
        ("澄溪县2023法治政府建设工作总结\n", "", 2023),
        ("澄溪县工作报告\n发布时间：2024-11-18\n园区2009年获批。2024年，园区执法办案12件，调解纠纷8件，培训6次。\n", "", 2024),
        ("澄溪县工作报告\n发布时间：2024-11-18\n园区2009年获批，执法队伍2012年组建，近年来办案多件，调解纠纷。\n", "", None),
        ("澄溪县工作报告\n园区2009年获批。2024年，园区执法办案12件，调解纠纷8件，培训执法人员6次。\n", "", 2024),
        ("澄溪县工作报告\n受理数从2020年的52件，提高到2025年的74件，调解纠纷8件，培训执法人员6次。\n", "", 2025),
        ("澄溪县工作报告\n与2020年相比，受理数提高到74件，到2035年，法治政府基本建成，培训执法人员6次。\n", "", None),
        ("澄溪县工作报告\n落实《法治宣传规划（2021—2025年）》，2016年至2020年，调解纠纷8件，培训执法人员6次。\n", "", None),
        ("澄溪县整改通报\n发布时间：2024-11-18\n2023年4月17日，巡察组进驻，调解纠纷8件，培训执法人员6次。\n", "", None),
        ("澄溪县整改通报\n发布时间：2024-11-18\n2024年4月17日，巡察组进驻，调解纠纷8件，培训执法人员6次。\n", "", 2024),
        ("澄溪县工作报告\n发布时间：2024-02-18\n截至2023年12月31日，受理12件，调解纠纷8件，培训执法人员6次。\n", "", 2023),
        ("澄溪县工作报告\n发布时间：2024-02-18\n2023年1月至11月，受理12件，调解纠纷8件，培训执法人员6次。\n", "", 2023),
        (
            "澄溪县整改通报\n2024年4月17日，巡察组进驻，调解纠纷8件，培训执法人员6次，反馈情况。\n",
            "澄溪县政府\n2024年8月2日\n",
            2024,
        ),
        ("澄溪县整改通报\n2024年4月17日，巡察组进驻，调解纠纷8件，培训执法人员6次，反馈情况。\n", "", None),
        ("澄溪县国土调查通报\n发布时间：2024-02-18\n", "", None),
    ],
)
def test_the_year_covered_is_not_the_year_published(head, foot, year):
    assert meta(head, foot)["year"] == year


def test_kind_level_number_and_dates():
    found = meta(
        "首页>公开\n澄政字〔2024〕11号\n澄溪县人民政府关于2023年工作情况的报告\n2024-01-18 09:30\n\n",
        "\n澄溪县人民政府\n2024年1月12日\n",
    )
    assert (found["issuer_kind"], found["issuer_level"], found["region"]) == ("government", "county", "澄溪县")
    assert (found["doc_number"], found["published"]) == ("澄政字〔2024〕11号", "2024-01-18")
    assert found["provenance"]["issuer"]["confidence"] == 0.97


@pytest.mark.parametrize(
    ("issuer", "kind", "level"),
    [
        ("澄溪县青石镇人民政府", "town", "township"),
        ("澄溪区柳林街道办事处", "subdistrict", "township"),
        ("澄溪高新区管理委员会", "zone", None),
        ("澄溪县住房和城乡建设局", "department", "county"),
        ("中共澄溪县委 澄溪县人民政府", "party_government", "county"),
        ("河北省人民政府", "government", "province"),
    ],
)
def test_kinds(issuer, kind, level):
    found = meta(f"{issuer}2023年法治政府建设报告\n")
    assert (found["issuer"], found["issuer_kind"], found["issuer_level"]) == (issuer, kind, level)


def test_region_codes_are_given_only_without_doubt():
    assert resolve("清苑区", ()).code == "130608"
    assert resolve("鼓楼区", ()) is None
    assert resolve("鼓楼区", ("徐州市",)).code == "320302"
    assert resolve("鼓楼区", ("福州，徐州",)) is None
    assert resolve("澄溪县", ()) is None
    assert meta("南京市鼓楼区人民政府2023年工作报告\n")["region_code"] == "320106"
    assert meta("澄溪市鼓楼区人民政府2023年工作报告\n")["region_code"] is None


def test_the_table_of_divisions():
    regions = [region for same in table().values() for region in same]
    assert 3_700 < len(regions) < 4_200
    assert all(len(region.code) == 6 and region.code.isdecimal() for region in regions)
    assert sum(region.level == "province" and not region.former for region in regions) == 34
    assert ancestors(resolve("清苑区", ())) == ("河北省", "保定市")
    assert (short("广西壮族自治区"), short("河北省"), short("保定市")) == ("广西", "河北", "保定")
