"""What a newcomer runs into: outputs that cannot be written, folders without reports, JSON lines given back, limits, help."""

import csv
import json
import subprocess

import pytest
from typer.testing import CliRunner

from fazhi.cli import app

BODY = "一是甲甲丙丁3，乙乙。\n" + "法治政府建设工作报告正文" * 15 + "。\n"


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(BODY, encoding="utf-8")
    return path


@pytest.fixture
def run(oracle):
    def call(command, *arguments):
        model = ["--model", str(oracle)] if command != "ingest" else []
        return CliRunner().invoke(app, [command, *model, *map(str, arguments)])

    return call


def one_line(result, *said):
    """Assert that a command ended with exit code 2 and one line that says all this."""
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for words in said:
        assert words in line


COMMANDS = [("extract", "x.csv"), ("audit", "x.txt"), ("panel", "x.csv"), ("panel", "x.xlsx"), ("ingest", "x.jsonl")]


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_an_output_that_cannot_be_written_is_one_line(run, report, tmp_path, command, name):
    if name.endswith("xlsx"):
        pytest.importorskip("xlsxwriter")
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    one_line(run(command, report, "--out", file / name), str(file / name), "cannot be written", "choose another --out")


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_an_output_that_is_a_folder_is_refused_before_any_work(run, report, tmp_path, command, name):
    folder = tmp_path / name
    folder.mkdir()
    one_line(run(command, report, "--out", folder), str(folder), "is a folder", f"such as {folder / 'result.'}")


@pytest.mark.parametrize(("command", "name", "remedy"), [
    ("extract", "x.xlsx", "*.jsonl or *.csv"), ("extract", "x.parquet", "*.jsonl or *.csv"),
    ("audit", "x.xlsx", "*.txt or *.jsonl or *.csv"), ("ingest", "x.csv", "*.jsonl"),
    ("panel", "x.ods", "*.xlsx or *.parquet or *.csv"),
])  # fmt: skip
def test_a_file_is_never_of_another_form_than_its_name_says(run, report, tmp_path, command, name, remedy):
    one_line(run(command, report, "--out", tmp_path / name), name, f"name the file {remedy}")
    assert not (tmp_path / name).exists()


def test_the_ending_may_be_in_capitals_and_a_stated_format_goes_before_it(run, report, tmp_path):
    assert run("extract", report, "--out", tmp_path / "X.CSV").exit_code == 0
    assert (tmp_path / "X.CSV").read_text(encoding="utf-8-sig").startswith("document,region")
    assert run("extract", report, "--format", "table", "--out", tmp_path / "x.txt").exit_code == 0
    assert "指标 METRIC" in (tmp_path / "x.txt").read_text(encoding="utf-8")
    assert run("audit", report, "--out", tmp_path / "x.jsonl").exit_code == 0
    assert json.loads((tmp_path / "x.jsonl").read_text(encoding="utf-8"))["id"] == "a"


def test_the_findings_of_an_audit_as_a_table_for_excel(run, tmp_path):
    text = "（一）全县收到行政复议申请136件，受理143件。"
    spans = [[text.index("收"), text.index("，"), "METRIC"], [text.index("受理1"), text.index("。"), "METRIC"]]
    meta = {"region": "云岫县", "year": 2023, "source": "a.html"}
    path, out = tmp_path / "a.jsonl", tmp_path / "x.csv"
    line = {"id": "a", "text": text, "meta": meta, "spans": spans, "alignment": [[0, len(text), 100, 100 + len(text)]]}
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert run("audit", path, "--out", out).exit_code == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbfdocument,region,")
    with out.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["document"], row["region"], row["year"], row["source"]) == ("a", "云岫县", "2023", "a.html")
    assert (row["kind"], row["kind_zh"], row["verdict"], row["verdict_zh"]) == ("flow", "环节", "needs checking", "需核对")
    assert (row["first"], row["second"]) == ("收到行政复议申请136件", "受理143件")
    assert [int(row["first_source_start"]) - 100, int(row["first_source_end"]) - 100] == spans[0][:2]
    assert [int(row["second_source_start"]) - 100, int(row["second_source_end"]) - 100] == spans[1][:2]
    assert row["computation"] == "受理 143 > 收到行政复议申请 136"
    printed = run("audit", path, "--format", "csv")
    assert list(csv.DictReader(printed.stdout.splitlines())) == [row]


@pytest.mark.parametrize(
    ("command", "out"), [("extract", "x.csv"), ("audit", "x.txt"), ("panel", "x.csv"), ("ingest", "x.jsonl")]
)
def test_a_folder_without_reports_is_named(run, report, tmp_path, command, out):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "table.csv").write_text("a,b\n", encoding="utf-8")
    result = run(command, empty, "--out", tmp_path / out)
    assert result.exit_code == 2
    assert f"error: {empty}: no report in this folder; " in result.stderr
    assert run(command, report, empty, "--out", tmp_path / out).exit_code == 1


@pytest.mark.parametrize("command", ["extract", "audit", "panel", "ingest"])
def test_the_limit_that_an_error_names_can_be_raised(run, tmp_path, command):
    (tmp_path / "a.txt").write_text(BODY * 40, encoding="utf-8")
    arguments = [tmp_path / "a.txt", "--out", tmp_path / ("x.csv" if command == "panel" else "x.jsonl")]
    result = run(command, *arguments, "--max-megabytes", 0.005)
    assert result.exit_code == 2
    assert "raise it with --max-megabytes" in result.stderr
    assert run(command, *arguments, "--max-megabytes", 1).exit_code == 0


@pytest.mark.parametrize("command", ["extract", "ingest"])
def test_json_is_no_report(run, report, tmp_path, command):
    docs = tmp_path / "docs.jsonl"
    assert run("ingest", report, "--out", docs).exit_code == 0
    result = run(command, docs)
    assert result.exit_code == 2
    assert "docs.jsonl: this is JSON, no report; give JSON lines of fazhi to fazhi batch, audit or panel" in result.stderr


def test_what_was_only_ingested_is_extracted(run, report, tmp_path):
    docs, out = tmp_path / "docs.jsonl", tmp_path / "panel.csv"
    assert run("ingest", report, "--out", docs).exit_code == 0
    assert run("panel", docs, "--out", out).exit_code == 0
    assert "丙丁3" in out.read_text(encoding="utf-8-sig")


def test_json_lines_in_another_encoding_are_named(run, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes('{"id": "甲"}'.encode("gbk"))
    one_line(run("audit", path), "x.jsonl", "not UTF-8")


def test_a_text_may_hold_any_line_separator(run, report, tmp_path):
    docs = tmp_path / "docs.jsonl"
    assert run("extract", report, "--out", docs).exit_code == 0
    docs.write_text(docs.read_text(encoding="utf-8").replace("工作报告", "工作\u2028报告"), encoding="utf-8")
    assert run("audit", docs, "--format", "jsonl").exit_code == 0


def test_a_batch_can_be_given_to_panel_though_some_reports_failed(run, report, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    report.rename(folder / "a.txt")
    (folder / "empty.txt").touch()
    assert run("batch", folder, "--out", tmp_path / "out", "--workers", 1).exit_code == 1
    result = run("panel", tmp_path / "out", "--out", tmp_path / "panel.csv")
    assert result.exit_code == 0, result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_make_lists_its_targets(root):
    done = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    named = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    phony = next(line for line in (root / "Makefile").read_text(encoding="utf-8").splitlines() if line.startswith(".PHONY"))
    assert named == set(phony.removeprefix(".PHONY:").split())
