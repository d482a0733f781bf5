"""The program: exit codes, one-line errors, and what it writes."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fazhi.cli import app

BODY = "一是甲甲丙丁3，乙乙。\n" + "法治政府建设工作报告正文" * 15 + "。\n"


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.txt").write_text(BODY, encoding="utf-8")
    (folder / "b.txt").write_bytes(("丙丁5。" + BODY).encode("gb18030"))
    return folder


@pytest.fixture
def run(oracle):
    def call(*arguments):
        return CliRunner().invoke(app, ["extract", "--model", str(oracle), *map(str, arguments)])

    return call


def test_jsonl_in_a_pipe(run, reports):
    result = run(reports)
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a", "b"]
    assert [span["label"] for span in rows[0]["spans"]] == ["MEASURE", "METRIC", "PROBLEM"]


def test_the_table(run, reports):
    result = run(reports, "--format", "table")
    assert result.exit_code == 0
    assert "指标 METRIC" in result.stdout
    assert "问题 PROBLEM" in result.stdout
    assert "乙乙" in result.stdout


def test_files_are_written_whole(run, reports, tmp_path):
    out = tmp_path / "deep" / "x.csv"
    assert run(reports, "--out", out).exit_code == 0
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["kind"] for row in rows] == ["metric", "measure", "problem", "metric", "metric", "measure", "problem"]
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.txt", b""), ("binary.txt", bytes(range(256)) * 20), ("english.txt", b"nothing of interest here " * 40)],
)
def test_bad_files_are_named_and_the_rest_is_extracted(run, reports, name, content):
    (reports / name).write_bytes(content)
    result = run(reports / "a.txt", reports / name, reports / "missing.txt")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    errors = result.stderr.splitlines()
    assert [name in line for line in errors].count(True) == 1
    assert len(errors) == 2


def test_nothing_could_be_done(run, reports, tmp_path, oracle):
    out = tmp_path / "kept.jsonl"
    out.write_text("earlier\n", encoding="utf-8")
    (reports / "a.txt").write_bytes(b"")
    assert run(reports / "a.txt", "--out", out).exit_code == 2
    assert out.read_text(encoding="utf-8") == "earlier\n"
    result = CliRunner().invoke(app, ["extract", "--model", str(tmp_path / "no"), str(reports)])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "no such directory" in result.stderr


def test_documents_of_one_name_are_told_apart(run, reports, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text(BODY, encoding="utf-8")
    result = run(reports, tmp_path / "other")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", "b", "a-2"]


def test_the_runtime_loads_no_heavy_library(oracle, reports, root: Path):
    code = (
        "import sys; from fazhi.extractor import Extractor; from fazhi import ingest; from pathlib import Path;"
        f"e = Extractor.from_pretrained({str(oracle)!r}); e.extract(ingest.read(Path({str(reports / 'a.txt')!r})));"
        "print(sorted({'torch', 'transformers', 'ray', 'fastapi', 'pandas', 'datasets'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
