"""Hostile and broken input: bombs, references, floods of files, random damage. Nothing crashes, hangs or goes out."""

from __future__ import annotations

import json
import random
import re
import socket
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fazhi.cli import app
from fazhi.errors import FazhiError
from fazhi.ingest import decoded_source, normalise, read
from fazhi.ingest.limits import Limits
from fazhi.offsets import OffsetMap
from fazhi.structure import items, sections
from tests.document_files import WORD, mhtml, package, pdf, word

SENTENCE = "2023年，澄溪县司法局扎实推进法治政府建设，受理行政复议申请57件，办结52件，培训执法人员126人次。"
TITLE = "澄溪县司法局2023年度法治政府建设情况报告"
LINES = [TITLE, SENTENCE, "一、主要举措和成效", SENTENCE, "二、存在的不足", "基层执法力量薄弱。"]
PAGE = "<html><head><title>报告</title></head><body>" + "".join(f"<p>{line}</p>" for line in LINES) + "</body></html>"
GOOD = {
    "txt": "\n".join(LINES).encode(),
    "html": PAGE.encode("gb18030"),
    "mhtml": mhtml(PAGE),
    "docx": word(LINES),
    "pdf": pdf([LINES]),
}


def save(folder, raw, name="x"):
    path = folder / name
    path.write_bytes(raw)
    return path


