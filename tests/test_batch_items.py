"""What a batch reads: paths, archives, names; nothing lost, nothing twice, and every failure told in its place."""

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fazhi import ingest
from fazhi.batch import items as inputs
from fazhi.batch import walk
from fazhi.batch.names import Names
from fazhi.batch.work import document_of
from fazhi.errors import InputError
from fazhi.ingest.limits import Limits

LIMITS = Limits(megabytes=0.01)
BODY = "法治政府建设工作报告正文" * 15


def read(*paths, skip=None, limits=LIMITS):
    return list(inputs.items([str(path) for path in paths], limits, skip))


def names(items, folder):
    return [item.name.removeprefix(f"{folder}/") for item in items]


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "in"
    for name in (
        "b/x.txt",
        "b.txt",
        "a.txt",
        "b/.hidden.txt",
        ".git/x.txt",
        "b/~$x.docx",
        "c/d/e.html",
        "style.css",
        "b/z.jsonl",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(BODY, encoding="utf-8")
    return folder


def test_a_folder_is_walked_as_extract_walks_it(tree):
    expected = ingest.find([tree])
    found = [path for path in walk.files([str(tree)]) if isinstance(path, Path)]
    assert [path for path in found if path.suffix != ".jsonl"] == expected
    assert [path.name for path in found] == ["a.txt", "x.txt", "z.jsonl", "b.txt", "e.html"]


def test_each_file_once_however_often_it_is_named(tree):
    found = names(read(tree / "b.txt", tree, tree / "*.txt", tree / "b" / "x.txt"), tree)
    assert found == ["b.txt", "a.txt", "b/x.txt", "b/z.jsonl:1", "c/d/e.html"]


def test_a_pattern_is_sorted_and_may_be_recursive(tree):
    assert names(read(tree / "**" / "*.txt"), tree) == ["a.txt", "b.txt", "b/x.txt"]


def test_a_file_named_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "[1].txt").write_text(BODY, encoding="utf-8")
    assert names(read(tmp_path / "[1].txt"), tmp_path) == ["[1].txt"]


def test_what_is_missing_is_told_in_its_place(tree):
    first, second, third = read(tree / "gone.txt", tree / "*.pdf", tree / "a.txt")
    assert "no such file" in first.error
    assert "no file matches" in second.error
    assert third.raw == BODY.encode()


def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (item,) = read(tmp_path / "pipe.txt")
    assert "neither a file nor a folder" in item.error
    assert read(tmp_path) == []


def test_a_folder_without_permission_is_a_failure_not_a_gap(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = read(tree)
    assert [bool(item.error) for item in found] == [False, True, False, False]
    assert "Permission denied" in found[1].error


def test_loops_of_links_end(tree):
    (tree / "c" / "loop").symlink_to(tree)
    (tree / "c" / "dead.txt").symlink_to(tree / "nothing")
    assert len(read(tree)) == 5


def test_the_output_folder_is_never_read(tree):
    out = tree / "out"
    (out / "parts").mkdir(parents=True)
    (out / "parts" / "part-000000.jsonl").write_text("{}")
    before = [item for item in names(read(tree, skip=out), tree) if item.startswith("out")]
    assert before == []
    assert names(read(tree / "**" / "*.jsonl", skip=out), tree) == ["b/z.jsonl:1"]
    assert "written by the batch itself" in read(out / "parts" / "part-000000.jsonl", skip=out)[0].error


@given(st.lists(st.sampled_from(["a", "a-2", "a-2-2", "a-3", "b"]), max_size=30))
def test_ids_are_unique_and_the_first_keeps_its_name(stems):
    names = Names()
    found = [names.unique(stem) for stem in stems]
    assert len(set(found)) == len(found)
    if stems:
        assert found[0] == stems[0]


def test_ids_are_those_of_extract(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(BODY, encoding="utf-8")
    assert [item.id for item in read(tmp_path)] == ["a", "a-2"]


def test_names_that_are_no_utf_8_can_be_written(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xb7\xa8.txt", "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write(BODY)
    (item,) = read(tmp_path)
    assert item.id == "\\xb7\\xa8"
    document_of(item, LIMITS).dumps().encode()


def test_json_lines(tmp_path):
    rows = [{"id": "one", "text": BODY}, {"text": BODY, "meta": {"source": "elsewhere"}}]
    path = tmp_path / "r.jsonl"
    path.write_text("\n\n".join(map(json.dumps, rows)) + "\n \n", encoding="utf-8")
    found = [document_of(item, LIMITS) for item in read(path)]
    assert [document.id for document in found] == ["one", "r-2"]
    assert [document.meta["source"] for document in found] == [f"{path}:1", "elsewhere"]


@pytest.mark.parametrize(
    "line",
    [b"no", b"[]", b"{}", b'{"text": 5}', b'{"text": null}', b'{"text": "\\ud800"}', b'{"text": "a", "meta": 7}', b"\xff",
     b'{"text": "ab", "alignment": [[0, 1, 0, 1]]}', b'{"text": "ab", "alignment": [[1, 2, 0, 1]]}', b"[" * 5000],
)  # fmt: skip
def test_a_line_that_is_no_document(tmp_path, line):
    (tmp_path / "r.jsonl").write_bytes(line)
    (item,) = read(tmp_path / "r.jsonl")
    with pytest.raises(InputError, match=r"r\.jsonl:1: no document"):
        document_of(item, LIMITS)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"body": 5}, "meta.body 5 is no"),
        ({"body": [0, 99999]}, r"meta.body \[0, 99999\]"),
        ({"body": [3, 2]}, "inside the text"),
        ({"body": [0, 1.5]}, "meta.body"),
        ({"year": "zz"}, "meta.year 'zz' is no whole number"),
        ({"year": True}, "meta.year True"),
    ],
)
def test_spoilt_metadata_of_ingest_is_refused_and_that_of_others_is_not_looked_at(tmp_path, spoilt, said):
    document = ingest.from_text(BODY, "a", "a.txt")
    lines = [json.dumps({"id": "a", "text": BODY, "meta": {**kept, **spoilt}}) for kept in (document.meta, {})]
    (tmp_path / "r.jsonl").write_text("\n".join(lines), encoding="utf-8")
    ours, theirs = read(tmp_path / "r.jsonl")
    with pytest.raises(InputError, match=said):
        document_of(ours, LIMITS)
    assert document_of(theirs, LIMITS).meta["body"] == document.meta["body"]


