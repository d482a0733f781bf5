"""The bench: what it counts, generates and writes. How fast anything is, no test says."""

import json

import pytest

from evaluate import bench_report
from fazhi.document import Document
from fazhi.ingest import from_text

FACTS = {
    "machine": {"date": "", "cpu": "x", "cores": 2, "instructions": "", "memory": "1 GB", "load": 0.0, "versions": ""},
    "model": "toy", "beside": "narrow", "reports": 3, "characters": 4000, "rounds": 2, "part": 600, "start": (1.2, 0.5),
    "operations": {"encoder": 0.02, "products": 0.01, "operations": 5e9},
    "speed": [
        {"name": "fazhi, all cores", "rate": 700.0, "ratio": 1.0}, {"name": "(a) one", "rate": 100.0, "ratio": 7.0},
        {"name": "(a) two", "rate": 140.0, "ratio": 5.0}, {"name": "(b) x", "rate": 350.0, "ratio": 2.0},
        {"name": "(c) y", "rate": 350.0, "ratio": 2.0},
        {"name": "(g) narrow, all cores", "rate": 875.0, "ratio": 0.8},
    ],
    "growth": [
        {"reports": 8, "workers": 2, "seconds": 2.0, "memory": 100},
        {"reports": 4, "workers": 1, "seconds": 1.0, "memory": 80},
        {"reports": 108, "workers": 2, "seconds": 12.0, "memory": 200},
        {"reports": 1008, "workers": 2, "seconds": 107.0, "memory": 210},
        {"reports": 104, "workers": 1, "seconds": 21.0, "memory": 120},
    ],
}  # fmt: skip


def test_the_page_says_what_was_met_and_what_was_missed():
    page = bench_report.page(FACTS)
    assert "| 5.00× | ≥ 6×, **missed** |" in page  # the better of the two counts
    assert "| 0.50 | ≥ 0.6, **missed** |" in page
    assert "| 5.0% | ≤ 10%, met |" in page
    assert "1.20 s, 50% of it imports | < 1.5 s, met" in page
    assert "(g) times as fast as toy is narrow, all cores | 1.25× | – |" in page
    assert "| 104 | 1 | 21.0 | 200.0 |" in page
    assert "| 8 | 2 | 2.0 | – |" in page


def test_time_a_report_is_net_of_the_start():
    assert [row["each"] for row in bench_report.series(FACTS)] == pytest.approx([0.1, 0.105])
    assert bench_report.spread(FACTS, "seconds") == pytest.approx(0.05)
    assert bench_report.spread(FACTS, "memory") == pytest.approx(0.05)


def test_generated_reports_differ_in_their_numbers_only(tmp_path):
    growth = pytest.importorskip("evaluate.bench_growth")
    text = "受理行政复议申请57件。\n组织执法检查13次。\n" * 40
    growth.generate([Document("a", text)], 50, 100, tmp_path / "r.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == 50
    assert len({row["text"] for row in rows}) > 40
    bare = {"".join(char for char in row["text"] if not char.isdigit()) for row in rows}
    assert {line for text in bare for line in text.splitlines()} == {"受理行政复议申请件。", "组织执法检查次。"}
    assert len(bare) <= 2  # a part begins with the one line or with the other


def test_what_is_generated_is_a_report_to_ingest_however_short_the_parts(tmp_path):
    growth = pytest.importorskip("evaluate.bench_growth")
    head = "索引号：69827447MB0966289X/8533-01467 发文字号：〔2022〕131号 信息来源：司法局\n" * 3
    growth.generate([Document("a", head + "受理行政复议申请57件。\n" * 40)], 20, 100, tmp_path / "r.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0]["text"].startswith("索引号")
    assert [from_text(row["text"], row["id"]).id for row in rows] == [row["id"] for row in rows]


def test_the_bare_products_are_the_products_of_the_encoder():
    pytest.importorskip("onnx")
    from evaluate.bench_operations import Shapes, bare_products, session

    shape = Shapes(tokens=8, hidden=12, inner=20, heads=3, layers=2)
    operations = 0
    for graph, inputs, times in bare_products(shape):
        (output,) = session(graph).run(None, inputs)
        operations += 2 * output.size * inputs["x"].shape[-1] * times
    assert operations == shape.operations


@pytest.mark.slow
def test_the_bench_runs_from_end_to_end(root, tmp_path, monkeypatch):
    pytest.importorskip("spacy")
    from evaluate import bench

    monkeypatch.chdir(root)
    models = {"model": root / "models" / "fazhi-small", "beside": root / "models" / "fazhi-fast"}
    bench.main(**models, reports=1, rounds=1, sizes="10,12", characters=300, out=tmp_path / "b.md")
    facts = json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))
    assert {row["name"][:3] for row in facts["speed"]} == {"faz", "(a)", "(b)", "(c)", "(g)"}
    assert all(row["ratio"] > 0 for row in facts["speed"])
    assert {row["reports"] for row in facts["growth"]} >= {4, 10, 12}
    assert (tmp_path / "b.md").read_text(encoding="utf-8").startswith("# Benchmarks")
