"""Coefficients of agreement, as their authors define them. Each is 1 for perfect agreement and about 0 for chance.

A coefficient that is not defined (nothing to compare, or only one category ever used) is ``None``, never 0 or 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations

Interval = tuple[int, int]


def cohen(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's κ of two annotators (Cohen 1960): ``pairs`` are their labels, an item each."""
    counts = Counter(pairs)
    total = counts.total()
    if not total:
        return None
    left, right = Counter[Hashable](), Counter[Hashable]()
    for (a, b), count in counts.items():
        left[a] += count
        right[b] += count
    expected = sum(left[label] * right[label] for label in left) / total**2
    observed = sum(count for (a, b), count in counts.items() if a == b) / total
    return None if expected == 1 else (observed - expected) / (1 - expected)


def fleiss(items: Iterable[Sequence[Hashable]]) -> float | None:
    """Fleiss' κ (Fleiss 1971): ``items`` are the labels that an item got, from the same number of annotators each."""
    rows = [Counter(item) for item in items]
    if not rows or (raters := rows[0].total()) < 2 or any(row.total() != raters for row in rows):
        return None
    agreement = sum(sum(n * (n - 1) for n in row.values()) / (raters * (raters - 1)) for row in rows) / len(rows)
    shares = sum(rows, Counter[Hashable]())
    expected = sum((n / (len(rows) * raters)) ** 2 for n in shares.values())
    return None if expected == 1 else (agreement - expected) / (1 - expected)


def alpha(items: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's α for nominal data (Krippendorff 2011): the labels of an item, from any number of annotators.

    Items with fewer than two labels are left out, as the definition has it.
    """
    rows = [Counter(item) for item in items if len(item) > 1]
    totals = sum(rows, Counter[Hashable]())
    n = totals.total()
    if not n:
        return None
    observed = sum((row.total() ** 2 - sum(c * c for c in row.values())) / (row.total() - 1) for row in rows)
    expected = (n * n - sum(c * c for c in totals.values())) / (n - 1)
    return None if expected == 0 else 1 - observed / expected


def unitizing_alpha(annotators: Sequence[Mapping[str, Sequence[Interval]]], length: int) -> float | None:
    """Krippendorff's α for unitizing (Krippendorff 1995), over all categories together.

    Each annotator marks intervals ``[start, end)`` by category on a continuum of ``length``; those of one category and
    annotator do not overlap. ``None`` where nobody marked anything.
    """
    categories = {category for annotator in annotators for category in annotator}
    observed = expected = 0.0
    for category in categories:
        marked = [sorted(annotator.get(category, ())) for annotator in annotators]
        units = [with_gaps(intervals, length) for intervals in marked]
        observed += _observed(units, length)
        expected += _expected(units, length)
    return None if not expected else 1 - observed / expected


Unit = tuple[int, int, bool]
"""``(start, length, marked)``: a marked interval or a gap between two."""


def with_gaps(intervals: Sequence[Interval], length: int) -> list[Unit]:
    """Return intervals and the gaps between them, which together fill the continuum."""
    units: list[Unit] = []
    at = 0
    for start, end in intervals:
        if start > at:
            units.append((at, start - at, False))
        units.append((start, end - start, True))
        at = end
    if at < length:
        units.append((at, length - at, False))
    return units


def _difference(a: Unit, b: Unit) -> int:
    """Return the squared difference of two units: of borders where both are marked, of length where one lies in a gap."""
    (start, size, marked), (other_start, other_size, other_marked) = a, b
    if marked and other_marked:
        if -size < start - other_start < other_size:
            return (start - other_start) ** 2 + (start + size - other_start - other_size) ** 2
        return 0
    if marked and not other_marked:
        return size**2 if other_size - size >= start - other_start >= 0 else 0
    if other_marked:
        return other_size**2 if other_size - size <= start - other_start <= 0 else 0
    return 0


def _observed(units: Sequence[Sequence[Unit]], length: int) -> float:
    raters = len(units)
    total = 2 * sum(_pair_difference(one, other) for one, other in combinations(units, 2))
    return total / (raters * (raters - 1) * length**2)


def _pair_difference(one: Sequence[Unit], other: Sequence[Unit]) -> int:
    """Sum the differences of all units of two annotators; only those that meet differ, so both lists are walked once."""
    total = i = j = 0
    while i < len(one) and j < len(other):
        total += _difference(one[i], other[j])
        end_one, end_other = one[i][0] + one[i][1], other[j][0] + other[j][1]
        i, j = i + (end_one <= end_other), j + (end_other <= end_one)
    return total


def _expected(units: Sequence[Sequence[Unit]], length: int) -> float:
    """Return the difference to be expected where the same units lie anywhere on the continuum."""
    raters, sizes = len(units), Counter(size for rater in units for _, size, marked in rater if marked)
    gaps = Counter(size for rater in units for _, size, marked in rater if not marked)
    count = sizes.total()
    total = 0.0
    for size, times in sizes.items():
        overlaps = (count - 1) / 3 * (2 * size**3 - 3 * size**2 + size)
        inside = size**2 * sum(n * (gap - size + 1) for gap, n in gaps.items() if gap >= size)
        total += times * (overlaps + inside)
    below = raters * length * (raters * length - 1) - sum(n * size * (size - 1) for size, n in sizes.items())
    return 2 / length * total / below
