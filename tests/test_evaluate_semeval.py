"""The SemEval schemes: hand-made cases, and agreement with nervaluate on random inputs."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate.entities import Entity
from nervaluate.strategies import EntityTypeEvaluation, ExactEvaluation, PartialEvaluation, StrictEvaluation

from evaluate.semeval import SCHEMES, Outcome, align, outcome, same_label, score, to_json
from evaluate.strategies import layer_spans, make_pair, pairs
from fazhi.document import Span
from fazhi.schema import default_schema

THEIRS = {"strict": StrictEvaluation, "exact": ExactEvaluation, "partial": PartialEvaluation, "type": EntityTypeEvaluation}
STATEMENTS = default_schema().layers[0]


def spans(*items):
    return [Span(start, end, label) for start, end, label in items]


def nervaluate(scheme, gold, predicted):
    """nervaluate's outcome; its ends are inclusive."""
    sides = [[Entity(span.label, span.start, span.end - 1) for span in side] for side in (gold, predicted)]
    result, _ = THEIRS[scheme]().evaluate(*sides, [])
    return Outcome(result.correct, result.incorrect, result.partial, result.missed, result.spurious)


def in_order_of_rounds(gold, predicted, scheme):
    """The predictions in the order in which our rounds align them: identical, agreeing, overlapping, lonely."""
    rows = align(gold, predicted, scheme.agrees)

    def turn(span):
        partner = next((g for g, p in rows if p is span), None)
        if partner is None:
            return 3
        identical = (partner.start, partner.end, partner.label) == (span.start, span.end, span.label)
        return 0 if identical else 1 if scheme.agrees(partner, span) else 2

    return sorted(predicted, key=lambda span: (turn(span), span.start))


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([(0, 5, "A")], [(0, 5, "A")], {name: Outcome(correct=1) for name in THEIRS}),
        (
            [(0, 5, "A")],
            [(0, 5, "B")],
            {"strict": Outcome(incorrect=1), "exact": Outcome(1), "partial": Outcome(1), "type": Outcome(incorrect=1)},
        ),
        (
            [(0, 5, "A")],
            [(1, 5, "A")],
            {"strict": Outcome(incorrect=1), "exact": Outcome(incorrect=1), "partial": Outcome(partial=1), "type": Outcome(1)},
        ),
        (
            [(0, 5, "A")],
            [(1, 6, "B")],
            {
                "strict": Outcome(incorrect=1),
                "exact": Outcome(incorrect=1),
                "partial": Outcome(partial=1),
                "type": Outcome(incorrect=1),
            },
        ),
        ([(0, 5, "A")], [(5, 9, "A")], {name: Outcome(missed=1, spurious=1) for name in THEIRS}),
        ([(0, 5, "A")], [], {name: Outcome(missed=1) for name in THEIRS}),
        ([], [(0, 5, "A")], {name: Outcome(spurious=1) for name in THEIRS}),
        ([], [], {name: Outcome() for name in THEIRS}),
    ],
)
def test_one_span_each(gold, predicted, expected):
    for scheme in SCHEMES:
        assert outcome(align(spans(*gold), spans(*predicted), scheme.agrees), scheme) == expected[scheme.name]
        assert nervaluate(scheme.name, spans(*gold), spans(*predicted)) == expected[scheme.name]


def test_an_overlapping_neighbour_does_not_take_the_gold_span_of_an_exact_match():
    gold, predicted = spans((3, 9, "A")), spans((0, 4, "A"), (4, 9, "A"))
    better = spans((3, 9, "A"))
    assert align(gold, [*predicted[:1], Span(3, 9, "A")][1:])[0] == (gold[0], better[0])
    gold = spans((0, 4, "A"), (4, 9, "A"))
    predicted = spans((1, 4, "B"), (4, 9, "A"))
    assert align(gold, predicted) == [(gold[0], predicted[0]), (gold[1], predicted[1])]


def test_where_nervaluate_differs_and_why():
    """A prediction that overlaps two gold spans takes the first in nervaluate, though the next one fits that exactly."""
    gold = spans((0, 4, "A"), (4, 8, "B"))
    predicted = spans((2, 5, "B"), (5, 8, "B"))
    strict = SCHEMES[0]
    assert (
        outcome(align(gold, predicted, strict.agrees), strict) == nervaluate("strict", gold, predicted) == Outcome(incorrect=2)
    )
    gold, predicted = spans((3, 6, "A"), (6, 8, "A")), spans((0, 4, "A"), (4, 7, "B"), (7, 8, "A"))
    ours = outcome(align(gold, predicted, same_label), SCHEMES[3])
    theirs = nervaluate("type", gold, predicted)
    assert ours == Outcome(correct=2, spurious=1)
    assert theirs == Outcome(correct=1, incorrect=1, spurious=1)


@settings(max_examples=300)
@given(layer_spans(STATEMENTS, 24), layer_spans(STATEMENTS, 24))
def test_agrees_with_nervaluate_given_the_predictions_in_the_order_of_our_rounds(gold, predicted):
    for scheme in SCHEMES:
        ours = outcome(align(gold, predicted, scheme.agrees), scheme)
        assert ours == nervaluate(scheme.name, gold, in_order_of_rounds(gold, predicted, scheme))


@settings(max_examples=300)
@given(layer_spans(STATEMENTS, 24), layer_spans(STATEMENTS, 24))
def test_in_text_order_nervaluate_differs_only_where_spans_compete(gold, predicted):
    def touching(span, others):
        return sum(span.start < other.end and other.start < span.end for other in others)

    rivals = any(touching(span, gold) > 1 for span in predicted) or any(touching(span, predicted) > 1 for span in gold)
    for scheme in SCHEMES:
        ours, theirs = outcome(align(gold, predicted, scheme.agrees), scheme), nervaluate(scheme.name, gold, predicted)
        assert rivals or ours == theirs
        assert ours.correct >= theirs.correct
        assert (ours.possible, ours.actual) == (theirs.possible, theirs.actual)


@given(layer_spans(STATEMENTS, 24), layer_spans(STATEMENTS, 24))
def test_alignment_is_one_to_one_and_loses_nothing(gold, predicted):
    rows = align(gold, predicted)
    assert Counter(g for g, _ in rows if g) == Counter(gold)
    assert Counter(p for _, p in rows if p) == Counter(predicted)
    assert all(g.start < p.end and p.start < g.end for g, p in rows if g and p)


@given(st.lists(pairs(), max_size=3))
def test_schemes_rank_as_they_must(examples):
    for schemes in score(examples).values():
        assert schemes["strict"].correct <= min(schemes["exact"].correct, schemes["type"].correct)
        assert schemes["exact"].correct == schemes["partial"].correct
        assert len({(o.possible, o.actual) for o in schemes.values()}) == 1


def test_undefined_and_half_credit():
    assert Outcome(spurious=3).f1 is None
    assert Outcome(partial=1).f1 == 0.5
    result = to_json(score([make_pair([(17, 26, "METRIC")], [(18, 26, "METRIC")])]))
    assert result["METRIC"]["partial"]["f1"] == 0.5
    assert result["PROBLEM"]["strict"] == dict.fromkeys(
        ("correct", "incorrect", "partial", "missed", "spurious"), 0
    ) | dict.fromkeys(("precision", "recall", "f1"))
