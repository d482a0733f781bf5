"""Word, PDF and MHTML files: content, places, and their own kinds of trouble."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from fazhi.errors import InputError
from fazhi.ingest import decoded_source, normalise, read
from fazhi.ingest.limits import Limits
from fazhi.offsets import OffsetMap
from fazhi.structure import sections
from tests.document_files import WORD, mhtml, package, pdf, word, wrapped

TITLE = "澄溪县司法局2023年度法治政府建设情况报告"
PARAGRAPHS = [
    "2023年，澄溪县司法局在县委、县政府的坚强领导下，坚持以习近平法治思想为指导，扎实推进法治政府建设，现将有关情况报告如下。",
    "一、主要举措和成效",
    "（一）规范行政复议。全年收到行政复议申请61件，受理57件，办结52件，综合纠错率12.5%，出具行政复议建议书3份，均得到采纳并按期回复。",
    "（二）推进普法。举办“法治大讲堂”3期，培训执法人员126人次，发放宣传资料2100余份，制作短视频14条，覆盖群众1.2万人次。",
    "二、存在的不足和原因",
    "一是部分干部运用法治思维和法治方式开展工作的能力还不够强；二是基层执法力量较为薄弱，人员流动较快。",
    "三、下一步工作安排",
    "加强执法培训，健全监督机制，推进行政执法规范化建设，不断提升依法行政水平。",
]


def save(folder, name, raw):
    path = folder / name
    path.write_bytes(raw)
    return path


def leads_back(path, document):
    source, offsets = decoded_source(path), OffsetMap(document.alignment)
    for start in range(0, len(document.text), 7):
        end = min(len(document.text), start + 9)
        pieces = "".join(source[a:b] for a, b in offsets.pieces(start, end))
        assert normalise(pieces) == normalise(document.text[start:end])


def test_word(tmp_path):
    path = save(tmp_path, "报告.docx", word([TITLE, *PARAGRAPHS, "澄溪县司法局", "2024年1月15日"]))
    document = read(path)
    assert document.text == "\n".join([TITLE, *PARAGRAPHS, "澄溪县司法局", "2024年1月15日"])
    assert (document.id, document.meta["title"], document.meta["issuer"]) == ("报告", TITLE, "澄溪县司法局")
    assert [section.kind for section in sections(document.text)] == ["other", "results", "problems", "plan", "other"]
    leads_back(path, document)


def test_word_tables_numbers_and_changes(tmp_path):
    docx = pytest.importorskip("docx")
    made = docx.Document()
    for text in [TITLE, *PARAGRAPHS[:3]]:
        made.add_paragraph(text)
    table = made.add_table(rows=3, cols=3)
    for row, cells in zip(
        table.rows, [("指标", "受理（件）", "办结（件）"), ("行政复议", "57", "52"), ("法律援助", "318", "301")], strict=True
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    made.add_paragraph("加强队伍建设", style="List Number")
    made.add_paragraph("加强信息化建设", style="List Number")
    buffer = io.BytesIO()
    made.save(buffer)
    path = save(tmp_path, "t.docx", buffer.getvalue())
    document = read(path)
    assert "行政复议：受理57件，办结52件。\n法律援助：受理318件，办结301件。\n" in document.text
    assert document.text.endswith("1.加强队伍建设\n2.加强信息化建设")
    source = decoded_source(path)
    assert "指标\t受理（件）\t办结（件）\t\n行政复议\t57\t52\t\n" in source
    start = document.text.index("：受理57件") + 3
    low, high = OffsetMap(document.alignment).to_source(start, start + 3)
    assert source[low:high] == "57"


def test_deleted_text_fallbacks_and_text_boxes_of_word(tmp_path):
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in PARAGRAPHS)
    special = (
        "<w:p><w:ins><w:r><w:t>新增的一句。</w:t></w:r></w:ins><w:del><w:r><w:delText>删去的一句。</w:delText></w:r></w:del>"
        "<mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>文本框里的话。</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
        "<mc:Fallback><w:txbxContent><w:p><w:r><w:t>文本框里的话。</w:t></w:r></w:p></w:txbxContent></mc:Fallback>"
        "</mc:AlternateContent><w:r><w:t>前</w:t><w:br/><w:t>后</w:t></w:r></w:p>"
    )
    names = f'xmlns:w="{WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    path = save(tmp_path, "s.docx", package(f"<w:document {names}><w:body>{body}{special}</w:body></w:document>"))
    text = read(path).text
    assert text.endswith("新增的一句。前\n后\n文本框里的话。")
    assert "删去" not in text


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def test_a_report_inside_a_table_of_word_keeps_its_lines(tmp_path):
    lines = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in PARAGRAPHS)
    inner = "<w:tbl><w:tr>" + cell("复议") + cell("57") + "</w:tr><w:tr>" + cell("应诉") + cell("18") + "</w:tr></w:tbl>"
    body = f"<w:tbl><w:tr><w:tc>{lines}{inner}<w:p/></w:tc></w:tr></w:tbl>"
    path = save(tmp_path, "l.docx", package(f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'))
    document = read(path)
    assert document.text.split("\n") == [*PARAGRAPHS, "复议57。", "应诉18。"]
    assert decoded_source(path).count("复议\t57") == 1
    assert "results" in [section.kind for section in sections(document.text)]


def test_merged_headers_and_nested_tables_of_word(tmp_path):
    start, goes_on, two = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    nested = f"<w:tc><w:tbl><w:tr>{cell('一审')}{cell('18件')}</w:tr></w:tbl><w:p/></w:tc>"
    table = [
        cell("统计表", '<w:gridSpan w:val="4"/>'),
        cell("单位", start) + cell("行政处罚", two) + cell("检查（次）", start),
        cell("", goes_on) + cell("立案（件）") + cell("结案（件）") + cell("", goes_on),
        cell("市场监管局") + cell("126") + cell("118") + cell("2,301"),
        cell("司法局") + nested + cell("16") + cell("—"),
    ]
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in PARAGRAPHS)
    body += "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in table) + "</w:tbl>"
    hidden = "<w:p><w:r><w:t>完。</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>看不见</w:t></w:r></w:p>"
    path = save(tmp_path, "m.docx", package(f'<w:document xmlns:w="{WORD}"><w:body>{body}{hidden}</w:body></w:document>'))
    assert read(path).text.split("\n")[len(PARAGRAPHS) :] == [
        "统计表。",
        "市场监管局：行政处罚立案126件，行政处罚结案118件，检查2,301次。",
        "司法局：一审 18件，行政处罚结案16件，检查—。",
        "完。",
    ]


def test_pdf_joins_wrapped_lines_and_drops_running_heads(tmp_path):
    lines = [TITLE, *[line for text in PARAGRAPHS for line in wrapped("    " + text, 30)], "澄溪县司法局", "2024年1月15日"]
    pages = [lines[at : at + 7] for at in range(0, len(lines), 7)]
    made = pdf([["澄溪县司法局文件", *page, f"- {number} -"] for number, page in enumerate(pages, start=1)])
    path = save(tmp_path, "r.pdf", made)
    document = read(path)
    for text in [TITLE, *PARAGRAPHS]:
        assert text in document.text
    assert document.text.count("澄溪县司法局文件") == 1
    assert "- 2 -" not in document.text
    assert len(document.meta["pages"]) == len(pages)
    assert (document.meta["format"], document.meta["issuer"]) == ("pdf", "澄溪县司法局")
    assert [section.kind for section in sections(document.text)] == ["other", "results", "problems", "plan", "other"]
    leads_back(path, document)
    source = decoded_source(path)
    start = document.text.index("培训执法人员126人次")
    low, _ = OffsetMap(document.alignment).to_source(start, start + 4)
    page = sum(begin <= low for begin in document.meta["pages"])
    assert source.split("\f")[page - 1].replace("\r\n", "").count("培训执法人员") == 1


def test_mhtml(tmp_path):
    page = (
        f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>"
        + "".join(f"<p>{t}</p>" for t in PARAGRAPHS)
        + "</body></html>"
    )
    for charset in ("utf-8", "gb18030"):
        path = save(tmp_path, f"{charset}.mht", mhtml(page, charset))
        document = read(path)
        assert document.text == "\n".join([TITLE, *PARAGRAPHS])
        assert document.meta["format"] == "mhtml"
        assert decoded_source(path) == page


def test_the_content_decides_not_the_name(tmp_path):
    path = save(tmp_path, "wrong.txt", word([TITLE, *PARAGRAPHS]))
    assert read(path).meta["format"] == "docx"
    path = save(tmp_path, "wrong.docx", "\n".join([TITLE, *PARAGRAPHS]).encode())
    assert read(path).meta["format"] == "txt"


WHOLE = word([TITLE, *PARAGRAPHS])
ENTITIES = '<!DOCTYPE w [<!ENTITY a "很多"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (WHOLE[: len(WHOLE) // 2], "truncated zip"),
        (package("<not-xml"), "damaged Word file"),
        (package("<a/>", xl__workbook_xml="<x/>").replace(b"word/document.xml", b"woxx/document.xml"), "Excel file"),
        (word(["&b;&x;", *PARAGRAPHS], ENTITIES), "declares a document type"),
        (b"PK\x03\x04" + b"\x00" * 300, "truncated zip"),
        (pdf([["甲" * 30]])[:200], "truncated PDF"),
        (pdf([[]] * 3), "scanned PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + b"\0" * 99, "protected by a password"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Ty", "without a page"),
    ],
)
def test_damaged_and_foreign_files(tmp_path, raw, what):
    path = save(tmp_path, "odd", raw)
    with pytest.raises(InputError, match=what) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_encrypted_pdf(tmp_path):
    whole = pdf([["甲" * 30]])
    encrypted = whole.replace(
        b"trailer << ",
        b"trailer << /Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32
        + b"> >> /ID [<" + b"43" * 16 + b"> <" + b"43" * 16 + b">] ",
    )  # fmt: skip
    with pytest.raises(InputError, match="protected by a password"):
        read(save(tmp_path, "e.pdf", encrypted))


def test_limits_are_kept(tmp_path):
    bomb = package("<w:document/>", word__media__a_xml="\0" * 30_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(InputError, match=r"unpacked file has 28\.611 MB"):
        read(save(tmp_path, "bomb.docx", bomb), Limits(megabytes=10))
    with pytest.raises(InputError, match="3 pages, the limit is 2"):
        read(save(tmp_path, "p.pdf", pdf([["甲乙丙丁" * 5]] * 3)), Limits(pages=2))
    with pytest.raises(InputError, match=r"the limit is 0\.001"):
        read(save(tmp_path, "p.txt", b"a" * 2000), Limits(megabytes=0.001))
    with pytest.raises(InputError, match="longer than 0 seconds"):
        read(save(tmp_path, "t.docx", WHOLE), Limits(seconds=0))


def test_heavy_readers_are_loaded_only_for_their_files():
    code = (
        "import sys, fazhi.ingest; sys.exit(any(name in sys.modules for name in ('docx', 'pypdfium2', 'lxml', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
