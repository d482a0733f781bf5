"""The main text of web pages: thirty pages in five layouts with known content."""

from __future__ import annotations

import re

import pytest

from fazhi.ingest import decoded_source, normalise, read
from fazhi.ingest.furniture import is_furniture
from fazhi.offsets import OffsetMap
from fazhi.structure import sections
from tests.government_pages import LAYOUTS, ROWS, Page, corpus_reports, matched, pages


@pytest.fixture(scope="module")
def thirty_pages() -> list[Page]:
    reports = corpus_reports()
    if len(reports) < 6:
        pytest.skip("the corpus data/reports is not in this checkout")
    return list(pages(reports))


def test_main_text_is_whole_and_clean(thirty_pages, tmp_path):
    """Precision and recall of characters at least 0.999 on every page; headers of a table that repeat count as surplus."""
    assert len(thirty_pages) == 30
    for page in thirty_pages:
        path = tmp_path / f"{page.name}.html"
        path.write_bytes(page.raw)
        text = read(path).text
        common = matched(text, page.main)
        least = 0.97 if page.name.startswith("ucap") else 0.999
        assert common / len("".join(page.main.split())) >= least + 0.01 * (least < 0.98), page.name
        assert common / len("".join(text.split())) >= least, page.name
        assert not [word for word in page.furniture if word in text and word not in page.main], page.name


def test_pages_keep_their_metadata_and_places(thirty_pages, tmp_path):
    for page in thirty_pages:
        path = tmp_path / f"{page.name}.html"
        path.write_bytes(page.raw)
        document, source = read(path), decoded_source(path)
        assert document.meta["title"] == page.title
        assert document.meta["published"] == ("2018-01-12" if page.name.startswith("tables") else "2024-01-18")
        assert [section.kind for section in sections(document.text)].count("results") >= 1
        offsets = OffsetMap(document.alignment)
        for line in document.text.split("\n"):
            start = document.text.index(line)
            parts = offsets.pieces(start, start + len(line)) if line else []
            if any(cell in line for row in ROWS for cell in row[1:]):
                continue
            assert normalise("".join(source[a:b] for a, b in parts), markup=True) == normalise(line)


def test_a_table_becomes_clauses_with_its_headers(thirty_pages, tmp_path):
    page = next(page for page in thirty_pages if page.name.startswith("ucap"))
    path = tmp_path / "t.html"
    path.write_bytes(page.raw)
    assert "行政复议：受理57件，办结52件。" in read(path).text


def test_there_are_five_layouts(thirty_pages):
    assert {page.name.split("-")[0] for page in thirty_pages} == set(LAYOUTS)


@pytest.mark.parametrize(
    "line",
    [
        "（一）企业注册登记便利化",
        "2.用好微信公众号等新媒体",
        "（三）主动公开相关信息",
        "三、打印设备等政府采购情况",
        "（四）关闭非法采砂场",
        "1.手机客户端办理事项",
        "（五）推广二维码“扫码入企”",
        "57",
        "首先是加强学习",
        "附件一所列任务全部完成。",
        "中心城区综合执法改革",
        "建议使用行政处罚裁量基准。",
        "地址管理更加规范，电话回访320次。",
    ],
)
def test_lines_of_a_report_that_look_a_little_like_furniture_stay(line):
    assert not is_furniture(line)


@pytest.mark.parametrize(
    "line",
    [
        "当前位置：首页 > 政务公开 > 法治政府建设",
        "您现在的位置：首页>>信息公开>>正文",
        "发布时间：2024-01-18 09:30  来源：县司法局  浏览次数：57",
        "【字体：大 中 小】",
        "【打印本页】【关闭窗口】",
        "分享到：微信 微博",
        "扫一扫在手机打开当前页",
        "上一篇：关于开展推选活动的通知",
        "相关链接",
        "附件：2023年工作台账.xlsx",
        "附件【报告.pdf】已下载12次",
        "主办单位：澄溪县人民政府办公室　网站标识码：0000000000",
        "冀ICP备00000000号",
        "第 3 页 共 10 页",
        "- 3 -",
        "【打印正文】",
        "（责任编辑：王某）",
        "查看更多",
        "版权所有：澄溪县人民政府，未经授权，禁止转载。",
        "建议使用1024×768分辨率，IE8.0以上版本浏览器，以获得最佳浏览效果。",
        "地址：澄溪县人民路1号 邮编：050000 联系电话：0000-12345678",
        "",
    ],
)
def test_furniture_goes(line):
    assert is_furniture(line)


REPORT = [
    "2023年，澄溪县司法局扎实推进法治政府建设，受理行政复议申请57件，办结52件。",
    "（一）企业注册登记便利化",
    "培训执法人员126人次，发放宣传资料2100余份，化解矛盾纠纷318件，群众满意度稳步提升。",
    "下一步，我局将加强执法培训，健全监督机制，推进行政执法规范化建设。",
]


def read_page(tmp_path, body: str) -> str:
    path = tmp_path / "p.html"
    path.write_text(f"<html><head><title>澄溪县司法局2023年报告</title></head><body>{body}</body></html>", encoding="utf-8")
    return read(path).text


