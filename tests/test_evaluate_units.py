"""Characters, clauses, cuts and joins, nesting, seams."""

from collections import Counter

import pytest
from hypothesis import given
from sklearn.metrics import cohen_kappa_score

from evaluate.spans import Counts
from evaluate.strategies import make_pair, pairs
from evaluate.units import (
    by_nesting,
    character_counts,
    clause_labels,
    clause_scores,
    common,
    cuts_and_joins,
    kappa,
    seam_loss,
    window_overlaps,
)
from fazhi.clauses import clauses
from fazhi.schema import default_schema

TEXT = "组织开展宣讲，受理申请57件，执法力量薄弱。"


def test_characters():
    counts = character_counts([make_pair([(7, 13, "METRIC")], [(9, 14, "METRIC"), (0, 2, "MEASURE")], TEXT)])
    assert counts["METRIC"] == Counts(4, 5, 6)
    assert counts["MEASURE"] == Counts(0, 2, 0)


@given(pairs())
def test_characters_equal_sets_of_places(example):
    for label, counts in character_counts([example]).items():
        gold, predicted = (
            {at for span in side if span.label == label for at in range(span.start, span.end)}
            for side in (example.gold, example.predicted)
        )
        assert counts == Counts(len(gold & predicted), len(predicted), len(gold))


@given(pairs())
def test_cuts_and_joins_equal_brute_force(example):
    for label, rates in cuts_and_joins([example]).items():
        gold, predicted = ([s for s in side if s.label == label] for side in (example.gold, example.predicted))

        def several(spans, others):
            return sum(sum(s.start < o.end and o.start < s.end for o in others) > 1 for s in spans)

        assert rates["split"] == several(gold, predicted)
        assert rates["merged"] == several(predicted, gold)
        assert rates["split_rate"] == (several(gold, predicted) / len(gold) if gold else None)


def test_clause_scores_forgive_borders_but_not_labels():
    example = make_pair(
        [(0, 6, "MEASURE"), (15, 21, "PROBLEM")], [(2, 6, "MEASURE"), (15, 21, "MEASURE"), (9, 14, "METRIC")], TEXT
    )
    result = clause_scores([example])
    assert result["labels"]["MEASURE"] == Counts(1, 2, 1)
    assert result["labels"]["PROBLEM"] == Counts(0, 0, 1)
    assert result["labels"]["METRIC"] == Counts(0, 1, 0)
    found = [clause for clause in clauses(TEXT) if clause.start < clause.end]
    assert clause_labels(example.gold, found, default_schema().layers[0]) == ["MEASURE", "O", "PROBLEM"]


@pytest.mark.parametrize("rows", [["AABBO", "AABOO"], ["AAAA", "ABAB"], ["ABO", "BOA"]], ids=["partly", "by chance", "never"])
def test_kappa_is_cohens(rows):
    cells = Counter(zip(*rows, strict=True))
    assert kappa(cells) == pytest.approx(cohen_kappa_score(list(rows[0]), list(rows[1])))


def test_kappa_is_undefined_without_variety():
    assert kappa(Counter()) is None
    assert kappa(Counter({("O", "O"): 5})) is None


def test_nesting():
    gold = [(0, 6, "MEASURE"), (7, 14, "METRIC"), (7, 14, "MEASURE"), (15, 21, "PROBLEM"), (16, 18, "METRIC")]
    counts = by_nesting([make_pair(gold, gold[1:], TEXT)])
    assert counts == {
        "MEASURE alone": Counts(0, 0, 1),
        "MEASURE on": Counts(1, 1, 1),
        "METRIC on": Counts(1, 1, 1),
        "METRIC inside": Counts(1, 1, 1),
        "PROBLEM around": Counts(1, 1, 1),
    }


def test_seams():
    example = make_pair([(0, 6, "MEASURE"), (7, 14, "METRIC")], [(0, 6, "MEASURE")], TEXT)
    assert seam_loss([example], {"r": [(12, 15)]}) == {"elsewhere": Counts(1, 1, 1), "seam": Counts(0, 0, 1)}
    assert seam_loss([example], {}) == {"elsewhere": Counts(1, 1, 2)}
    offsets = [(at, at + 1) for at in range(10)]
    assert list(window_overlaps(offsets, [(0, 6), (4, 10)])) == [(4, 6)]
    assert list(window_overlaps(offsets, [(0, 5), (5, 10)])) == []


def test_common_is_symmetric():
    assert common([(0, 3), (5, 9)], [(2, 6), (8, 20)]) == common([(2, 6), (8, 20)], [(0, 3), (5, 9)]) == 3
