"""Sections by kind and enumerated items, in clean and in broken layouts."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fazhi.enumerators import numeral
from fazhi.ingest import from_text
from fazhi.structure import heading_kind, items, sections

BODY = [
    "2023年，澄溪县在县委的领导下，坚持以习近平法治思想为指导，现将有关情况报告如下。",
    "一、主要举措和成效",
    "（一）健全决策机制。印发重大行政决策目录，出具法律意见书21份。",
    "（二）规范行政执法。组织案卷评查2次，一是评查卷宗36件；二是通报问题14个。",
    "二、党政主要负责人履行推进法治建设第一责任人职责情况",
    "县委书记主持召开会议3次，县长听取汇报2次。",
    "三、存在的不足和原因",
    "一是部分干部法治意识不强；二是基层执法力量薄弱。",
    "四、2024年工作安排",
    "（一）加强学习培训，健全工作机制。（二）推进执法规范化建设。",
]
KINDS = ["other", "results", "leaders", "problems", "plan"]


def kinds(text: str) -> list[str]:
    return [section.kind for section in sections(text)]


@pytest.mark.parametrize("separator", ["\n", "\n\n　　", " ", "　", ""])
def test_sections_are_typed_in_every_layout(separator):
    text = separator.join(BODY)
    found = sections(text)
    assert [section.kind for section in found] == KINDS
    assert [text[section.start :][:2] for section in found[1:]] == ["一、", "二、", "三、", "四、"]
    assert found[1].heading == "主要举措和成效"


def test_numbers_may_repeat_skip_and_be_glued_to_their_text():
    text = "".join(BODY).replace("三、存在的不足和原因", "二、存在的不足和原因").replace("四、2024年", "六、2024年")
    assert kinds(text) == KINDS
    glued = "".join(BODY).replace("原因", "原因回顾一年来的工作，也还有不少短板：")
    assert kinds(glued) == KINDS


def test_a_section_of_problems_and_plan_is_cut_where_the_plan_begins():
    text = "\n".join(
        [*BODY[:4], "二、存在问题及下步打算", "一是执法力量薄弱；二是普法形式单一。", "下一步，我县将加强培训，创新形式。"]
    )
    found = sections(text)
    assert [section.kind for section in found] == ["other", "results", "problems", "plan"]
    assert text[found[-1].start :].startswith("下一步")


def test_a_body_without_headings_is_cut_by_its_content():
    text = (
        "澄溪县青石镇2023年法治政府建设工作总结\n"
        "2023年，青石镇召开会议3次，制定工作要点，开展普法宣传16场次，发放资料2100份，化解矛盾纠纷47件。\n"
        "镇综合行政执法队开展联合检查9次，发现问题31个，均已整改到位，群众满意度稳步提升。\n"
        "虽然取得了一定成效，但工作中还存在执法人员业务不熟、普法形式单一等不足。\n"
        "下一步，我镇将加强执法培训，推进普法进村入户。\n"
    )
    found = sections(text)
    assert [section.kind for section in found] == ["other", "results", "problems", "plan", "other"]
    assert text[found[2].start :].startswith("虽然")


def test_numerals_of_prose_are_no_headings():
    text = "\n".join(BODY).replace("出具法律", "完成第二、三阶段任务，推进一、二、三产业融合，出具法律")
    assert kinds(text) == KINDS


def test_a_plan_as_a_whole_document():
    text = "澄溪县2024年法治政府建设工作要点\n" + "\n".join(
        [
            "为做好全年工作，制定如下要点，请各单位认真贯彻执行。",
            "一、健全机制",
            "加强统筹协调。",
            "二、规范执法",
            "开展案卷评查。",
        ]
    )
    assert kinds(text) == ["other", "plan", "plan"]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("2023年推进法治政府建设的主要举措和成效", "results"),
        ("存在的主要问题和短板", "problems"),
        ("党政主要负责人履职情况", "leaders"),
        ("党政主要负责人履行推进法治建设第一责任人职责情况", "leaders"),
        ("存在的主要问题及改进措施", "mixed"),
        ("问题与打算", "mixed"),
        ("下步打算", "plan"),
        ("整改建议", "plan"),
        ("巡察反馈问题的整改情况", "results"),
        ("坚持问题导向，优化营商环境", "results"),
        ("年度工作要点落实情况", "results"),
        ("需要说明的其他事项", "other"),
    ],
)
def test_headings(heading, kind):
    assert heading_kind(heading) == kind


@given(
    st.lists(
        st.sampled_from([*BODY, "一、", "二、", "（一）", "1.", "①", "十、", "下一步，", "\n", " ", "。", "问题", "甲"]),
        max_size=25,
    )
)
@settings(max_examples=200)
def test_sections_cover_any_text_without_gap_or_overlap(parts):
    text = "".join(parts)
    found = sections(text)
    assert "".join(text[section.start : section.end] for section in found) == text
    assert all(section.start < section.end for section in found)
    for item in items(text):
        assert 0 <= item.start < item.end <= len(text)


def test_items_nest():
    text = "\n".join(BODY)
    found = {item.headline: item for item in items(text)}
    assert found["主要举措和成效"].level == 1
    assert found["规范行政执法"].level == 2
    inner = found["评查卷宗36件"]
    assert inner.level == 5
    assert found["规范行政执法"].start < inner.start < inner.end <= found["规范行政执法"].end
    assert "通报问题14个" in found
    assert text[inner.start : inner.end] == "一是评查卷宗36件；"
    assert found["部分干部法治意识不强"].end <= found["2024年工作安排"].start


def test_items_of_a_flattened_body_with_glued_markers():
    text = (
        "一、工作开展情况（一）学习宣传贯彻精神1.抓好学习。开展学习12次。2.抓好宣传。宣传覆盖300人次。"
        "（二）完善体系1.深化改革。取消证明事项9项。"
    )
    assert [item.marker for item in items(text)] == ["一、", "（一）", "1.", "2.", "（二）", "1."]


def test_decimals_and_references_are_no_items():
    text = "一、情况\n增长12.5%，依据第五条（二）项规定，占比3.6%。\n"
    assert [item.marker for item in items(text)] == ["一、"]


@pytest.mark.parametrize(
    ("text", "value"), [("一", 1), ("十", 10), ("十二", 12), ("二十三", 23), ("12", 12), ("⑫", 12), ("第三部分", 3)]
)
def test_numerals(text, value):
    assert numeral(text) == value


REAL = {
    "heping-justice-2024": "other results results results problems plan other",
    "junshan-area-2022": "other results problems plan other",
    "market-supervision-2017": "other results results results problems plan other",
    "market-supervision-2018": "other results results results problems plan other",
    "shangdang-district-2024": "other results problems leaders results plan other",
}


def test_real_reports(shared):
    """The kinds were read off the headings of the five reports by hand."""
    for line in (shared / "gold" / "spans.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        document = from_text(raw["text"], raw["id"])
        assert " ".join(kinds(document.text)) == REAL[raw["id"]]
        headings = [section.heading for section in sections(document.text) if section.heading]
        numbered = re.findall(r"(?:^|[。；：\s])[一二三四五六]、", document.text)
        assert len(headings) <= len(numbered)


def test_headings_without_numbers_on_lines_of_their_own():
    text = (
        "2024年，澄溪县扎实推进法治政府建设，现将有关情况报告如下。\n主要举措和成效\n审查合同126份，提出法律意见312条，备案文件8件。\n"
        "存在的问题\n部分干部法治思维不强，基层执法力量薄弱，规范化水平有待提高。\n2025年工作打算\n组织执法培训不少于4期。\n规范涉企检查。\n澄溪县司法局\n"
    )
    assert [(section.kind, section.heading) for section in sections(text)][:4] == [
        ("other", ""),
        ("results", "主要举措和成效"),
        ("problems", "存在的问题"),
        ("plan", "2025年工作打算"),
    ]
    assert sections(text)[4].kind == "other"
