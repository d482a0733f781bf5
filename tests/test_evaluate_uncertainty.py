"""Bootstrap, paired tests, calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.bootstrap import intervals, paired_tests, to_array, with_averages
from evaluate.calibration import (
    _smoothed,
    calibration,
    calibration_error,
    rescaled,
    review_gain,
    risk_coverage,
    scored,
    span_temperature,
)
from evaluate.spans import Counts, by_label, macro, micro
from evaluate.strategies import make_pair, pairs
from fazhi.calibration import fit_temperature, negative_log_likelihood

LABELS = ["MEASURE", "PROBLEM", "METRIC"]


@given(st.lists(pairs(), min_size=1, max_size=5))
def test_totals_of_arrays_are_those_of_the_scorer(examples):
    totals = with_averages(to_array([by_label([example]) for example in examples], LABELS).sum(axis=0))
    whole = by_label(examples)
    rows = [*whole.values(), micro(whole)]
    expected = [[counts.precision, counts.recall, counts.f1] for counts in rows] + [list(macro(whole).values())]
    assert np.allclose(totals, np.array(expected, dtype=float), equal_nan=True)


def test_intervals_hold_the_score_and_narrow_with_more_reports():
    rng = np.random.default_rng(1)

    def sample(n):
        correct = rng.integers(5, 10, size=n)
        return [{"METRIC": Counts(int(c), 10, 10)} for c in correct]

    few, many = sample(8), sample(400)
    wide, narrow = (intervals(sample_, ["METRIC"])["METRIC"]["f1"] for sample_ in (few, many))
    assert wide[0] <= sum(r["METRIC"].correct for r in few) / 80 <= wide[1]
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
    assert intervals(many, ["METRIC"]) == intervals(many, ["METRIC"])


def test_no_interval_without_two_reports_or_without_gold():
    assert intervals([{"METRIC": Counts(1, 1, 1)}], ["METRIC"])["METRIC"]["f1"] is None
    assert intervals([{"METRIC": Counts(0, 1, 0)}] * 3, ["METRIC"])["METRIC"]["f1"] is None


def test_a_model_does_not_differ_from_itself():
    reports = [{"METRIC": Counts(n, 10, 10)} for n in range(10)]
    result = paired_tests(reports, reports, ["METRIC"])["METRIC"]
    assert result["difference"] == 0
    assert result["randomisation_p"] == 1.0
    assert result["bootstrap_p"] == 1.0


def test_exact_randomisation_counts_all_exchanges():
    first = [{"METRIC": Counts(5, 10, 10)}] * 5
    second = [{"METRIC": Counts(7, 10, 10)}] * 5
    result = paired_tests(first, second, ["METRIC"])
    assert result["METRIC"]["difference"] == pytest.approx(0.2)
    assert result["METRIC"]["randomisation_p"] == 2 / 32  # only all or none exchanged is as extreme
    assert result["micro"] == result["METRIC"]


def test_many_reports_make_a_clear_difference_significant():
    rng = np.random.default_rng(3)
    first = [{"METRIC": Counts(int(rng.integers(4, 7)), 10, 10)} for _ in range(60)]
    second = [{"METRIC": Counts(int(rng.integers(6, 9)), 10, 10)} for _ in range(60)]
    result = paired_tests(first, second, ["METRIC"])["METRIC"]
    assert result["randomisation_p"] < 0.01
    assert result["bootstrap_p"] < 0.01
    assert result["interval"][0] > 0
    turned = paired_tests(second, first, ["METRIC"])["METRIC"]
    assert turned["difference"] == -result["difference"]


def test_undefined_labels_have_no_test():
    reports = [{"METRIC": Counts(0, 1, 0)}] * 3
    assert paired_tests(reports, reports, ["METRIC"])["METRIC"]["randomisation_p"] is None


# --- calibration ---


def test_temperature_is_found():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(3, p=row) for row in p])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.1)
    assert fit_temperature(logits, labels) == pytest.approx(1, rel=0.1)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 1)), min_size=1, max_size=20))
def test_no_temperature_of_a_grid_is_better(rows):
    logits, labels = np.array([row[:2] for row in rows]), np.array([row[2] for row in rows])
    best = negative_log_likelihood(logits, labels, fit_temperature(logits, labels))
    assert all(best <= negative_log_likelihood(logits, labels, t) + 1e-6 for t in np.geomspace(0.05, 20, 40))


def test_a_temperature_needs_samples():
    with pytest.raises(ValueError, match="at least one"):
        fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=int))


def test_calibration_error_by_hand():
    scores, right = np.array([0.95, 0.95, 0.25, 0.25]), np.array([1.0, 0.0, 0.0, 0.0])
    assert calibration_error(scores, right) == pytest.approx((0.9 + 0.5) / 4)


def test_overconfident_scores_get_a_temperature_above_one():
    rng = np.random.default_rng(2)
    truth = rng.uniform(0.5, 1, 3000)
    right = (rng.random(3000) < truth).astype(float)
    bold = rescaled(truth, 0.4)
    temperature = span_temperature(bold, right)
    assert temperature == pytest.approx(2.5, rel=0.15)
    assert calibration_error(rescaled(bold, temperature), right) < calibration_error(bold, right)


def test_ties_share_their_errors():
    assert _smoothed(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 3.0])).tolist() == [3.0, 3.5, 4.0]


TEXT = "组织开展宣讲，受理申请57件，执法力量薄弱，办结5件。"
EXAMPLE = make_pair(
    [(0, 6, "MEASURE"), (7, 14, "METRIC"), (15, 21, "PROBLEM"), (22, 26, "METRIC")],
    [(0, 6, "MEASURE", 0.9), (9, 14, "METRIC", 0.3), (15, 21, "MEASURE", 0.6)],
    TEXT,
)


def test_risk_and_coverage():
    scores, right = scored([EXAMPLE])
    assert sorted(zip(scores, right, strict=True)) == [(0.3, 0), (0.6, 0), (0.9, 1)]
    points = risk_coverage(scores, right)
    assert [(p["coverage"], p["risk"]) for p in points] == [(0.3333, 0.0), (0.6667, 0.5), (1.0, 0.6667)]


def test_review_finds_the_errors_of_the_clauses_that_are_read():
    rows = review_gain([EXAMPLE], (0.3, 0.7, 1.0))
    # five errors: two in each of two clauses, and a miss in a clause that no prediction leads to
    assert [row["all_errors"] for row in rows] == pytest.approx([2 / 5, 4 / 5, 4 / 5])
    assert [row["wrong_spans"] for row in rows] == pytest.approx([0.5, 1.0, 1.0])


def test_without_scores_there_is_no_calibration():
    assert calibration([make_pair([(0, 6, "MEASURE")], [(0, 6, "MEASURE")], TEXT)]) is None
    assert review_gain([make_pair([(0, 6, "MEASURE")], [], TEXT)]) == []


def test_everything_right_leaves_nothing_to_review():
    perfect = make_pair([(0, 6, "MEASURE")], [(0, 6, "MEASURE", 0.8)], TEXT)
    result = calibration([perfect], [perfect])
    assert result["review"][0] == {"share": 0.05, "wrong_spans": None, "all_errors": None}
    assert result["error"] == pytest.approx(0.2)
    assert result["error_after"] < result["error"]
