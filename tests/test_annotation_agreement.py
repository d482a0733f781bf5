"""Coefficients against published examples; gold, disputes and decisions of a pulled folder."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from annotation import agreement, coefficients, gold
from annotation.adjudicate import _decision, tasks
from annotation.coefficients import alpha, cohen, fleiss, unitizing_alpha, with_gaps
from annotation.disagreements import page
from annotation.pull import Outcome, update_gold
from annotation.store import CANCELLED, EMPTY, SUBMITTED, Revision, Store, Text
from annotation.tasks import read_jsonl
from fazhi.document import Span
from fazhi.errors import InputError
from fazhi.web.regions import Annotation, Region, to_results

TEXT = "一是开展培训3期😀，办结5件。\n人员不足。"
MEASURE, METRIC, PROBLEM = (2, 9, "MEASURE"), (10, 14, "METRIC"), (16, 20, "PROBLEM")


def test_cohen_of_a_worked_example():
    # 50 grant proposals: 20 yes-yes, 15 no-no, 5 and 10 that differ: observed .7, expected .5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen(pairs) == pytest.approx(0.4)


def test_fleiss_of_the_example_with_fourteen_raters():
    # ten subjects, fourteen raters, five categories (the example in Wikipedia's article on Fleiss' kappa): 0.210
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    items = [[c for c, n in enumerate(row) for _ in range(n)] for row in table]
    assert fleiss(items) == pytest.approx(0.210, abs=5e-4)


def test_alpha_of_krippendorffs_example():
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: four observers, gaps, nominal: 0.743
    rows = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 ."]
    columns = zip(*(row.split() for row in rows), strict=True)
    assert alpha([v for v in column if v != "."] for column in columns) == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize("coefficient", [cohen, fleiss, alpha])
def test_what_is_not_defined_is_none(coefficient):
    assert coefficient([]) is None
    assert coefficient([("O", "O")] * 3) is None


INTERVALS = st.lists(st.integers(0, 30), max_size=6, unique=True).map(
    lambda xs: list(zip(*[iter(sorted(xs))] * 2, strict=False))
)


@given(INTERVALS, INTERVALS)
def test_unitizing_alpha_by_its_definition(one, other):
    units = [with_gaps(sorted(x), 30) for x in (one, other)]
    slow = sum(coefficients._difference(a, b) for a in units[0] for b in units[1]) * 2 / (2 * 30**2)
    assert coefficients._observed(units, 30) == pytest.approx(slow)
    value = unitizing_alpha([{"c": one}, {"c": other}], 30)
    assert value is None if not one + other else value <= 1
    if one:
        assert unitizing_alpha([{"c": one}, {"c": one}], 30) == pytest.approx(1)


def test_unitizing_alpha_by_hand():
    # length 10, one unit [2, 4) against [3, 5): observed ((2-3)² + (4-5)²) · 2 / (2 · 10²) = .02
    # expected: 2/10 · Σ over both units of (1/3 · (16 - 12 + 2) + 4 · Σ over gaps g ≥ 2 of (g - 1)) / (20 · 19 - 2 · 2)
    # gaps 2, 6, 3, 5: Σ (g - 1) = 12, so each unit gives 2 + 48 = 50; 0.2 · 100 / 376
    assert unitizing_alpha([{"c": [(2, 4)]}, {"c": [(3, 5)]}], 10) == pytest.approx(1 - 0.02 / (0.2 * 100 / 376))


def results(*marks):
    regions = [
        Region(f"r{i}", Span(a, b, label, "metric" if label == "METRIC" else "statement"))
        for i, (a, b, label) in enumerate(marks)
    ]
    return to_results(TEXT, Annotation(tuple(regions)))


def revision(number, person, *marks, status=SUBMITTED, updated="2026-01-01T00:00:00Z", raw=None):
    return Revision(1, 7, number, "k", person, status, updated, 3.5, results(*marks) if raw is None else raw)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    made.texts["k"] = Text("k", "清溪", 0, len(TEXT), TEXT, {"title": "报告", "year": 2023})
    return made


def test_all_agree_is_gold_with_attributes_and_annotators(store):
    raw = results(MEASURE, METRIC)
    raw.append({"id": "r0", "from_name": "status", "to_name": "text", "type": "choices", "value": {"choices": ["done"]}})
    store.revisions = [revision(1, "a@x", raw=raw), revision(2, "b@x", METRIC, MEASURE)]
    (document,) = gold.make(store, 2).documents
    assert [(s.start, s.end, s.label, s.text) for s in document.spans] == [(*MEASURE, "开展培训3期😀"), (*METRIC, "办结5件")]
    assert document.meta["annotation"]["annotators"] == ["a@x", "b@x"]
    assert document.meta["annotation"]["attributes"] == [{"span": list(MEASURE), "status": ["done"]}]


def test_cancelled_empty_and_unfinished_are_told_apart(store):
    store.revisions = [revision(1, "a@x", status=CANCELLED)]
    assert gold.make(store).open == {"清溪": "finished by 0 of 1"}
    store.revisions.append(revision(2, "b@x", status=EMPTY))
    assert [d.spans for d in gold.make(store).documents] == [()]
    assert gold.make(store, 2).open == {"清溪": "finished by 1 of 2"}


def test_the_newest_revision_of_an_annotation_counts(store):
    store.revisions = [revision(1, "a@x", METRIC, updated="2026-01-02"), revision(1, "a@x", MEASURE, updated="2026-01-01")]
    (document,) = gold.make(store).documents
    assert [s.label for s in document.spans] == ["METRIC"]


@pytest.mark.parametrize("mark", [(0, 9, "MEASURE"), (2, 10, "MEASURE"), (10, 20, "METRIC")])
def test_borders_off_the_clauses_keep_a_text_from_being_gold(store, mark):
    store.revisions = [revision(1, "a@x", mark)]
    made = gold.make(store)
    assert not made.documents
    assert made.open == {"清溪": "it breaks the guideline; mend it in Label Studio"}
    assert "清溪, task 7, annotation 1 by a@x, line 1: " in made.faults[0]


def test_a_dispute_is_pushed_decided_and_merged(store):
    store.revisions = [revision(1, "a@x", MEASURE, METRIC), revision(2, "b@x", METRIC, PROBLEM)]
    assert "people differ" in gold.make(store).open["清溪"]
    first, second = list(tasks(store))
    assert [first["data"][name] for name in ("from", "to", "question")] == [0, 9, "请裁定：一是开展培训3期😀"]
    assert [p["model_version"] for p in first["predictions"]] == ["a@x", "b@x"]
    assert (len(first["predictions"][0]["result"]), first["predictions"][1]["result"]) == (1, [])
    for task, person in ((first, 0), (second, 1)):
        answer = {"result": task["predictions"][person]["result"], "updated_at": "2026-02-01"}
        decision, fault = _decision(store, task["data"], answer, "judge@x")
        assert (fault, decision.annotator) == ("", "judge@x")
        store.decisions.append(decision)
    assert not list(tasks(store))
    store.save()
    (document,) = gold.make(Store.load(store.folder), 2).documents
    assert {(s.start, s.end, s.label) for s in document.spans} == {MEASURE, METRIC, PROBLEM}


def test_a_decision_that_breaks_the_guideline_is_refused(store):
    store.revisions = [revision(1, "a@x", MEASURE), revision(2, "b@x")]
    (task,) = tasks(store)
    _, fault = _decision(store, task["data"], {"result": results((0, 9, "MEASURE")), "updated_at": ""}, "judge@x")
    assert "is not the clause" in fault


def test_earlier_gold_is_kept_unless_forced(store):
    store.revisions = [revision(1, "a@x", METRIC)]
    update_gold(store, Outcome())
    store.revisions.append(revision(1, "a@x", MEASURE, updated="2026-03-01"))
    outcome = Outcome()
    update_gold(store, outcome)
    assert outcome.gold_kept == ["清溪"]
    assert [s.label for d in read_jsonl(store.folder / "gold.jsonl") for s in d.spans] == ["METRIC"]
    update_gold(store, outcome, force=True)
    assert [s.label for d in read_jsonl(store.folder / "gold.jsonl") for s in d.spans] == ["MEASURE"]
    (old,) = (store.folder / "replaced").iterdir()
    assert [s.label for d in read_jsonl(old) for s in d.spans] == ["METRIC"]


def test_parts_are_put_together_and_a_missing_one_is_seen(store):
    cut = TEXT.index("\n") + 1
    store.texts = {
        "k": replace(store.texts["k"], text=TEXT[:cut]),
        "l": replace(store.texts["k"], key="l", start=cut, text=TEXT[cut:]),
    }
    store.revisions = [revision(1, "a@x", METRIC)]
    assert gold.make(store).open == {"清溪": "finished by 0 of 1"}
    moved = to_results(TEXT[cut:], Annotation((Region("p", Span(0, 4, "PROBLEM", "statement")),)))
    store.revisions.append(replace(revision(2, "a@x", raw=moved), key="l", task=8))
    (document,) = gold.make(store).documents
    assert (document.text, [(s.start, s.end, s.label) for s in document.spans]) == (TEXT, [METRIC, PROBLEM])
    del store.texts["k"]
    assert gold.make(store).open == {"清溪": "some of its sections are not finished"}


def test_measures_and_page_of_two_annotators(store):
    store.revisions = [revision(1, "a@x", MEASURE, METRIC), revision(2, "b@x", METRIC, PROBLEM)]
    texts = agreement.shared_texts(store)
    measured = agreement.measure(texts)
    assert (measured["clauses"], measured["annotators"]) == (3, ["a@x", "b@x"])
    assert measured["f1"]["a@x / b@x"]["METRIC"] == {"strict": 1.0, "overlap": 1.0}
    assert measured["f1"]["a@x / b@x"]["PROBLEM"] == {"strict": 0.0, "overlap": 0.0}
    assert measured["unitizing_alpha"]["METRIC"] == 1.0
    assert measured["reports"]["清溪"]["strict_f1"] == 0.5
    html = "".join(page(texts, measured))
    assert "标注分歧：2 处" in html
    assert '<mark class="MEASURE" title="举措" data-at="2-9">开展培训3期😀</mark>' in html


def test_overlap_counts_what_strict_does_not():
    one, other = [Span(0, 5, "METRIC")], [Span(3, 8, "METRIC"), Span(9, 12, "METRIC")]
    assert agreement.strict(one, other).value == 0
    assert agreement.overlap(one, other).value == pytest.approx(2 / 3)


def test_the_command_writes_both_files_and_explains_itself(store):
    store.revisions = [revision(1, "a@x", METRIC)]
    store.save()
    app = agreement.typer.Typer()
    app.command()(agreement.main)
    failed = CliRunner().invoke(app, ["--pulled", str(store.folder)])
    assert (failed.exit_code, "no text was finished by two people" in failed.output) == (2, True)
    store.revisions.append(revision(2, "b@x", METRIC))
    store.save()
    assert CliRunner().invoke(app, ["--pulled", str(store.folder)]).exit_code == 0
    assert json.loads((store.folder / "agreement.json").read_text())["clauses"] == 3
    assert "标注分歧：0 处" in (store.folder / "disagreements.html").read_text()


def test_a_damaged_folder_names_the_line(store):
    store.save()
    (store.folder / "decisions.jsonl").write_text('{"key": "k"}\n')
    with pytest.raises(InputError, match=r"decisions\.jsonl:1: no decision"):
        Store.load(store.folder)
