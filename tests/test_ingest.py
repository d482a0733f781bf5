"""Reading files: what comes out, where it came from, and one clear line for what cannot be read."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi.clauses import clauses
from fazhi.errors import InputError
from fazhi.ingest import decoded_source, find, from_text, normalise, read
from fazhi.ingest.limits import Limits
from fazhi.offsets import OffsetMap

REPORT = (
    "澄溪县司法局2023年度法治政府建设情况报告\n\n来源：本网　发布时间：2024-01-18 09:30　浏览次数：57\n\n"
    "2023年，澄溪县司法局在县委、县政府的坚强领导下，坚持以习近平法治思想为指导，现将有关情况报告如下。\n"
    "一、主要举措和成效\n（一）规范行政复议。全年受理行政复议申请５７件，办结52件，纠错率１２．５％。\n"
    "（二）推进普法。举办“法治大讲堂”3期，培训执法人员126人次。\n"
    "二、存在的不足和原因\n一是部分干部运用法治思维的能力还不够强；二是基层执法力量薄弱。\n"
    "三、下一步工作安排\n加强执法培训，健全监督机制。\n\n澄溪县司法局\n2024年1月15日\n"
)


def holds(document, source: str, markup: bool = False) -> None:
    """Every clause of the clean text equals its stretches of the source up to the documented normalisation."""
    offsets = OffsetMap(document.alignment)
    for clause in clauses(document.text):
        if clause.start < clause.end:
            pieces = "".join(source[a:b] for a, b in offsets.pieces(clause.start, clause.end))
            assert normalise(pieces, markup) == normalise(document.text[clause.start : clause.end])


def test_a_text_report_becomes_a_document(tmp_path):
    path = tmp_path / "chengxi-2023.txt"
    path.write_text(REPORT, encoding="utf-8")
    document = read(path)
    assert document.id == "chengxi-2023"
    assert "受理行政复议申请57件" in document.text
    assert "纠错率12.5%" in document.text
    meta = document.meta
    assert (meta["title"], meta["issuer"], meta["year"]) == ("澄溪县司法局2023年度法治政府建设情况报告", "澄溪县司法局", 2023)
    assert (meta["issuer_kind"], meta["region"], meta["region_code"]) == ("department", "澄溪县", None)
    assert meta["published"] == "2024-01-18"
    assert (meta["encoding"], meta["format"], meta["source"]) == ("utf-8", "txt", str(path))
    start, end = meta["body"]
    assert document.text[start:end].startswith("2023年，澄溪县司法局在")
    assert document.text[start:end].rstrip().endswith("健全监督机制。")
    assert decoded_source(path) == REPORT
    holds(document, REPORT)


def test_every_field_says_where_it_stands(tmp_path):
    document = from_text(REPORT, "r")
    for name, place in document.meta["provenance"].items():
        assert 0 < place["confidence"] <= 1
        shown = document.text[place["start"] : place["end"]]
        assert normalise(REPORT[place["source_start"] : place["source_end"]]) == normalise(shown)
        if name in ("title", "issuer", "year"):
            assert "".join(shown.split()).startswith(str(document.meta[name]))


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("０９％．Ａz \u3000\xa0\u200b\r\n\t\x00，。"), max_size=80))
def test_cleaning_changes_nothing_but_what_the_normalisation_names(noise):
    source = noise + REPORT + noise
    document = from_text(source, "noise")
    assert normalise(source) == normalise(document.text)
    holds(document, source)
    offsets = OffsetMap(document.alignment)
    for at, char in enumerate(document.text):
        low, high = offsets.to_source(at, at + 1)
        assert high - low == 1 or source[low:high] == "\r\n"
        assert normalise(source[low:high]) == normalise(char) or not char.strip()


def test_lone_surrogates_and_nul_bytes_leave_a_text_that_can_be_written():
    document = from_text("\ud800甲\x00" + REPORT, "odd")
    json.loads(json.dumps(document.to_json(), ensure_ascii=False).encode("utf-8"))
    assert document.text.startswith("\ufffd甲澄溪")


def test_text_that_needs_no_cleaning_has_no_alignment():
    plain = REPORT.translate(str.maketrans("５７１２．％　", "5712.% "))
    assert from_text(plain, "plain").text == plain
    assert from_text(plain, "plain").alignment == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_told_apart(tmp_path, encoding):
    path = tmp_path / "r.txt"
    path.write_bytes(REPORT.encode(encoding))
    assert decoded_source(path) == REPORT


def test_big5_is_told_from_gbk(tmp_path):
    text = "依據條例規定，本府辦理行政訴願業務，本年度共受理訴願案件五十七件，審結五十二件，其餘案件刻正審議中。" * 5
    path = tmp_path / "r.txt"
    path.write_bytes(text.encode("big5"))
    assert decoded_source(path) == text


def test_a_wrong_declaration_is_not_believed(tmp_path):
    path = tmp_path / "r.html"
    page = f'<html><head><meta charset="utf-8"></head><body><p>{REPORT}</p></body></html>'
    path.write_bytes(page.encode("gb18030"))
    assert decoded_source(path) == page
    path.write_bytes(page.replace("utf-8", "gb2312").encode("utf-8"))
    assert "澄溪县司法局" in decoded_source(path)


def test_mixed_encodings_keep_what_can_be_read(tmp_path):
    path = tmp_path / "r.txt"
    path.write_bytes((REPORT * 3).encode("utf-8") + "来源：本网".encode("gbk"))
    assert "受理行政复议申请57件" in read(path).text


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b" \n\x00\x00", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 200, "picture"),
        (bytes(range(256)) * 40, "encoding"),
        (b"hello world, this is no report at all " * 20, "no Chinese"),
        ("只有一句话，不是报告。".encode(), "no report in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old Word"),
        (b"{\\rtf1\\ansi hello}", "RTF"),
    ],
)
def test_what_is_no_report_gets_one_line(tmp_path, content, what):
    path = tmp_path / "odd.bin"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "gone.txt")
    with pytest.raises(InputError, match="folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        find([tmp_path / "gone"])


def test_find_looks_into_folders(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".hidden.txt").write_text("x", encoding="utf-8")
    for name in ("b/2.html", "a.txt", "b/1.docx", "c", "style.css", "picture.png"):
        (tmp_path / name).write_text(REPORT, encoding="utf-8")
    (tmp_path / "blob").write_bytes(bytes(range(256)))
    found = find([tmp_path / "b" / "2.html", tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["b/2.html", "a.txt", "b/1.docx", "c"]


def test_real_spans_lie_in_the_body_and_lead_back(shared):
    for line in (shared / "gold" / "spans.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        document = from_text(raw["text"], raw["id"])
        holds(document, raw["text"])
        start, end = OffsetMap(document.alignment).to_source(*document.meta["body"])
        assert all(start <= a and b <= end for a, b, _ in raw["spans"])


@pytest.mark.parametrize(
    ("size", "limit", "told"),
    [
        (61_440, 0.05, "0.059 MB, the limit is 0.05"),
        (1_048_577, 1, "1.001 MB, the limit is 1"),
        (68 * 2**20, 64, "68 MB, the limit is 64"),
    ],
)
def test_a_size_is_told_so_that_it_is_above_the_limit(size, limit, told):
    with pytest.raises(InputError, match=f"the file has {re.escape(told)};"):
        Limits(megabytes=limit).check_size(size, "a.txt")
