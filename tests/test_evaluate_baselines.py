"""The baselines: rules and CRFs, on invented sentences."""

import json
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from evaluate.baselines import table
from evaluate.baselines.crf import train
from evaluate.baselines.features import char_class, metric_features, statement_features
from evaluate.baselines.rules import RulesBaseline
from evaluate.baselines.training import read_training
from evaluate.label_issues import confident_issues, find_issues
from evaluate.pairs import pair_up
from evaluate.predict import load_predictor, predict
from evaluate.spans import by_label
from fazhi.clauses import clauses
from fazhi.document import Document, Span
from fazhi.errors import ConfigError, EvaluationError
from fazhi.writers import write_jsonl

PARTS = [
    ("组织开展宪法宣讲", "MEASURE", None),
    ("受理行政复议申请{n}件", None, (0, None)),
    ("今年共办结{n}件", None, (3, None)),
    ("执法力量仍显不足", "PROBLEM", None),
    ("坚持以人民为中心", None, None),
    ("印发工作要点{n}份", "MEASURE", (0, None)),
    ("法律顾问作用发挥不够", "PROBLEM", None),
]


def report(name, offset=0):
    """An invented report in which every part stands three times, with its gold spans."""
    text, spans = "", []
    for turn in range(3):
        for at, (pattern, label, metric) in enumerate(PARTS):
            part = pattern.format(n=7 + offset + 11 * turn + at)
            start = len(text)
            text += part + "，。"[at % 2]
            if label:
                spans.append(Span(start, start + len(part), label))
            if metric:
                spans.append(Span(start + metric[0], start + len(part), "METRIC"))
    return Document(name, text, spans=tuple(spans))


def test_rules_find_plain_numbers_and_cue_words():
    text = "受理行政复议申请57件，2024年办结52件。执法力量仍然不足。印发《工作要点》。"
    found = RulesBaseline().extract(Document("r", text)).spans
    assert [(span.label, span.text) for span in found] == [
        ("METRIC", "受理行政复议申请57件"),
        ("METRIC", "办结52件"),
        ("PROBLEM", "执法力量仍然不足"),
        ("MEASURE", "印发《工作要点》"),
    ]


@pytest.mark.parametrize("text", ["", "。，\n", "2024年3月1日", "第36次会议", "一、主要举措\n"])
def test_rules_find_nothing_where_there_is_nothing(text):
    assert RulesBaseline().extract(Document("r", text)).spans == ()


def test_crf_learns_what_it_was_shown(tmp_path):
    gold = [report(str(n), n) for n in range(4)]
    train(gold[:3], tmp_path / "crf")
    model = load_predictor(tmp_path / "crf")
    scores = by_label(pair_up(gold[3:], predict(model, gold[3:])))
    assert min(counts.f1 for counts in scores.values()) == 1.0
    spans = [span for document in predict(model, gold[3:]) for span in document.spans]
    assert all(0.0 < span.score <= 1.0 for span in spans)
    assert all(span.text == gold[3].text[span.start : span.end] for span in spans)


def test_nothing_of_the_annotation_reaches_the_model():
    class Spy:
        def extract_many(self, documents):
            for document in documents:
                assert not document.spans
                assert not document.meta
                yield document

    assert [document.id for document in predict(Spy(), [report("a"), report("b")])] == ["a", "b"]


def test_an_unknown_kind_of_baseline_is_refused(tmp_path):
    (tmp_path / "baseline.json").write_text(json.dumps({"kind": "oracle"}), encoding="utf-8")
    with pytest.raises(EvaluationError, match="unknown kind 'oracle'"):
        load_predictor(tmp_path)


def test_features_one_list_an_item():
    text = "一、存在问题\n执法力量不足，受理57件。"
    found = [clause for clause in clauses(text) if clause.start < clause.end]
    assert len(statement_features(text, found)) == len(found)
    assert "section=problem" in statement_features(text, found)[1]
    assert [len(metric_features(text, clause)) for clause in found] == [c.end - c.start for c in found]
    assert [char_class(char) for char in "5三件%a　受，"] == list("dnu%ascp")


# --- the table of all ---


def table_of(tmp_path, *options):
    for name, documents in (("train", [report(str(n), n) for n in range(3)]), ("gold/test", [report("new", 50)])):
        write_jsonl(documents, tmp_path / f"{name}.jsonl")
    arguments = [str(tmp_path / "train.jsonl"), "--gold", str(tmp_path / "gold" / "test.jsonl"), "--out", str(tmp_path / "out")]
    app = typer.Typer()
    app.command()(table.main)
    return CliRunner().invoke(app, [*arguments, "--runs", str(tmp_path / "runs"), *options])


