"""The commands: run, compare, leaderboard, learning — on invented reports and the rules baseline."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from evaluate import compare, leaderboard, learning, run
from evaluate.report import html, markdown, marked
from evaluate.results import evaluate
from evaluate.run import Request
from evaluate.strategies import make_pair, pairs
from evaluate.tables import parts, texts
from fazhi.document import Document, Span
from fazhi.errors import EvaluationError
from fazhi.writers import write_jsonl

TEXT = "一、主要举措\n组织开展宪法宣讲，受理复议申请{}件，办结{}件。\n二、存在问题\n一是执法力量薄弱。\n"


def gold_report(number):
    text = TEXT.format(50 + number, 40 + number)
    phrases = (("组织开展宪法宣讲", "MEASURE"), (f"受理复议申请{50 + number}件", "METRIC"), ("执法力量薄弱", "PROBLEM"))
    spans = [Span(text.index(p), text.index(p) + len(p), label) for p, label in phrases]
    return Document(f"清溪-{number}", text, {"year": 2020 + number, "issuer_kind": "county"}).with_spans(spans)


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.jsonl"
    write_jsonl([gold_report(n) for n in range(4)], path)
    return path


def invoke(command, *arguments):
    import typer

    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_run_with_a_model_writes_everything(gold, tmp_path):
    out = tmp_path / "out"
    result = invoke(
        run.main, "--model", "rules", "--gold", gold, "--out", out, "--robustness", "--dev-gold", gold, "--train", gold
    )
    assert result.exit_code == 0, result.output
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["strict"]["labels"]["MEASURE"]["f1"] == 1.0
    assert results["strict"]["labels"]["METRIC"] | {"f1": 0} == {
        "correct": 4, "predicted": 8, "gold": 4, "precision": 0.5, "recall": 1.0, "f1": 0,
    }  # fmt: skip
    assert results["robustness"]["original"]["difference"]["METRIC"] == 0
    assert results["slices"]["phrase"]["seen"]["PROBLEM"]["gold"] == 4
    assert "清溪-0" in results["per_report"]
    again = invoke(run.main, "--pred", out / "predictions.jsonl", "--gold", gold, "--out", tmp_path / "again")
    assert again.exit_code == 0
    repeated = json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8"))
    assert repeated["strict"] == results["strict"]
    assert {path.name for path in out.iterdir()} == {"results.json", "report.html", "summary.md", "predictions.jsonl"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs --model or --pred"),
        (["--model", "rules", "--pred", "GOLD"], "needs --model or --pred"),
        (["--pred", "nowhere.jsonl"], "nowhere.jsonl: there is no such file"),
        (["--pred", "GOLD", "--records", "nowhere.json"], "nowhere.json: there is no such file"),
        (["--pred", "GOLD", "--dev-gold", "GOLD"], "--dev-gold: there are no predictions"),
        (["--pred", "GOLD", "--learning", "nowhere.json"], "holds no learning curve"),
    ],
)
def test_bad_requests_are_one_line(gold, tmp_path, arguments, message):
    filled = [gold if argument == "GOLD" else argument for argument in arguments]
    result = invoke(run.main, *filled, "--gold", gold, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out" / "results.json").exists()


def score(gold, tmp_path, name, drop=None):
    """Evaluate the gold itself, or the gold without one label, as predictions."""
    documents = [gold_report(n) for n in range(4)]
    kept = [document.with_spans(s for s in document.spans if s.label != drop) for document in documents]
    path = tmp_path / f"{name}.jsonl"
    write_jsonl(kept, path)
    return run.run(Request(gold=gold, out=tmp_path / name, pred=path))[0]


def test_compare(gold, tmp_path):
    score(gold, tmp_path, "all")
    score(gold, tmp_path, "less", drop="PROBLEM")
    result = invoke(compare.main, tmp_path / "less", tmp_path / "all", "--out", tmp_path / "table.md")
    assert result.exit_code == 0, result.output
    rows = compare.compare(*(compare.read_results(tmp_path / name) for name in ("less", "all")))
    assert rows["PROBLEM"]["difference"] == 1.0
    assert rows["PROBLEM"]["randomisation_p"] == 2 / 16
    assert rows["METRIC"]["difference"] == 0.0
    assert "| PROBLEM | 0.0 | 100.0 | +100.0 |" in (tmp_path / "table.md").read_text(encoding="utf-8")


def test_compare_refuses_other_gold(gold, tmp_path):
    first = score(gold, tmp_path, "all")
    other = json.loads(json.dumps(first))
    other["per_report"]["清溪-9"] = other["per_report"].pop("清溪-0")
    with pytest.raises(EvaluationError, match="is in one of them only"):
        compare.compare(first, other)
    other = json.loads(json.dumps(first))
    other["per_report"]["清溪-0"]["METRIC"][2] += 1
    with pytest.raises(EvaluationError, match="has other gold spans"):
        compare.compare(first, other)


@pytest.mark.parametrize(
    ("content", "message"), [("{}", "holds no results"), ('{"version": 0}', "has version 0"), ("x", "holds no")]
)
def test_compare_refuses_what_is_no_result(tmp_path, content, message):
    (tmp_path / "results.json").write_text(content, encoding="utf-8")
    result = invoke(compare.main, tmp_path, tmp_path)
    assert result.exit_code == 2
    assert message in result.output
    assert invoke(compare.main, tmp_path / "nowhere", tmp_path).exit_code == 2


def test_the_leaderboard_keeps_no_absolute_path(gold, tmp_path):
    results = score(gold, tmp_path, "one", 0) | {"model": str(tmp_path / "spacy"), "gold": "../shared/gold/spans.jsonl"}
    entry = leaderboard.kept(results, "one")
    assert (entry["model"], entry["gold"]) == ("spacy", "../shared/gold/spans.jsonl")
    entry = leaderboard.kept(results | {"model": "models/fazhi-small", "gold": str(tmp_path / "spans.jsonl")}, "one")
    assert (entry["model"], entry["gold"]) == ("models/fazhi-small", "spans.jsonl")


def test_leaderboard_ranks_and_keeps_no_names(gold, tmp_path, monkeypatch):
    monkeypatch.setattr(leaderboard, "SCORES", tmp_path / "scores")
    for name, drop in (("best", None), ("worse", "PROBLEM")):
        path = leaderboard.add(score(gold, tmp_path, name, drop), name, f"note {name}", tmp_path / "scores")
        assert "清溪" not in path.read_text(encoding="utf-8")
    assert invoke(leaderboard.main, "--out", tmp_path / "board.md").exit_code == 0
    page = (tmp_path / "board.md").read_text(encoding="utf-8")
    assert page.index("| best | 100.0 (100.0–100.0)") < page.index("| worse |")
    assert "| 0.125 | note worse |" in page


def test_learning_curve(gold, tmp_path):
    score(gold, tmp_path, "few", drop="PROBLEM")
    score(gold, tmp_path, "many")
    runs = [f"10={tmp_path / 'few'}", f"20={tmp_path / 'many'}", f"20={tmp_path / 'few'}"]
    result = invoke(learning.main, *runs, "--out", tmp_path / "curve")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "curve" / "learning.json").read_text(encoding="utf-8"))
    assert found["PROBLEM"] == [[10, 0.0, 0.0, 0.0], [20, 0.5, 0.0, 1.0]]
    assert (tmp_path / "curve" / "learning.svg").read_text(encoding="utf-8").startswith("<svg xmlns=")
    request = Request(gold=gold, out=tmp_path / "shown", pred=gold, learning=tmp_path / "curve" / "learning.json")
    assert run.run(request)[0]["learning"] == found
    assert "Learning curve" in (tmp_path / "shown" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(EvaluationError, match="is not NUMBER=FOLDER"):
        learning.parse(["fifty"])


# --- the page ---


@settings(max_examples=20)
@given(st.lists(pairs(), min_size=1, max_size=2, unique_by=id))
def test_any_result_can_be_shown(examples):
    results = evaluate(
        [
            make_pair(
                [(s.start, s.end, s.label) for s in e.gold],
                [(s.start, s.end, s.label, s.score) for s in e.predicted],
                e.text,
                f"r{n}",
            )
            for n, e in enumerate(examples)
        ]
    )
    page = html(results)
    assert page.count("<svg") == page.count('role="img"')
    assert markdown(results).startswith("# Evaluation")


def test_the_page_is_self_contained_and_in_two_languages(gold, tmp_path):
    score(gold, tmp_path, "less", drop="PROBLEM")
    page = (tmp_path / "less" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert not re.search(r"https?://", page)
    assert 'data-speak="zh"' in page
    assert 'data-speak="en"' in page
    assert page.count('class="zh"') == page.count('class="en"')
    assert '<mark class="gold">执法力量薄弱</mark>' in page
    assert "undefined" in page
    assert all(f'aria-label="{label}' for label in re.findall(r"<svg[^>]*>", page))


def test_text_of_reports_is_escaped():
    example = make_pair([(0, 8, "METRIC")], [(4, 8, "METRIC", 0.5)], "<b>57</b>件。")
    page = html(evaluate([example]))
    assert "<b>57" not in page
    assert "&lt;b&gt;" in page


def test_marks_tell_gold_from_prediction():
    mistake = {"sentence": "共办结52件。", "at": 10}
    mistake |= {"gold": {"label": "METRIC", "start": 11, "end": 16}, "predicted": {"label": "METRIC", "start": 10, "end": 16}}
    expected = '<span lang="zh-Hans"><mark class="pred">共</mark><mark class="gold pred">办结52件</mark>。</span>'
    assert str(marked(mistake)) == expected


def test_every_word_has_both_languages_and_every_part_its_words():
    for key, words in texts().items():
        assert set(words) == {"zh", "en"}, key
    results = evaluate([make_pair([(0, 2, "METRIC")], [(0, 2, "METRIC", 0.9)])])
    for part in parts(results):
        assert {part.key, f"{part.key}_note"} <= set(texts())
        for table in part.tables:
            assert table.caption in texts(), table.caption
            assert all(key in texts() for key, _ in table.columns if key not in ("O",)), table.columns
            assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_thousand_reports_take_less_than_a_minute():
    document = gold_report(0)
    text = document.text * 60
    spans = [
        (s.start + n * len(document.text), s.end + n * len(document.text), s.label) for n in range(60) for s in document.spans
    ]
    predicted = [(*span, 0.9) for n, span in enumerate(spans) if n % 5]
    examples = [make_pair(spans, predicted, text, f"r{n}") for n in range(100)]
    start = time.process_time()
    html(evaluate(examples))
    assert time.process_time() - start < 6  # seconds of one core for a tenth of the reports