BODY = "".join(f"<p>{line}</p>" for line in LINES * 2)
BOMBS = {
    "deep": "<div>" * 8_000 + BODY + "</div>" * 8_000,
    "deep inline": "<b><i><a href=x>" * 4_000 + BODY,
    "formatting": "".join(f"<font class={at}>" for at in range(4_000)) + "<p>" * 2_000 + BODY,
    "nested tables": "<table><tr><td>" * 2_000 + BODY,
    "spans": BODY + "<table>" + "<tr><td rowspan=99999 colspan=99999>甲</td><td>1</td></tr>" * 300 + "</table>",
    "unclosed quotes": BODY + "<a b='" * 20_000 + '<a b="' * 20_000,
    "unclosed raw": BODY + "<svg>" * 20_000 + "<math>" * 20_000,
    "end tags": BODY + "</script " * 20_000 + "<script>" + "</script " * 20_000,
    "comments": BODY + "<!--" * 50_000,
    "brackets": BODY + "<" * 200_000,
    "ampersands": BODY + "&" * 100_000 + "&#99999999999;&#xD800;&#0;" * 1000,
    "blanks": BODY + "<a" + " " * 200_000 + ">",
    "rows": BODY
    + "<table>"
    + "".join(f"<tr><td>指标{at}</td><td>{at}</td><td>{at}</td></tr>" for at in range(1_000))
    + "</table>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_html_bombs_are_read_in_linear_time(tmp_path, name):
    start = time.process_time()
    text = read(save(tmp_path, f"<!DOCTYPE html><body>{BOMBS[name]}".encode())).text
    assert time.process_time() - start < 30
    assert SENTENCE in text


FLOODS = {
    "lines": "\n" * 100_000,
    "blanks": " " * 100_000,
    "brackets": "（" * 50_000 + "\n",
    "organs": "局" * 50_000 + "\n",
    "fields": "来源：" * 20_000,
    "dates": "2023年1月" * 20_000,
    "numerals": "一、" * 20_000,
    "titles": "报告 " * 20_000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_text_bombs_are_read_in_linear_time(tmp_path, name):
    start = time.process_time()
    document = read(save(tmp_path, (FLOODS[name] + "\n".join(LINES)).encode()))
    assert sections(document.text)
    assert time.process_time() - start < 30


def test_five_hundred_pages_of_tables(tmp_path):
    pages = [[f"指标{page}-{at}　{at}　{at * 2}件" for at in range(30)] for page in range(500)]
    text = read(save(tmp_path, pdf(pages))).text
    assert text.split("\n") == [line.replace("　", " ") for lines in pages for line in lines]


def test_entities_are_not_expanded_and_references_not_fetched(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    secret = save(tmp_path, "机密内容，不应读出。".encode(), "secret.txt")
    page = (
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "很多很多"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "{secret}">]>'
        f'<html><head><link rel="stylesheet" href="http://127.0.0.1:9/a.css"><base href="http://127.0.0.1:9/"></head><body>'
        f'<img src="http://127.0.0.1:9/a.png"><iframe src="file://{secret}"></iframe><object data="{secret}"></object>'
        f"&b;&x;{BODY}</body></html>"
    )
    for raw in (page.encode(), mhtml(page)):
        text = read(save(tmp_path, raw)).text
        assert "很多很多" not in text
        assert "机密" not in text
    schema = "http://schemas.openxmlformats.org"
    relations = (
        f'<Relationships xmlns="{schema}/package/2006/relationships"><Relationship Id="r1" TargetMode="External" '
        f'Type="{schema}/officeDocument/2006/relationships/attachedTemplate" Target="http://127.0.0.1:9/t.dotm"/></Relationships>'
    )
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in LINES * 2)
    xml = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    assert SENTENCE in read(save(tmp_path, package(xml, word___rels__document_xml_rels=relations))).text


def test_an_archive_that_lies_about_its_size(tmp_path):
    raw = bytearray(package(f'<w:document xmlns:w="{WORD}"><w:body/></w:document>', word__big_xml="甲" * 5_000_000))
    place = raw.rfind(b"PK\x01\x02", 0, raw.rfind(b"word/big.xml"))
    raw[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    with pytest.raises(FazhiError):
        read(save(tmp_path, bytes(raw)), Limits(megabytes=1))


SCRAPS = (b"\x00", b"<", b"<table>", b"&#x", b"\xff\xfe", b"</td>", "一、".encode(), b"PK\x03\x04", b"%PDF-")


def damaged(raw: bytes, seed: int) -> bytes:
    """Damage bytes at random: flips, cuts, repeats, insertions."""
    chance, out = random.Random(seed), bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(out):
            out[at] = chance.randrange(256)
        elif kind == 1:
            del out[at : at + chance.randint(1, 200)]
        else:
            out[at:at] = out[at : at + chance.randint(1, 300)] if kind == 2 else chance.choice(SCRAPS)
    return bytes(out)


@given(kind=st.sampled_from(sorted(GOOD)), seed=st.integers(0, 2**32))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_give_a_document_or_one_clear_error(tmp_path, kind, seed):
    path = save(tmp_path, damaged(GOOD[kind], seed))
    document, error = read_or_error(path)
    if document is None:
        assert str(path) in error
        assert "\n" not in error
    else:
        check(document, decoded_source(path))


def read_or_error(path):
    """Return the document and no error, or no document and the error's message."""
    try:
        return read(path), ""
    except FazhiError as error:
        return None, str(error)


TAGS = re.findall(r"\S+", "<p> </p> <table> <tr> <td> </td> <br> </a> <div> </div> <b> <li> &nbsp; <!-- --> <script> </script>")
MARKUP = (*TAGS, "<th colspan=3>", "<a href=x>", "57", "件", "受理", "。", "５", "%", "\n", " ", "　")


@given(st.lists(st.sampled_from(MARKUP), max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_markup_keeps_its_places(tmp_path, parts):
    path = save(tmp_path, ("<html><body>" + BODY + "".join(parts) + BODY + "</body></html>").encode())
    document, source = read(path), decoded_source(path)
    check(document, source)
    copied = [pair for start in range(len(document.text)) for pair in OffsetMap(document.alignment).pieces(start, start + 1)]
    assert all(a < b for a, b in copied)
    for clause in ("办结52件", "培训执法人员126人次"):
        start = document.text.index(clause)
        low, high = OffsetMap(document.alignment).to_source(start, start + len(clause))
        assert normalise(source[low:high], markup=True) == clause


def check(document, source: str) -> None:
    """Whatever was read can be written, has its sections, and leads back into the source."""
    json.dumps(document.to_json(), ensure_ascii=False).encode("utf-8")
    assert "".join(document.text[s.start : s.end] for s in sections(document.text)) == document.text
    assert all(item.start < item.end for item in items(document.text))
    low, high = OffsetMap(document.alignment).to_source(0, len(document.text))
    assert 0 <= low <= high <= len(source)
    for place in document.meta["provenance"].values():
        assert 0 <= place["source_start"] <= place["source_end"] <= len(source)


BROKEN = {
    "empty.txt": b"",
    "picture.html": b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
    "cut.docx": GOOD["docx"][:300],
    "sheet.docx": package("<a/>", xl__workbook_xml="<x/>").replace(b"word/document.xml", b"woxx/document.xml"),
    "scan.pdf": pdf([[]]),
    "cut.pdf": GOOD["pdf"][:150],
    "english.txt": b"No report at all, only English words. " * 20,
    "short.html": "<html><body><p>页面不存在。</p></body></html>".encode(),
    "old.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "noise.txt": bytes(range(256)) * 20,
}


def test_two_hundred_mixed_files_and_a_thousand_others(tmp_path):
    folder = tmp_path / "in"
    for at in range(190):
        kind = sorted(GOOD)[at % 5]
        place = folder / f"{at % 7}"
        place.mkdir(parents=True, exist_ok=True)
        save(place, GOOD[kind], f"report-{at}.{kind}")
    for name, raw in BROKEN.items():
        save(folder, raw, name)
    (folder / "assets").mkdir()
    for at in range(1000):
        save(folder / "assets", bytes([at % 256]) * 50, f"{at}.{('png', 'js', 'css', 'xlsx')[at % 4]}")
    out = tmp_path / "docs.jsonl"
    result = CliRunner().invoke(app, ["ingest", str(folder), "--out", str(out)])
    assert result.exit_code == 1
    documents = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(documents) == 190
    assert len({document["id"] for document in documents}) == 190
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 10
    assert {name for name in BROKEN if any(f"/{name}: " in line for line in errors)} == set(BROKEN)
    assert "190 read, 10 skipped" in result.stderr


def test_ingest_prints_lines_and_says_when_nothing_was_read(tmp_path):
    result = CliRunner().invoke(app, ["ingest", str(save(tmp_path, GOOD["txt"], "r.txt"))])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["id"] == "r"
    result = CliRunner().invoke(app, ["ingest", str(save(tmp_path, b"", "e.txt")), "--out", str(tmp_path / "o.jsonl")])
    assert result.exit_code == 2
    assert not (tmp_path / "o.jsonl").exists()
    result = CliRunner().invoke(app, ["ingest", str(tmp_path / "r.txt"), "--max-megabytes", "0.001"])
    assert result.exit_code == 0 or "limit" in result.stderr


def test_help_names_the_limits():
    shown = CliRunner().invoke(app, ["ingest", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
    assert all(option in shown for option in ("--max-megabytes", "--max-pages", "--max-seconds", "64", "2000", "60"))
