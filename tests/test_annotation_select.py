"""What to annotate next: entropy, ranks, greedy choice, and the commands."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from annotation import select, simulate
from annotation.selection import Candidate, by_mixture, by_uncertainty, entropy, ranks, value, vectors
from annotation.tasks import read_jsonl
from fazhi.document import Document, Span
from fazhi.writers import write_jsonl


def test_entropy_is_one_for_ignorance_and_zero_for_certainty():
    assert entropy(np.array([[0.25] * 4, [1, 0, 0, 0]])) == pytest.approx([1, 0], abs=1e-9)


def test_rare_labels_are_worth_more():
    frequency = {"MEASURE": 0.81, "PROBLEM": 0.04}
    assert value(["PROBLEM"], 100, frequency) > 4 * value(["MEASURE"], 100, frequency)
    assert value([], 0, frequency) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_ranks_keep_the_order(scores):
    found = ranks(np.array(scores))
    assert sorted(found) == pytest.approx([i / max(len(scores) - 1, 1) for i in range(len(scores))])
    assert all(a <= b for _, a, b in sorted((s, r, r) for s, r in zip(scores, found, strict=True)))
    assert [scores[i] for i in np.argsort(found)] == sorted(scores)


def test_vectors_are_unit_and_alike_texts_are_near():
    points = vectors(["受理行政复议申请", "受理行政复议申请件", "人员力量不足", ""])
    assert np.linalg.norm(points, axis=1)[:3] == pytest.approx([1, 1, 1], abs=1e-5)
    assert points[0] @ points[1] > 0.8 > points[0] @ points[2]


def test_uncertainty_takes_the_least_sure_and_the_mixture_no_twins():
    pool = [Candidate(name, u, 1.0) for name, u in (("a", 0.9), ("b", 0.89), ("c", 0.5), ("d", 0.1))]
    points = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    none = points[:0]
    assert by_uncertainty(pool, points, none, 2) == [0, 1]
    first, second = by_mixture(pool, points, none, 2)
    assert points[first] @ points[second] == 0
    assert sorted(by_mixture(pool, points, none, 9)) == [0, 1, 2, 3]
    assert by_mixture(pool, points, points[2:3], 1) != [2]


def command(main, *words):
    app = select.typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_leaves_out_what_is_annotated(oracle, tmp_path):
    pool = [Document(name, text) for name, text in (("a", "甲甲，好。"), ("b", "乙乙，好。"), ("c", "丙丁，好。"))]
    write_jsonl(pool, tmp_path / "pool.jsonl")
    write_jsonl(pool[:1], tmp_path / "gold.jsonl")
    words = (tmp_path / "pool.jsonl", "--model", oracle, "--annotated", tmp_path / "gold.jsonl")
    outcome = command(select.main, *words, "--out", tmp_path / "next.jsonl")
    assert outcome.exit_code == 0, outcome.output
    assert {d.id for d in read_jsonl(tmp_path / "next.jsonl")} == {"b", "c"}
    wrong = command(select.main, *words, "--strategy", "luck")
    assert (wrong.exit_code, "choose one of uncertainty, mixture" in wrong.output) == (2, True)
    empty = command(select.main, tmp_path / "gold.jsonl", "--model", oracle, "--annotated", tmp_path / "gold.jsonl")
    assert (empty.exit_code, "everything in it is annotated" in empty.output) == (2, True)


def reports(count, first=0):
    for index in range(first, first + count):
        text = f"开展检查{index}次，人员不足{index}，会议召开。印发方案，经费短缺。"
        wanted = (
            ("开展检查", 5, "MEASURE"),
            ("人员不足", 5, "PROBLEM"),
            ("印发方案", 4, "MEASURE"),
            ("经费短缺", 4, "PROBLEM"),
        )
        spans = []
        for word, _, label in wanted:
            start = text.index(word)
            end = min(at for at in (text.find("，", start), text.find("。", start)) if at > 0)
            spans.append(Span(start, end, label, "statement"))
        yield Document(f"r{index}", text).with_spans(spans)


def test_the_simulation_learns_and_repeats(tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    write_jsonl(reports(12), tmp_path / "pool.jsonl")
    write_jsonl(reports(4, 50), tmp_path / "test.jsonl")
    words = (
        "--pool",
        tmp_path / "pool.jsonl",
        "--test",
        tmp_path / "test.jsonl",
        "--seeds",
        2,
        "--steps",
        "2,4,12,99",
        "--out",
    )
    for name in ("a", "b"):
        outcome = command(simulate.main, *words, tmp_path / name)
        assert outcome.exit_code == 0, outcome.output
    first, second = ((tmp_path / name / "simulation.json").read_text() for name in ("a", "b"))
    assert first == second
    results = json.loads(first)
    assert results["reports"] == [2, 4, 12]
    assert all(runs[-1] > 0.95 for one in results["f1"].values() for runs in one)
    assert results["f1"]["random"][0][0] == results["f1"]["mixture"][0][0]
    assert "<svg" in (tmp_path / "a" / "simulation.svg").read_text()
