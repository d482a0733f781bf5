"""The contract of a batch, apart from who does the work: resume, retry, refuse, and write whole files or none."""

import csv
import json
import os
import subprocess
from contextlib import contextmanager

import pytest

from fazhi import ingest
from fazhi.batch import engine, shards, work
from fazhi.batch.engine import Options
from fazhi.batch.folder import at_work, leftovers, locked, wait_for_workers
from fazhi.batch.item import Item
from fazhi.batch.shards import BatchError
from fazhi.document import Document
from fazhi.errors import ModelError
from fazhi.extractor import Extractor

BODY = "一是甲甲丙丁{0}，乙乙。\n" + "法治政府建设工作报告正文" * 12 + "。\n丙丁{0}，甲甲。"


def report(number):
    return BODY.format(number) * (1 + number % 3)


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(40):
        (folder / f"r{number:03d}.txt").write_text(report(number), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def inline(oracle, monkeypatch):
    """Do the work in this process; the engines have tests of their own."""
    extractor = Extractor.from_pretrained(oracle)
    monkeypatch.setattr(
        engine, "_engine", lambda *_: lambda left, plan: ((shard, work.process(shard, extractor, plan)) for shard in left)
    )
    return extractor


@pytest.fixture
def batch(oracle, reports, tmp_path):
    def call(*paths, out="out", **options):
        given = {"model": str(oracle), **options}
        return engine.run(Options([str(path) for path in paths or [reports]], tmp_path / out, **given))

    return call


def files(folder):
    """All that a batch has written, but for its locks, and for what names the folder of its inputs."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."
    }


def spans(path):
    return {row["id"]: row["spans"] for line in path.read_text(encoding="utf-8").splitlines() for row in [json.loads(line)]}


def test_results_are_those_of_extract(batch, reports, inline, tmp_path):
    summary = batch()
    expected = list(inline.extract_many(ingest.read(path) for path in sorted(reports.iterdir())))
    written = b"".join(path.read_bytes() for path in sorted((tmp_path / "out" / "parts").iterdir()))
    assert written.decode() == "".join(document.dumps() + "\n" for document in expected)
    assert (summary.shards, summary.documents, summary.failed, summary.resumed) == (10, 40, 0, 0)
    told = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert told["documents"] == 40
    assert told["spans"] == dict(sorted(summary.spans.items()))
    assert sum(told["spans"].values()) == sum(len(document.spans) for document in expected)
    assert (tmp_path / "out" / "failed.jsonl").read_text() == ""


def test_a_second_run_does_nothing_and_changes_nothing(batch, tmp_path, monkeypatch):
    batch()
    before = files(tmp_path / "out")
    monkeypatch.setattr(work, "attempt", None)
    assert batch().resumed == 10
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "xlsx"])
def test_what_was_lost_is_made_again_with_the_same_bytes(batch, tmp_path, form):
    batch(form=form)
    before = files(tmp_path / "out")
    (tmp_path / "out" / "parts" / f"part-000001.{form}").write_bytes(b"torn")
    (tmp_path / "out" / "markers" / "000000.json").unlink()
    (tmp_path / "out" / "summary.json").unlink()
    assert batch(form=form).resumed == 8
    assert files(tmp_path / "out") == before


def test_changed_input_is_done_again_and_only_that(batch, reports, tmp_path):
    batch()
    (reports / "r039.txt").write_text(report(77), encoding="utf-8")
    assert batch().resumed == 9
    (reports / "r000.txt").unlink()
    assert batch(out="fresh").shards == 10
    batch()
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


def test_parts_of_a_longer_input_are_removed(batch, reports, tmp_path):
    batch()
    for path in sorted(reports.iterdir())[4:]:
        path.unlink()
    batch()
    assert [path.name for path in (tmp_path / "out" / "parts").iterdir()] == ["part-000000.jsonl"]
    assert [path.name for path in (tmp_path / "out" / "markers").iterdir()] == ["000000.json"]


def test_parts_beyond_a_million_do_not_cost_those_before(tmp_path):
    plan = shards.Plan(tmp_path, "jsonl", engine.Limits(), "")
    for name in ("part-000001", "part-999999", "part-1000000", "part-1000001", ".part-000001.half"):
        path = tmp_path / "parts" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    surplus = {path.stem for path in leftovers(tmp_path / "parts", plan.part(1_000_000))}
    assert surplus == {"part-1000000", "part-1000001", ".part-000001.half"}
    assert {path.stem for path in leftovers(tmp_path / "parts", plan.part(999_999))} == surplus | {"part-999999"}


def test_too_little_memory_to_write_a_part_is_told_and_leaves_nothing_half_written(batch, tmp_path, monkeypatch):
    def write(documents, path):
        path.write_text("half")
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(work, "writer", lambda form: write)
        with pytest.raises(BatchError, match=r"shard 0: not enough memory to write its part; raise --limit-memory"):
            batch()
    assert list((tmp_path / "out" / "parts").iterdir()) == []
    assert batch().documents == 40


def test_failures_are_told_and_the_rest_is_done(batch, reports, tmp_path):
    (reports / "r003.txt").write_bytes(b"")
    (reports / "r004.txt").write_text("English only", encoding="utf-8")
    (reports / "r005.pdf").write_bytes(b"%PDF-1.4 torn")
    summary = batch(reports, tmp_path / "gone.txt", tmp_path / "*.zip")
    told = [json.loads(line) for line in (tmp_path / "out" / "failed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["name"].removeprefix(f"{reports}/") for row in told[:3]] == ["r003.txt", "r004.txt", "r005.pdf"]
    assert "no such file" in told[3]["error"]
    assert "no file matches" in told[4]["error"]
    assert all(row["name"] in row["error"] for row in told)
    assert (summary.documents, summary.failed) == (38, 5)


def test_an_internal_error_costs_one_report(batch, inline, monkeypatch):
    def explode(self, document):
        if document.id == "r007":
            raise ZeroDivisionError("oh")
        if document.id == "r008":
            raise RuntimeError("std::bad_alloc")
        if document.id == "r009":
            raise MemoryError
        return document

    monkeypatch.setattr(Extractor, "extract", explode)
    assert batch().failed == 3


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "xlsx"])
def test_failures_are_retried_alone(batch, reports, tmp_path, monkeypatch, form):
    batch(form=form, out="whole")
    attempt, tried = work.attempt, []

    def fail(item, *rest):
        tried.append(item.id)
        return "out of luck" if item.id in ("r000", "r013", "r039") else attempt(item, *rest)

    monkeypatch.setattr(work, "attempt", fail)
    assert batch(form=form).failed == 3
    assert batch(form=form).failed == 3  # without --retry-failed they are let alone
    assert len(tried) == 40
    tried.clear()
    monkeypatch.setattr(work, "attempt", lambda item, *rest: tried.append(item.id) or attempt(item, *rest))
    assert batch(form=form, retry_failed=True).failed == 0
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert form in ("csv", "xlsx") or tried == ["r000", "r013", "r039"]


def test_a_csv_part_opens_in_a_spreadsheet(batch, tmp_path):
    batch(form="csv")
    part = tmp_path / "out" / "parts" / "part-000000.csv"
    assert part.read_bytes().startswith(b"\xef\xbb\xbf")
    with part.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["document"] == "r000"
    assert {row["kind"] for row in rows} == {"metric", "measure", "problem"}


def test_parquet_holds_all_that_json_lines_hold(batch, tmp_path):
    batch(form="parquet")
    batch(form="jsonl", out="lines")
    for number in range(10):
        rows = shards.reader("parquet")(tmp_path / "out" / "parts" / f"part-{number:06d}.parquet")
        lines = shards.reader("jsonl")(tmp_path / "lines" / "parts" / f"part-{number:06d}.jsonl")
        assert rows == lines


def test_a_cell_of_a_workbook_is_text_and_never_too_long(tmp_path, inline):
    openpyxl = pytest.importorskip("openpyxl")
    document = inline.extract(Document("=1+1", "甲" * 40_000 + "\n" + BODY.format(5)))
    shards.writer("xlsx")([document], tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True))
    assert rows[1][0] == "=1+1"
    longest = max((row[5] for row in rows), key=len)
    assert longest == "甲" * 32_766 + "…"


def test_the_folder_of_another_run_is_refused(batch, reports, tmp_path):
    batch()
    before = files(tmp_path / "out")
    for options in ({"form": "csv"}, {}):
        with pytest.raises(BatchError, match="it holds another run") as caught:
            batch(*([reports] if options else [reports / "r000.txt"]), **options)
        assert "\n" not in str(caught.value)
    assert files(tmp_path / "out") == before
    batch(form="csv", force=True)
    batch(form="csv", out="fresh")
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


def test_the_folder_of_another_model_is_refused(batch, oracle, tmp_path):
    import shutil

    other = shutil.copytree(oracle, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "window": 12}))
    batch()
    with pytest.raises(BatchError, match=r"model oracle-.*, not other-"):
        batch(model=str(other))
    batch(model=str(other), force=True)
    batch(model=str(other), out="fresh")
    assert files(tmp_path / "out") == files(tmp_path / "fresh")


def test_a_folder_of_no_batch_is_refused_even_by_force(batch, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(BatchError, match="files that no batch wrote"):
        batch(force=True)
    assert files(tmp_path / "out") == {"thesis.docx": b"years of work"}


def test_force_that_was_killed_can_be_repeated(batch, tmp_path, monkeypatch):
    from fazhi.batch import folder

    batch()
    with monkeypatch.context() as patch:
        patch.setattr(folder.shutil, "rmtree", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            batch(form="csv", force=True)
    batch(form="csv", force=True)
    assert {path.suffix for path in (tmp_path / "out" / "parts").iterdir()} == {".csv"}


def test_leavings_of_a_killed_run_are_no_strangers(batch, tmp_path):
    (tmp_path / "out" / "parts").mkdir(parents=True)
    for name in (".run.json.abc.part", "parts/.part-000000.abc.jsonl"):
        (tmp_path / "out" / name).write_text("half")
    with pytest.raises(BatchError):
        batch()  # parts, and no manifest
    (tmp_path / "out" / "parts" / ".part-000000.abc.jsonl").unlink()
    (tmp_path / "out" / "parts").rmdir()
    batch()
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")) == [".lock", ".workers"]


def test_the_manifest_comes_before_any_part(batch, tmp_path, monkeypatch):
    def stop(*_):
        assert (tmp_path / "out" / "run.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "attempt", stop)
    with pytest.raises(KeyboardInterrupt):
        batch()
    assert not list((tmp_path / "out").glob("parts/*"))


def test_two_runs_into_one_folder(batch, tmp_path):
    with locked(tmp_path / "out"), pytest.raises(BatchError, match="another run is writing"):
        batch()
    assert batch().documents == 40


def test_a_run_waits_for_workers_that_outlive_their_parent(tmp_path):
    with at_work(tmp_path), at_work(tmp_path), pytest.raises(BatchError, match="workers of an earlier run"):
        wait_for_workers(tmp_path, 0.1)
    wait_for_workers(tmp_path, 0.1)


def test_nothing_to_read_is_an_error_that_keeps_what_is_there(batch, reports, tmp_path):
    batch()
    before = files(tmp_path / "out")
    for path in reports.iterdir():
        path.unlink()
    with pytest.raises(BatchError, match="no report in it"):
        batch()
    assert files(tmp_path / "out") == before


def test_unknown_format_engine_model(batch, tmp_path, monkeypatch):
    with pytest.raises(BatchError, match="unknown format 'doc'; choose jsonl"):
        batch(form="doc")
    with pytest.raises(ModelError):
        batch(model=str(tmp_path))
    monkeypatch.undo()
    with pytest.raises(BatchError, match="unknown engine 'spark'"):
        batch(engine="spark")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/out"])
def test_a_place_that_cannot_be_written(batch, place):
    with pytest.raises(BatchError, match="choose another --out"):
        batch(out=place)


@contextmanager
def tmpfs(folder, options):
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a tmpfs cannot be mounted here (that needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_folder(batch, tmp_path):
    with tmpfs(tmp_path / "disk", "ro") as disk, pytest.raises(BatchError, match="Read-only file system"):
        batch(out=disk)


def test_a_folder_that_turns_read_only_half_way(batch, reports, tmp_path):
    with tmpfs(tmp_path / "disk", "size=4m") as disk:
        batch(out=disk)
        (reports / "r000.txt").write_text(report(99), encoding="utf-8")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(BatchError, match="Read-only file system"):
            batch(out=disk)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "xlsx"])
def test_a_full_disk_loses_nothing(batch, tmp_path, form):
    batch(form=form)
    size = sum(map(len, files(tmp_path / "out").values()))
    with tmpfs(tmp_path / "disk", f"size={size // 2 // 4096 * 4096}") as disk:
        with pytest.raises(BatchError, match=r"No space left on device.*run the same command again"):
            batch(form=form, out=disk)
        for path in (disk / "parts").iterdir():
            assert path.read_bytes() == (tmp_path / "out" / "parts" / path.name).read_bytes()
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        batch(form=form, out=disk)
        assert files(disk) == files(tmp_path / "out")


def test_a_clock_that_jumps(batch, reports, tmp_path):
    batch()
    for path in [*reports.iterdir(), *(tmp_path / "out").rglob("*.json*")]:
        os.utime(path, (1, 2**31))
    assert batch().resumed == 10


def test_an_item_on_which_two_have_died_is_not_tried_again(batch, tmp_path, inline, monkeypatch):
    attempt = work.attempt

    class Killed(BaseException):
        pass

    def die(item, *rest):
        if item.id == "r002":
            raise Killed
        return attempt(item, *rest)

    monkeypatch.setattr(work, "attempt", die)
    plan = shards.Plan(tmp_path, "jsonl", engine.Limits(), "")
    (shard,) = shards.cut((Item(f"r{n}", report(n).encode(), id=f"r{n:03d}") for n in range(4)), "")
    for _ in range(2):
        with pytest.raises(Killed):
            work.process(shard, inline, plan)
    marker = work.process(shard, inline, plan)
    assert marker.documents == 3
    assert [(row["item"], row["name"]) for row in marker.failed] == [(2, "r2")]
    assert "died on it twice" in marker.failed[0]["error"]
