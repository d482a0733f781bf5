"""The scorer: strict matching, pairing, and agreement with seqeval."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.iob import assert_agreement, characters, seqeval_scores, stretches
from evaluate.pairs import Pair, pair_up, read_documents
from evaluate.spans import Counts, by_label, by_layer, count, macro, micro, percent
from evaluate.strategies import TEXT, make_pair, pairs
from fazhi.document import Document, Span
from fazhi.errors import EvaluationError
from fazhi.schema import Schema, default_schema
from fazhi.tagging import decode, encode


def test_hand_counted_example():
    gold = [(10, 16, "MEASURE"), (17, 26, "METRIC"), (27, 32, "METRIC"), (38, 46, "PROBLEM")]
    predicted = [(10, 16, "MEASURE"), (17, 26, "METRIC"), (27, 31, "METRIC"), (38, 46, "MEASURE")]
    scores = by_label([make_pair(gold, predicted)])
    assert scores == {"MEASURE": Counts(1, 2, 1), "PROBLEM": Counts(0, 0, 1), "METRIC": Counts(1, 2, 2)}
    assert scores["MEASURE"].precision == 0.5
    assert scores["MEASURE"].recall == 1.0
    assert scores["MEASURE"].f1 == pytest.approx(2 / 3)
    assert by_layer(scores) == {"statement": Counts(1, 2, 2), "metric": Counts(1, 2, 2)}
    assert micro(scores) == Counts(2, 4, 4)
    assert macro(scores) == pytest.approx({"precision": (0.5 + 0 + 0.5) / 3, "recall": 0.5, "f1": (2 / 3 + 0 + 0.5) / 3})


def test_one_character_off_is_wrong_on_both_sides():
    scores = by_label([make_pair([(17, 26, "METRIC")], [(16, 26, "METRIC")])])
    assert scores["METRIC"] == Counts(0, 1, 1)
    assert scores["METRIC"].f1 == 0.0


def test_empty_gold_label_is_undefined_not_zero():
    scores = by_label([make_pair([(17, 26, "METRIC")], [(38, 46, "PROBLEM")])])
    assert scores["PROBLEM"].recall is None
    assert scores["PROBLEM"].f1 is None
    assert scores["PROBLEM"].precision == 0.0
    assert scores["MEASURE"].precision is None
    assert percent(scores["MEASURE"].f1) == "undefined"
    assert scores["MEASURE"].to_json() == dict.fromkeys(("correct", "predicted", "gold"), 0) | dict.fromkeys(
        ("precision", "recall", "f1")
    )
    assert macro(scores)["f1"] == 0.0  # METRIC alone has gold
    assert macro({"X": Counts()}) == {"precision": None, "recall": None, "f1": None}


def test_groups_leave_out_what_has_none():
    counts = count(
        [make_pair([(10, 16, "MEASURE"), (17, 26, "METRIC")], [(17, 26, "METRIC")])],
        lambda _, span: "long" if span.end - span.start > 6 else None,
    )
    assert counts == {"long": Counts(1, 1, 1)}


@given(pairs())
def test_counts_are_symmetric_and_bounded(example):
    forward = by_label([example])
    backward = by_label([Pair("r", example.text, example.predicted, example.gold)])
    for label, counts in forward.items():
        assert counts == Counts(backward[label].correct, backward[label].gold, backward[label].predicted)
        assert counts.correct <= min(counts.predicted, counts.gold)


@given(pairs())
def test_perfect_predictions_score_one(example):
    for counts in by_label([example.swapped(example.gold)]).values():
        assert counts.f1 in (None, 1.0)
        assert counts.correct == counts.gold


@settings(max_examples=200)
@given(st.lists(pairs(), min_size=1, max_size=4))
def test_agrees_with_seqeval_over_characters(examples):
    theirs = seqeval_scores(examples, by_character=True)
    for label, counts in by_label(examples).items():
        if counts.predicted or counts.gold:
            mine = (counts.precision or 0.0, counts.recall or 0.0, counts.f1 or 0.0, counts.gold)
            assert mine == pytest.approx(theirs[label])
        else:
            assert label not in theirs


@given(st.lists(pairs(), min_size=1, max_size=3))
def test_stretches_give_seqeval_the_same_scores_as_characters(examples):
    assert seqeval_scores(examples) == seqeval_scores(examples, by_character=True)


@given(pairs())
def test_spans_to_characters_and_back_is_the_identity(example):
    for layer in default_schema().layers:
        for units in (characters(example), stretches(example)):
            tags, inexact = encode(example.gold, units, layer)
            assert not inexact
            assert decode(tags, units, layer) == [replace(s, score=None) for s in example.gold if s.layer == layer.name]


def test_disagreement_with_seqeval_is_an_error():
    example = make_pair([(17, 26, "METRIC")], [(17, 26, "METRIC")])
    assert_agreement([example], by_label([example]))
    with pytest.raises(EvaluationError, match="seqeval"):
        assert_agreement([example], {"METRIC": Counts(0, 1, 1)})


def test_a_new_label_needs_only_a_schema():
    schema = Schema.from_json([{"name": "money", "unit": "token", "labels": ["BUDGET"]}])
    document = Document("r", TEXT, spans=(Span(1, 3, "BUDGET"),))
    assert by_label(pair_up([document], [document], schema), schema) == {"BUDGET": Counts(1, 1, 1)}


# --- pairing and bad input ---


def documents(*ids, text=TEXT, spans=()):
    return [Document(name, text, spans=tuple(spans)) for name in ids]


def test_predictions_come_in_any_order():
    found = pair_up(documents("a", "b"), documents("b", "a"))
    assert [p.id for p in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (documents("a", "b"), documents("a"), "predictions: lack 1 report.* such as b"),
        (documents("a"), documents("a", "b"), "gold: lack 1 report"),
        ([], documents("a"), "gold: holds no document"),
        (documents("a"), documents("a", spans=[Span(0, 2, "RISK")]), "predictions, report a: unknown label 'RISK'"),
        (
            documents("a", spans=[Span(0, 5, "MEASURE"), Span(4, 8, "PROBLEM")]),
            documents("a"),
            r"gold, report a: PROBLEM \[4, 8\) overlaps MEASURE \[0, 5\); spans of layer statement",
        ),
        (
            documents("a"),
            documents("a", spans=[Span(0, 5, "METRIC"), Span(0, 5, "METRIC")]),
            r"overlaps METRIC \[0, 5\)",
        ),
        (documents("a"), documents("a", text="别的文字"), "report a: the texts differ"),
        (documents("a"), documents("a", text="别的文字", spans=[Span(0, 2, "METRIC")]), "has no source_start"),
        (
            documents("a"),
            documents("a", text="别的文字", spans=[Span(0, 2, "METRIC", text="别的", source_start=0, source_end=2)]),
            "predicted '别的' is '一、'",
        ),
    ],
)
def test_bad_pairs_are_refused(gold, predicted, message):
    with pytest.raises(EvaluationError, match=message):
        pair_up(gold, predicted)


def test_layers_may_overlap_each_other():
    spans = [Span(0, 5, "MEASURE"), Span(2, 5, "METRIC")]
    assert pair_up(documents("a", spans=spans), documents("a"))[0].gold[1].layer == "metric"


def test_source_offsets_count_where_the_texts_differ():
    raw = "　　受理申请　５７件。"
    gold = [Document("a", raw, spans=(Span(2, 10, "METRIC"),))]
    clean = Document("a", "受理申请57件。", spans=(Span(0, 7, "METRIC", text="受理申请57件", source_start=2, source_end=10),))
    found = pair_up(gold, [clean])[0]
    assert by_label([found])["METRIC"] == Counts(1, 1, 1)
    assert found.predicted[0].text == raw[2:10]


def test_a_known_source_needs_no_span_to_be_recognised():
    raw = "　　受理申请　５７件。"
    gold = [Document("a", raw, spans=(Span(2, 10, "METRIC"),))]
    meta = {"sha256": hashlib.sha256(raw.encode()).hexdigest()}
    assert pair_up(gold, [Document("a", "受理申请57件。", meta=meta)])[0].predicted == ()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"id": "a"}'], "gold.jsonl:1: the field 'text' is missing"),
        (["", "not json"], "gold.jsonl:2: "),
        (['{"id": "a", "text": "短", "spans": [[0, 9, "METRIC"]]}'], "gold.jsonl:1: .*outside the text"),
        (['{"id": "a", "text": "短"}'] * 2, "the id 'a' stands twice"),
        ([], "holds no document"),
        (["[1, 2]"], "gold.jsonl:1: "),
        (['{"id": "a", "text": "短", "spans": [[0, "METRIC"]]}'], "gold.jsonl:1: "),
    ],
)
def test_broken_files_name_the_line(tmp_path, lines, message):
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(EvaluationError, match=message):
        read_documents(path)


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(EvaluationError, match="there is no such file"):
        read_documents(tmp_path / "nowhere.jsonl")


def test_short_and_long_span_forms_are_read(tmp_path):
    path = tmp_path / "gold.jsonl"
    long = {"label": "METRIC", "start": 17, "end": 26, "layer": "metric"}
    lines = [{"id": "a", "text": TEXT, "spans": [[17, 26, "METRIC"]]}, {"id": "b", "text": TEXT, "spans": [long]}]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    read = read_documents(path)
    assert [(s.start, s.end, s.label) for d in read for s in d.spans] == [(17, 26, "METRIC")] * 2