LINKS = "".join(f"<li><a href={at}>县政府召开第{at}次常务会议，研究部署安全生产和防汛抗旱工作</a></li>" for at in range(30))
LINES_DIV = "".join(f"<div>{line}</div>" for line in REPORT)
HALVES = "".join(
    f"<div class=a{at}>" + "".join(f"<div>{line}</div>" for line in REPORT[at : at + 2]) + "</div>" for at in (0, 2)
)


@pytest.mark.parametrize(
    "body",
    [
        f"<ul>{LINKS}</ul>{LINES_DIV}<ul>{LINKS}</ul>",
        f"<div class=content><div class=side><ul>{LINKS}</ul></div><div class=zoom>{LINES_DIV}</div></div>",
        f"<table><tr><td><ul>{LINKS}</ul></td><td><table><tr><td>{LINES_DIV}</td></tr></table></td></tr></table>",
        "<pre>" + "\n".join(REPORT) + "</pre>",
        f"<div>{HALVES}</div>",
        "<div class=position>" + LINES_DIV + "</div>",
        "<div id=print-share-content>" + "".join(f"<p class=hidden-xs>{line}</p>" for line in REPORT) + "</div>",
        "<span>" + "<br>".join(REPORT) + "</span>",
        "<form><fieldset>" + LINES_DIV + "</fieldset></form>",
        "<textarea>不是正文</textarea><iframe src=x></iframe><noscript>请开启脚本</noscript>" + LINES_DIV,
    ],
    ids=[
        "bare",
        "sidebar inside",
        "tables without names",
        "pre",
        "two halves",
        "odd name",
        "odd names",
        "breaks",
        "form",
        "scripts off",
    ],
)
def test_odd_layouts_lose_nothing(tmp_path, body):
    assert read_page(tmp_path, body).split("\n") == ["澄溪县司法局2023年报告", *REPORT]


def test_a_report_with_a_table_longer_than_its_text_is_kept_whole(tmp_path):
    rows = "".join(f"<tr><td>指标名称之{at}</td><td>{at}</td></tr>" for at in range(300))
    text = read_page(tmp_path, f"<div class=content>{LINES_DIV}<table>{rows}</table></div>")
    assert all(line in text for line in REPORT)
    assert "指标名称之7：7" in text or "指标名称之77。" in text


MENU = "<div>" + "".join(f"<a href={at}>{word}</a>" for at, word in enumerate(["首页", "政务公开", "办事服务"])) + "</div>"


def test_a_short_menu_and_the_foot_of_a_page_without_names_go(tmp_path):
    foot = "<div><p>版权所有：澄溪县人民政府，未经授权，禁止转载。</p><p>地址：人民路1号 邮编：050000 电话：0000-1234</p></div>"
    assert read_page(tmp_path, f"{MENU}<div>{HALVES}</div>{foot}").split("\n") == ["澄溪县司法局2023年报告", *REPORT]


def rows(*written: str) -> str:
    """Write table rows; ``text^2`` spans two columns, ``text_2`` two rows."""
    cells = [[re.sub(r"(.*?)(?:\^(\d))?(?:_(\d))?$", _cell, cell, count=1) for cell in row.split("|")] for row in written]
    return "".join("<tr>" + "".join(row) + "</tr>" for row in cells)


def _cell(match: re.Match[str]) -> str:
    return f"<td colspan={match[2] or 1} rowspan={match[3] or 1}>{match[1]}</td>"


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (
            ["单位_2|行政处罚^2|行政检查（次）_2", "立案（件）|结案（件）", "市场监管局|126|118|2,301", "合计|214|198|3,321"],
            [
                "市场监管局：行政处罚立案126件，行政处罚结案118件，行政检查2,301次。",
                "合计：行政处罚立案214件，行政处罚结案198件，行政检查3,321次。",
            ],
        ),
        (["执法统计表^3", "指标|受理（件）|办结（件）", "复议|57|52"], ["执法统计表。", "复议：受理57件，办结52件。"]),
        (["序号|单位|案件（件）|罚款（万元）", "1|交通局|88|12.5"], ["交通局：案件88件，罚款12.5万元。"]),
        (["序号|指标|单位|数值", "1|化解纠纷|件|318", "2|援助|人次|146"], ["化解纠纷318件。", "援助146人次。"]),
        (["|2023年|2024年|增幅", "复议（件）|48|57|18.8%"], ["复议（件）：2023年48件，2024年57件，增幅18.8%。"]),
        (["成立时间|2023年", "人数|57"], ["成立时间2023年。", "人数57。"]),
        (["单位|数值", "县司法局|12", "县公安局|30"], ["县司法局12。", "县公安局30。"]),
    ],
    ids=["two header rows", "caption", "organs", "units", "years", "a year", "organs alone"],
)
def test_headers_of_tables(tmp_path, table, lines):
    text = read_page(tmp_path, f"{LINES_DIV}<table>{rows(*table)}</table>")
    assert text.split("\n")[len(REPORT) + 1 :] == lines
