"""Augmentation keeps the tags exact: the rules of the guideline hold for every variant."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import augment
from data.augment import Edit, apply
from data.inline import REPORTS, parse_tags, read
from fazhi.document import Document
from fazhi.schema import default_schema
from fazhi.validation import check_spans

PATHS = sorted(REPORTS.glob("*.txt"))


def tagged(body: str, **meta: str) -> Document:
    text, spans, faults = parse_tags(body, default_schema())
    assert not faults
    return Document("a", text, meta).with_spans(spans)


def texts(document: Document) -> list[tuple[str, str]]:
    return [(span.label, document.text[span.start : span.end]) for span in document.spans]


@settings(max_examples=60)
@given(st.sampled_from(PATHS), st.integers(0, 2**32))
def test_variants_of_the_corpus_obey_the_guideline(path, seed):
    document = read(path)
    variant = augment.augment(document, random.Random(seed), flat=0.5)
    assert check_spans(variant.text, variant.spans, default_schema()) == []
    assert all(span.text == variant.text[span.start : span.end] for span in variant.spans)
    assert [s.label for s in variant.spans if s.layer == "metric"] == [s.label for s in document.spans if s.layer == "metric"]


@given(st.sampled_from(PATHS), st.integers(0, 2**32))
@settings(max_examples=20)
def test_the_same_seed_gives_the_same_variant(path, seed):
    document = read(path)
    assert augment.augment(document, random.Random(seed)) == augment.augment(document, random.Random(seed))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4), st.text("甲乙", max_size=3)), max_size=6))
def test_edits_outside_and_inside_spans(raw):
    document = tagged("子丑<MEASURE>寅卯<METRIC>辰巳</METRIC>午未</MEASURE>，申酉戌亥<PROBLEM>天地玄</PROBLEM>。")
    edits = [Edit(a, min(a + width, len(document.text)), new) for a, width, new in raw if a <= len(document.text)]
    after = apply(document, edits)
    signs = set("子丑寅卯辰巳午未，申酉戌亥天地玄。")
    for (label, before), (other, now) in zip(texts(document), texts(after), strict=True):
        assert label == other
        assert [char for char in now if char in signs] == [char for char in before if char in now]


def test_an_edit_that_cuts_a_border_is_left_out():
    document = tagged("甲<METRIC>办结5件</METRIC>乙")
    assert apply(document, [Edit(0, 2, "")]) == apply(document, [])


def test_insertions_at_a_border_stay_outside():
    document = tagged("甲<METRIC>5件</METRIC>乙")
    assert texts(apply(document, [Edit(1, 1, "前"), Edit(3, 3, "后")])) == [("METRIC", "5件")]


@pytest.mark.parametrize("seed", range(20))
def test_numbers_keep_dates_documents_and_hotlines(seed):
    text = "2023年5月3日印发〔2023〕12号文件，12345热线受理837件，办结率97.5%，“1310”部署"
    document = tagged(text)
    variant = apply(document, augment.numbers(document, random.Random(seed))).text
    assert variant.startswith("2023年5月3日印发〔2023〕12号文件，12345热线受理")
    assert variant.endswith("“1310”部署")
    rate = float(variant.split("办结率")[1].split("%")[0])
    assert 0 < rate < 100


def test_flattening_grows_headings_into_statements():
    document = tagged("（一）规范执法\n<MEASURE>开展检查</MEASURE>，效果好。\n二、问题\n<PROBLEM>人员不足</PROBLEM>。\n完")
    flat = augment.flatten(document, random.Random(0))
    assert "\n" not in flat.text
    assert texts(flat) == [("MEASURE", "规范执法 开展检查"), ("PROBLEM", "问题 人员不足")]


def test_flattening_never_joins_two_statements():
    document = tagged("<PROBLEM>人员不足</PROBLEM>\n<MEASURE>招聘人员</MEASURE>\n完。")
    assert texts(augment.flatten(document, random.Random(0))) == texts(document)


def test_punctuation_never_joins_numbers():
    document = tagged("<METRIC>办结5件</METRIC>，2024，3月：<METRIC>立案6件</METRIC>")
    for seed in range(30):
        variant = apply(document, augment.punctuation(document, random.Random(seed)))
        assert "2024，3" in variant.text
        assert texts(variant) == texts(document)
