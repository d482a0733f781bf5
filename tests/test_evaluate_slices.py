"""Slices, error analysis, perturbations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.mistakes import analysis, boundary_errors, confusion, mistakes, repeated, sentence_around
from evaluate.perturb import PERTURBATIONS, edited, flattened, no_enumerators, shuffled_sections
from evaluate.slices import by_noise, by_slice, deduplicated, normal, number_form, standard
from evaluate.spans import Counts, by_label
from evaluate.strategies import make_pair, pairs
from fazhi.clauses import clauses
from fazhi.document import Document, Span

REPORT = """清溪县司法局2023年度报告

一、主要举措和成效
（一）规范行政复议。组织开展业务培训，全年受理复议申请1,275件，办结52件。
二、存在问题
一是执法力量薄弱，二是宣传形式单一。
三、下一步打算
继续完善协作机制。
"""


def spans(text, *items):
    """Spans of phrases of a text: ``(phrase, label)``."""
    return tuple(Span(text.index(phrase), text.index(phrase) + len(phrase), label) for phrase, label in items)


GOLD = spans(
    REPORT,
    ("组织开展业务培训", "MEASURE"),
    ("受理复议申请1,275件", "METRIC"),
    ("办结52件", "METRIC"),
    ("执法力量薄弱", "PROBLEM"),
    ("宣传形式单一", "PROBLEM"),
    ("继续完善协作机制", "MEASURE"),
)
DOCUMENT = Document("r", REPORT, {"year": 2023, "noise": ["spaces", "typos"]}, GOLD)


def tuples(found):
    return [(span.start, span.end, span.label) for span in found]


def test_slices_of_a_report():
    example = make_pair(tuples(GOLD), tuples(GOLD[:2]), REPORT, meta=DOCUMENT.meta)
    found = by_slice([example], standard([Document("t", "办结52件", spans=(Span(0, 5, "METRIC", text="办结52件"),))]))
    assert found["year"] == {"2023": by_label([example])}
    assert found["section"]["problems"] == {"PROBLEM": Counts(0, 0, 2)}
    assert found["section"]["plan"] == {"MEASURE": Counts(0, 0, 1)}
    assert found["section"]["results"]["METRIC"] == Counts(1, 1, 2)
    assert found["phrase"]["seen"] == {"METRIC": Counts(0, 0, 1)}
    assert found["noise"]["typos"] == found["noise"]["spaces"] == found["year"]["2023"]
    assert found["report_length"] == {"< 1,500": found["year"]["2023"]}
    assert found["span_length"]["7–12"]["METRIC"] == Counts(1, 1, 1)
    assert "region" not in found


@given(st.lists(pairs(), min_size=1, max_size=3))
def test_every_slice_adds_up_to_the_whole(examples):
    whole = by_label(examples)
    for name, rows in by_slice(examples, standard()).items():
        for label in ("MEASURE", "METRIC") if name != "number_form" else ("METRIC",):
            assert sum((row.get(label, Counts()) for row in rows.values()), Counts()) == whole[label]


def test_reports_without_noise_are_told_from_unknown_ones():
    clean = make_pair([(0, 2, "METRIC")], [], REPORT, meta={"noise": []})
    unknown = make_pair([(0, 2, "METRIC")], [], REPORT)
    assert by_noise([clean, unknown]) == {"none": {"METRIC": Counts(0, 0, 1)}}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("办结52件", "Arabic"),
        ("应诉率达100%", "percent or points"),
        ("应诉率达１００％", "percent or points"),
        ("由2021年的18件增至2024年的52件", "range or change"),
        ("诉讼收案比达5:1", "ratio or multiple"),
        ("居全市首位", "rank"),
        ("罚没款3.6万元", "money"),
        ("发放资料900余份", "hedged"),
        ("教育活动8场300人次", "several numbers"),
        ("设立三个联系点", "Chinese"),
    ],
)
def test_number_forms(text, form):
    assert number_form(text) == form


def test_boilerplate_counts_once():
    text = "办结5件，办结6件，办结7件，受理8件，"
    gold = [(0, 4, "METRIC"), (5, 9, "METRIC"), (10, 14, "METRIC"), (15, 19, "METRIC")]
    found = deduplicated([make_pair(gold, gold[:3], text)])["METRIC"]
    assert found == {"phrases": 2, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}
    assert normal("办结 ５７ 件") == "办结00件"
    assert deduplicated([make_pair([], [(0, 4, "METRIC")], text)])["METRIC"]["f1"] is None


# --- error analysis ---


def test_mistakes_are_named_and_carry_their_sentence():
    predicted = spans(
        REPORT,
        ("组织开展业务培训", "MEASURE"),
        ("全年受理复议申请1,275件", "METRIC"),
        ("执法力量薄弱", "MEASURE"),
        ("规范行政复议", "MEASURE"),
        ("继续完善协作机制", "MEASURE"),
    )
    example = make_pair(tuples(GOLD), tuples(predicted), REPORT)
    found = mistakes([example])
    assert [(m.kind, (m.gold or m.predicted).label) for m in found] == [
        ("spurious", "MEASURE"),
        ("boundary", "METRIC"),
        ("missed", "METRIC"),
        ("wrong label", "PROBLEM"),
        ("missed", "PROBLEM"),
    ]
    assert found[1].sentence == "组织开展业务培训，全年受理复议申请1,275件，办结52件。"
    assert boundary_errors(found)[0] | {"example": None} == {
        "label": "METRIC", "side": "start", "error": "too much", "text": "全年", "count": 1, "example": None,
    }  # fmt: skip
    cells = confusion([example])
    assert cells["statement"]["PROBLEM"] == {"MEASURE": 1, "PROBLEM": 0, "O": 1}
    assert cells["statement"]["O"] == {"MEASURE": 1, "PROBLEM": 0, "O": 0}
    assert cells["metric"]["METRIC"] == {"METRIC": 1, "O": 1}


@given(st.lists(pairs(), min_size=1, max_size=3))
def test_analysis_explains_every_difference(examples):
    found = mistakes(examples)
    for label, counts in by_label(examples).items():
        assert sum(m.gold is not None and m.gold.label == label for m in found) == counts.gold - counts.correct
        assert sum(m.predicted is not None and m.predicted.label == label for m in found) == counts.predicted - counts.correct
    summary = analysis(examples)
    assert sum(n for tally in summary["kinds"].values() for n in tally.values()) == summary["total"] == len(found)
    for mistake in found:
        for span in filter(None, (mistake.gold, mistake.predicted)):
            assert mistake.left <= span.start < span.end <= mistake.right


def test_errors_that_repeat_are_grouped_without_their_digits():
    text = "办结5件，办结6件，受理8件，"
    example = make_pair([(0, 4, "METRIC"), (5, 9, "METRIC"), (10, 14, "METRIC")], [], text)
    rows = repeated(mistakes([example]))
    assert [(row["count"], row["kind"]) for row in rows] == [(2, "missed")]


def test_sentences_end_where_they_end():
    left, right = sentence_around("前句。本句有错误，还有下文。后句。", 5, 7)
    assert (left, right) == (3, 14)
    assert sentence_around("无标点" * 100, 150, 152) == (60, 242)


# --- perturbations ---


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_perturbations_keep_the_annotation_valid(name):
    changed = PERTURBATIONS[name](DOCUMENT)
    assert changed.text != REPORT
    found = {(clause.start, clause.end) for clause in clauses(changed.text)}
    assert [span.label for span in changed.spans if span.label == "METRIC"] == ["METRIC"] * 2
    for span in changed.spans:
        assert changed.text[span.start : span.end] == span.text
        assert span.label == "METRIC" or (span.start, span.end) in found
    assert PERTURBATIONS[name](DOCUMENT) == changed  # the same noise on every run


def test_what_perturbations_do():
    texts = {name: change(DOCUMENT).text for name, change in PERTURBATIONS.items()}
    assert "组织开展业务培训,全年受理" in texts["ascii_punctuation"]
    assert "１,２７５件" in texts["full_width"]
    assert "\n" not in flattened(DOCUMENT).text
    assert "一是" not in no_enumerators(DOCUMENT).text
    assert sorted(texts["shuffled_sections"].split("\n")) == sorted(REPORT.split("\n"))


def test_glued_statements_fill_their_new_clause():
    document = Document("r", "加强培训\n印发通知。", spans=(Span(0, 4, "MEASURE"), Span(5, 9, "MEASURE")))
    assert [(s.start, s.end, s.text) for s in flattened(document).spans] == [(0, 9, "加强培训 印发通知")]


def test_a_report_without_sections_is_not_shuffled():
    document = Document("r", "加强培训。", spans=(Span(0, 4, "MEASURE"),))
    assert shuffled_sections(document) == document


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 3), st.text("甲乙", max_size=3)), max_size=6))
def test_edits_keep_untouched_spans(edits):
    text = "".join(chr(0x4E00 + n) for n in range(20))
    clear, at = [], 0
    for start, length, new in sorted(edits):
        if start >= at:
            clear.append((start, min(20, start + length), new))
            at = start + max(1, length)
    document = Document("r", text, spans=tuple(Span(n, n + 1, "METRIC") for n in range(20)))
    changed = edited(document, clear)
    touched = {n for start, end, _ in clear for n in range(start, end)}
    kept = [span.text for span in changed.spans if len(span.text) == 1]
    assert [char for n, char in enumerate(text) if n not in touched] == [char for char in kept if char in text]
    assert all(changed.text[s.start : s.end] == s.text for s in changed.spans)
