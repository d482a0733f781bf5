"""The main text of web pages: thirty pages in five layouts with known content."""

from __future__ import annotations

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
