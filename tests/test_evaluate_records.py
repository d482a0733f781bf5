"""Record scores on small hand-made records."""

import json

import pytest

from evaluate.recordalign import predicted_records, read_gold, record, records_on_gold_spans
from evaluate.records import known_steps, record_scores, scores, step_counts, whole_records
from evaluate.spans import Counts
from evaluate.strategies import make_pair
from evaluate.totals import compare_totals, indicator_accuracy
from fazhi.errors import EvaluationError


def quantity(value, unit="件", bound="exact", **more):
    return {"value": value, "unit": unit, "kind": "count", "bound": bound, **more}


def metric(start, end, *quantities, **fields):
    return record({"span": [start, end], "quantities": list(quantities), **fields})


GOLD = {"r": [metric(0, 9, quantity(57)), metric(10, 15, quantity(100, bound="over"), quantity(3, "场"))]}


def test_perfect_records():
    result = scores(GOLD, GOLD)
    assert result["steps"]["bound"]["f1"] == 1.0
    assert result["whole"]["f1"] == 1.0
    assert result["totals"]["exact"] == 1.0
    assert result["totals"]["median_error"] == 0.0


def test_steps_ask_for_more_and_more():
    found = {"r": [metric(0, 9, quantity(57, "宗")), metric(10, 15, quantity(100), quantity(3, "场"))]}
    counts = step_counts(GOLD, found)
    assert counts["value"] == Counts(3, 3, 3)
    assert counts["unit"] == Counts(2, 3, 3)
    assert counts["bound"] == Counts(1, 3, 3)
    assert whole_records(GOLD, found) == Counts(0, 2, 2)


def test_fields_that_gold_does_not_tell_are_undefined():
    assert known_steps(GOLD) == ["value", "unit", "bound"]
    assert step_counts(GOLD, GOLD)["period"] is None
    assert scores(GOLD, GOLD)["indicator"] == {"records": 0, "accuracy": None}


def test_indicator_period_and_status_count_where_told():
    truth = {"r": [metric(0, 9, quantity(5), indicator="受理申请", period="2023", status="actual", indicator_code="x")]}
    good = {"r": [metric(0, 9, quantity(5), indicator="受理 申请", period="2023", status="actual", indicator_code="x")]}
    bad = {"r": [metric(0, 9, quantity(5), indicator="受理申请", period="2022", status="actual", indicator_code="y")]}
    assert step_counts(truth, good)["status"] == Counts(1, 1, 1)
    assert step_counts(truth, bad)["indicator"] == Counts(1, 1, 1)
    assert step_counts(truth, bad)["period"] == Counts(0, 1, 1)
    assert step_counts(truth, bad)["status"] == Counts(0, 1, 1)
    assert indicator_accuracy(truth, good)["accuracy"] == 1.0
    assert indicator_accuracy(truth, bad)["accuracy"] == 0.0


def test_a_border_slightly_off_keeps_the_value_but_not_the_whole_record():
    found = {"r": [metric(2, 9, quantity(57))]}
    assert step_counts(GOLD, found)["value"] == Counts(1, 1, 3)
    assert whole_records(GOLD, found) == Counts(0, 1, 2)


def test_values_are_used_once_and_ranges_compare_their_limits():
    truth = {"r": [metric(0, 9, quantity(5), quantity(5))]}
    assert step_counts(truth, {"r": [metric(0, 9, quantity(5))]})["value"] == Counts(1, 1, 2)
    span = {"r": [metric(0, 9, quantity(None, low=3, high=5))]}
    assert step_counts(span, span)["value"] == Counts(1, 1, 1)
    assert step_counts(span, {"r": [metric(0, 9, quantity(None, low=3, high=6))]})["value"] == Counts(0, 1, 1)


def test_a_wrong_kind_spoils_the_whole_record():
    found = {"r": [metric(0, 9, quantity(57) | {"kind": "money"})]}
    assert whole_records({"r": GOLD["r"][:1]}, found) == Counts(0, 1, 1)


def test_totals_are_compared_by_unit():
    found = {"r": [metric(0, 9, quantity(57)), metric(10, 15, quantity(43))]}
    result = compare_totals(GOLD, found)
    by_unit = {row["unit"]: row for row in result["rows"]}
    assert by_unit["件"]["error"] == pytest.approx((100 - 157) / 157)
    assert by_unit["场"]["error"] == -1.0
    assert result["exact"] == 0.0


def test_source_offsets_and_reports_without_gold():
    place = {"start": 0, "end": 5, "source_start": 10, "source_end": 15}
    assert record({"span": place}).span.start == 0
    assert record({"span": place}, source=True).span.start == 10
    pair = make_pair([], [], "字" * 20)
    assert predicted_records([pair], GOLD) == {"r": []}
    assert predicted_records([pair], {}) == {}


def test_records_are_built_from_gold_spans():
    text = "受理复议申请57件，办结52件。"
    pair = make_pair([(0, 9, "METRIC"), (10, 15, "METRIC")], [], text)
    built = records_on_gold_spans([pair], GOLD)["r"]
    assert [item.quantities[0]["value"] for item in built] == [57, 52]
    result = record_scores([pair], GOLD)
    assert result["gold_spans"]["steps"]["value"]["correct"] == 1
    assert "predicted" not in result  # the predictions came without records


def test_gold_records_for_other_reports_are_refused():
    with pytest.raises(EvaluationError, match="none of the reports"):
        record_scores([make_pair([], [], "字")], {"other": []})


@pytest.mark.parametrize("content", ["no json", "[1]", '{"r": [{"text": "57"}]}', '{"r": [{"span": [1]}]}', '{"r": 5}'])
def test_broken_gold_records_are_a_clear_error(tmp_path, content):
    path = tmp_path / "records.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"records.json: holds no gold records"):
        read_gold(path)


def test_gold_records_are_read(tmp_path):
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"r": [{"span": [0, 9], "quantities": [quantity(57)]}]}), encoding="utf-8")
    assert read_gold(path)["r"][0] == GOLD["r"][0]
    with pytest.raises(EvaluationError, match="there is no such file"):
        read_gold(tmp_path / "nowhere.json")
