"""Agreement figures against worked examples; sheets and settling keep text and tags exact."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import agreement
from data.agreement import Pair, clause_labels, differing, kappa, metric_f1, numbered, parse_sheet, replaced, rewrite
from data.inline import parse, read
from fazhi.errors import AnnotationError

HEADER = "---\nbatch: a\n---\n"
BODY = (
    "一是<MEASURE><METRIC>举办培训3期</METRIC></MEASURE>，<METRIC>办结5件</METRIC>。\n<PROBLEM>人员不足</PROBLEM>，甲&lt;乙。"
)
PATH = Path("a.txt")


def test_kappa_of_a_worked_example():
    # Cohen's own form: 50 items, 20 yes-yes, 15 no-no, 5 and 10 that differ: observed .7, expected .5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("O", "O")] * 3) == 1.0


def test_a_sheet_gives_the_spans():
    document = parse(HEADER + BODY, PATH)
    sheet = "# 注\n1 M [举办培训3期]\n2 - [办结5件]\n\n3 P\n"
    assert [(s.start, s.end, s.label) for s in parse_sheet(sheet, document.text, PATH)] == sorted(
        (s.start, s.end, s.label) for s in document.spans
    )


@pytest.mark.parametrize("line", ["9 M", "1 X", "M 1", "1 M 举办", "1 M [没有这句]", "1 M []"])
def test_answers_that_do_not_fit_are_refused(line):
    document = parse(HEADER + BODY, PATH)
    with pytest.raises(AnnotationError, match=r"a\.txt:2:"):
        parse_sheet("\n" + line, document.text, PATH)


def pair_of(second: str) -> Pair:
    document = parse(HEADER + BODY, PATH)
    return Pair("a", document, document.spans, tuple(parse_sheet(second, document.text, PATH)))


def test_figures_and_differences():
    pair = pair_of("1 M [培训3期]\n2 - [办结5件]\n4 P")
    assert list(clause_labels(pair)) == [("MEASURE", "MEASURE"), ("O", "O"), ("PROBLEM", "O"), ("O", "PROBLEM")]
    assert metric_f1([pair]) == pytest.approx(2 * 1 / 4)
    assert [number for number, *_ in differing(pair)] == [1, 3, 4]


def test_settling_changes_only_the_decided_clauses():
    document = parse(HEADER + BODY, PATH)
    settled = replaced(document, [(1, "M [培训3期]"), (4, "P")], PATH)
    assert [(s.label, s.text or document.text[s.start : s.end]) for s in settled.spans] == [
        ("MEASURE", "举办培训3期"),
        ("METRIC", "培训3期"),
        ("METRIC", "办结5件"),
        ("PROBLEM", "人员不足"),
        ("PROBLEM", "甲<乙"),
    ]


def test_rewriting_keeps_header_and_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(HEADER + BODY + "\n", encoding="utf-8")
    before = read(path)
    rewrite(path, before)
    assert path.read_text(encoding="utf-8") == HEADER + BODY + "\n"
    rewrite(path, replaced(before, [(2, "M")], PATH))
    after = read(path)
    assert after.text == before.text
    assert len(after.spans) == len(before.spans)


@given(st.lists(st.sampled_from(["O", "M", "P"]), min_size=2, max_size=30))
def test_kappa_is_one_for_equal_annotators_and_symmetric(labels):
    assert kappa(list(zip(labels, labels, strict=True))) == pytest.approx(1.0)
    other = labels[1:] + labels[:1]
    assert kappa(list(zip(labels, other, strict=True))) == pytest.approx(kappa(list(zip(other, labels, strict=True))))


def test_clauses_are_numbered_without_the_empty_ones():
    assert [number for number, _ in numbered("甲，，乙。\n\n丙")] == [1, 2, 3]


def test_recorded_pairs_fit_the_corpus():
    pairs = agreement.load_pairs()
    labels = [labels for pair in pairs for labels in clause_labels(pair)]
    if pairs:
        assert kappa(labels) > 0.9
        assert metric_f1(pairs) > 0.9