def test_one_command_trains_scores_and_tells_what_it_was_asked_for(tmp_path):
    found = table_of(tmp_path, "--only", "rules", "--only", "CRF")
    assert found.exit_code == 0, found.output
    lines = (tmp_path / "out" / "baselines.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    assert rows[0] == "Model"
    assert sorted(rows[1:]) == ["CRF", "fazhi-small", "rules"]
    assert any(line.startswith("## ") and line.endswith("test.jsonl") for line in lines)
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")}
    (tmp_path / "out" / "baselines.md").unlink()
    assert table_of(tmp_path, "--only", "rules", "--only", "CRF").exit_code == 0
    assert made == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")}


def test_a_step_that_fails_is_told_in_one_line(tmp_path):
    base = str(tmp_path / "none")
    found = table_of(tmp_path, "--only", "frozen encoder", "--model", "rules", "--base", base)
    assert found.exit_code == 2
    assert "error: python -m evaluate.baselines.encoders: failed: " in found.output
    assert "holds no encoder with a tokenizer" in found.output
    assert "no baseline" in table_of(tmp_path, "--only", "oracle").output


def test_the_programs_of_all_baselines_are_there(tmp_path):
    rows = table.baselines([tmp_path / "f"], tmp_path / "c", tmp_path / "b", tmp_path, 1.0)
    assert [row.name for row in rows] == ["rules", "CRF", "spaCy", "random weights", "frozen encoder"]
    programs = {step.words[0] for row in rows for step in row.steps}
    assert all(find_spec(name) for name in programs)
    for row in rows[1:]:  # what is scored is what the last step makes
        assert str(row.steps[-1].made.parent) == row.model
        assert "--as-in" in row.steps[0].words or row.name == "random weights"  # which names its documents in its configuration


# --- spaCy ---


def test_spacy_learns_saves_and_fills_clauses(tmp_path):
    pytest.importorskip("spacy")
    from evaluate.baselines.spacy_spans import SpacyBaseline

    documents = [report(str(n), n) for n in range(4)]
    trained = SpacyBaseline.train(documents, steps=60)
    trained.save(tmp_path)
    loaded = load_predictor(tmp_path)
    gold = [report("new", 50), Document("blank", " \n")]
    found = predict(loaded, gold)
    assert found == predict(trained, gold)
    assert min(counts.f1 for counts in by_label(pair_up(gold, found)).values()) > 0.8
    ends = {(clause.start, clause.end) for clause in clauses(gold[0].text)}
    statements = [span for span in found[0].spans if span.layer == "statement"]
    assert statements
    assert all((span.start, span.end) in ends and 0 < span.score <= 1 for span in statements)


def test_parts_keep_text_and_spans(monkeypatch):
    pytest.importorskip("spacy")
    from evaluate.baselines import spacy_spans

    monkeypatch.setattr(spacy_spans, "PART", 10)
    document = Document(
        "a", "一二三\n四五六七八九十\n甲乙", spans=(Span(1, 3, "METRIC"), Span(4, 9, "MEASURE"), Span(12, 14, "PROBLEM"))
    )
    cut = list(spacy_spans.parts(document))
    assert "".join(part.text for part in cut) == document.text
    texts = [part.text[span.start : span.end] for part in cut for span in part.spans]
    assert texts == [document.text[span.start : span.end] for span in document.spans]


def test_training_documents_are_those_of_a_configuration(root, tmp_path):
    file, issues, config = (tmp_path / name for name in ("train.jsonl", "issues.jsonl", "finetune.yaml"))
    rows = [
        {"id": name, "text": "甲乙", "spans": [[0, 1, "MEASURE"]], "meta": {"publisher": name}}
        for name in ("市公安局", "财政局")
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    issue = {"file": "财政局.txt", "start": 0, "end": 2, "layer": "statement", "given": [[0, 1, "MEASURE"]]}
    issues.write_text(json.dumps({**issue, "proposed": [[0, 2, "PROBLEM"]], "reason": "§1"}), encoding="utf-8")
    config.write_text(f"data: {{dev_publishers: [公安局], issues: {issues}}}", encoding="utf-8")
    (document,) = read_training([file], config)
    assert [(span.end, span.label) for span in document.spans] == [(2, "PROBLEM")]
    assert [len(document.spans) for document in read_training([file])] == [1, 1]
    with pytest.raises(ConfigError, match="dev_publishers"):
        read_training([file], root / "configs" / "labels.yaml")


# --- label issues ---


def test_confident_issues_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.1, 0.9], [0.05, 0.95]])
    given = np.array([0, 0, 1, 1, 0])
    assert confident_issues(probabilities, given).tolist() == [-1, -1, -1, -1, 1]
    assert confident_issues(probabilities[:2], given[:2]).tolist() == [-1, -1]


@given(st.lists(st.tuples(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.integers(0, 2)), min_size=3, max_size=15))
def test_confident_issues_are_those_of_confident_learning(rows):
    raw, given = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    p = raw / raw.sum(axis=1, keepdims=True)
    thresholds = [p[given == k, k].mean() if (given == k).any() else 2.0 for k in range(3)]
    for at, found in enumerate(confident_issues(p, given)):
        confident = [k for k in range(3) if p[at, k] >= thresholds[k]]
        best = max(confident, key=lambda k: (p[at, k], -k)) if confident else -1
        assert found == (best if best != given[at] else -1)


def test_planted_label_errors_come_first(tmp_path):
    documents = [report(str(n), n) for n in range(8)]
    wrong = documents[0]
    spoiled = [
        replace(s, label="MEASURE") if s.text == "" and s.label == "PROBLEM" and s.start < 60 else s for s in wrong.spans
    ]
    changed = next(s for s in spoiled if s.label == "MEASURE" and "不足" in wrong.text[s.start : s.end])
    first = next(s for s in spoiled if s.label == "METRIC")
    spoiled[spoiled.index(first)] = replace(first, start=first.start + 2)
    issues = find_issues([wrong.with_spans(spoiled), *documents[1:]], count=2)
    found = {(issue.layer, issue.start): issue for issue in issues}
    assert found["statement", changed.start].proposed == "PROBLEM"
    assert found["statement", changed.start].given == "MEASURE"
    metric = next(issue for issue in issues if issue.layer == "metric" and issue.report == wrong.id)
    assert metric.proposed == wrong.text[first.start : first.end]
    assert issues == sorted(issues, key=lambda issue: issue.margin)
    with pytest.raises(EvaluationError, match="2 reports for 5 folds"):
        find_issues(documents[:2])