def test_what_has_been_through_ingest_is_taken_as_it_is(tmp_path):
    document = ingest.from_text("　　" + BODY + "\r\n\r\n" + BODY, "a", "a.txt")
    (tmp_path / "r.jsonl").write_text(document.dumps(), encoding="utf-8")
    assert document_of(read(tmp_path)[0], LIMITS) == document


def test_a_line_without_end_is_not_held(tmp_path):
    (tmp_path / "r.jsonl").write_bytes(b"x" * 50_000 + b"\n{}\n" + b"y" * 50_000)
    first, second, third = read(tmp_path / "r.jsonl")
    assert "r.jsonl:1: the line has more than 0.01 MB" in first.error
    assert second.raw == b"{}"
    assert "r.jsonl:3" in third.error


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_a_zip_archive(tmp_path):
    lines = json.dumps({"text": BODY}) + "\n" + json.dumps({"text": BODY})
    content = {"b/a.txt": BODY, "a.txt": BODY, "__MACOSX/._a.txt": "x", "logo.png": "x", "rows.jsonl": lines, "in.zip": "x"}
    zipped(tmp_path / "r.zip", **content, **{"large.txt": "x" * 20_000})
    found = read(tmp_path / "r.zip")
    assert names(found, tmp_path / "r.zip") == ["a.txt", "b/a.txt", "in.zip", "large.txt", "rows.jsonl:1", "rows.jsonl:2"]
    assert [bool(item.error) for item in found] == [False, False, True, True, False, False]
    assert "archive within an archive" in found[2].error
    assert [item.id for item in found] == ["a", "a-2", "in", "large", "rows", "rows-2"]


def test_names_of_chinese_zip_tools(tmp_path):
    zipped(tmp_path / "r.zip", **{"AAAAAAAA.txt": BODY})
    raw = (tmp_path / "r.zip").read_bytes().replace(b"AAAAAAAA", "年度报告".encode("gbk"))
    (tmp_path / "r.zip").write_bytes(raw)
    assert names(read(tmp_path), tmp_path) == ["r.zip/年度报告.txt"]


def test_a_damaged_member_costs_only_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("a.txt", "AAAA" * 20)
        archive.writestr("b.txt", BODY)
    raw = (tmp_path / "r.zip").read_bytes()
    (tmp_path / "r.zip").write_bytes(raw.replace(b"AAAAAAAA", b"AAAABAAA", 1))
    first, second = read(tmp_path / "r.zip")
    assert "Bad CRC-32" in first.error
    assert second.raw == BODY.encode()


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "tar.xz"])
def test_a_tar_archive_and_its_torn_half(tmp_path, ending):
    path = tmp_path / f"r.{ending}"
    noise = os.urandom(4000)
    with tarfile.open(path, {"tar": "w", "tar.xz": "w:xz"}.get(ending, "w:gz")) as archive:
        for name, content in (
            ("b.txt", BODY.encode()),
            ("./a.txt", BODY.encode()),
            (".x", b""),
            ("n.txt", noise),
            ("m.txt", noise),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert names(read(path), path) == ["b.txt", "./a.txt", "n.txt", "m.txt"]
    path.write_bytes(path.read_bytes()[:-3000] if ending != "tar" else path.read_bytes()[:8000])
    *good, bad = read(path)
    assert "the archive is broken" in bad.error
    assert len(good) < 4


@pytest.mark.parametrize("name", ["r.zip", "r.tar.gz", "r.parquet"])
def test_an_archive_that_is_none(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of the kind" * 100)
    (item,) = read(tmp_path / name)
    assert name in item.error
    assert "broken" in item.error or "no readable" in item.error


def test_parquet(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(
        pa.table({"text": [BODY, BODY], "id": ["a", None], "meta": ['{"region": "泠川县"}', None]}), tmp_path / "r.parquet"
    )
    found = [document_of(item, LIMITS) for item in read(tmp_path / "r.parquet")]
    assert [document.id for document in found] == ["a", "r-2"]
    assert inputs.count([str(tmp_path)]) == 2
    pq.write_table(pa.table({"words": [BODY]}), tmp_path / "r.parquet")
    assert "no column text" in read(tmp_path / "r.parquet")[0].error


def test_counting_agrees_with_reading(tree):
    zipped(tree / "r.zip", **{"a.txt": "x", "b.css": "x"})
    assert inputs.count([str(tree), str(tree / "gone")]) == len(read(tree, tree / "gone"))
    (tree / "r.tar").write_bytes(b"")
    assert inputs.count([str(tree)]) is None
