"""Documents, regions and Label Studio's result lists: nothing is lost on the way, and nothing wrong passes unnoticed."""

import json
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.interface import interface
from annotation.tasks import Part, parts
from fazhi.document import Document, Span
from fazhi.labelling import default_labelling
from fazhi.web.page import marked_html
from fazhi.web.regions import Annotation, Region, from_document, from_results, to_results

LABELLING = default_labelling()
TEXTS = st.text(st.sampled_from("甲乙😀件3，。\n（）𠮷 <&\"'"), min_size=1, max_size=40)


@st.composite
def annotations(draw):
    text = draw(TEXTS)
    regions = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        label = draw(st.sampled_from(list(LABELLING.looks)))
        span = Span(start, end, label, LABELLING.schema.layer_of(label).name, text[start:end])
        choices = {c.name: (draw(st.sampled_from(list(c.values))),) for c in LABELLING.choices_of(label) if draw(st.booleans())}
        regions.append(Region(f"r{number}", span, choices, draw(st.sampled_from(["", "存疑", "两行\n😀"]))))
    links = [(a.id, b.id, ("part_of",)) for a, b in combinations(regions, 2) if draw(st.booleans())]
    ordered = tuple(sorted(regions, key=lambda r: (r.span.start, -r.span.end, r.span.label)))
    return text, Annotation(ordered, tuple(links), draw(st.sampled_from(["", "整篇\n备注"])))


@given(annotations())
def test_written_and_read_back_through_json_nothing_is_lost(case):
    text, annotation = case
    stored = json.loads(json.dumps(to_results(text, annotation)))
    assert from_results(text, stored) == (annotation, [])


@given(annotations(), st.randoms())
def test_the_order_of_results_does_not_matter(case, rng):
    text, annotation = case
    results = to_results(text, replace(annotation, relations=()))
    rng.shuffle(results)
    again, faults = from_results(text, results)
    assert not faults
    assert {r.id: r for r in again.regions} == {r.id: r for r in annotation.regions}


LABEL = {"id": "a", "from_name": "metric", "to_name": "text", "type": "labels"}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (LABEL | {"value": {"start": 0, "end": 2, "labels": ["GOAL"]}}, "unknown label 'GOAL'"),
        (LABEL | {"value": {"start": 0, "end": 99, "labels": ["METRIC"]}}, "outside the text"),
        (LABEL | {"value": {"start": 2, "end": 2, "labels": ["METRIC"]}}, "outside the text"),
        (LABEL | {"value": {"start": 0, "end": 2, "text": "丙", "labels": ["METRIC"]}}, "the region says '丙'"),
        (LABEL | {"value": {"start": 0, "end": 2, "labels": ["METRIC", "MEASURE"]}}, "has 2 labels"),
        (LABEL | {"value": {"end": 2, "labels": ["METRIC"]}}, "no 'start'"),
        ({"type": "rectanglelabels", "value": {}}, "type 'rectanglelabels'"),
        ({"type": "choices", "id": "b", "from_name": "mood", "value": {"choices": ["x"]}}, "unknown choice 'mood'"),
        ({"type": "choices", "id": "b", "from_name": "role", "value": {"choices": ["x"]}}, "unknown value 'x'"),
        ({"type": "choices", "id": "b", "from_name": "role", "value": {"choices": ["cause"]}}, "region b, which has no label"),
        ({"type": "relation", "from_id": "a", "to_id": "b"}, "region a, which has no label"),
    ],
)
def test_what_cannot_be_read_is_a_fault(result, said):
    annotation, faults = from_results("办结5件", [result])
    assert annotation.regions == ()
    assert [said in fault.what for fault in faults] == [True]


def test_chinese_names_are_read_as_the_stored_ones():
    result = LABEL | {"value": {"start": 0, "end": 4, "text": "办结5件", "labels": ["指标"]}}
    annotation, faults = from_results("办结5件", [result])
    assert ([r.span.label for r in annotation.regions], faults) == (["METRIC"], [])


def test_a_document_gives_choices_and_relations_of_its_records():
    text = "拟开展培训，受理50件，其中网上20件。"
    spans = [Span(0, 5, "MEASURE", "statement"), Span(6, 11, "METRIC", "metric"), Span(14, 19, "METRIC", "metric")]
    records = {
        "measures": [{"id": "s1", "span": {"start": 0, "end": 5}, "status": "planned"}],
        "metrics": [
            {"id": "m1", "span": {"start": 6, "end": 11}, "parent": None},
            {"id": "m2", "span": {"start": 14, "end": 19}, "parent": "m1"},
        ],
    }
    found = from_document(replace(Document("甲", text).with_spans(spans), records=records))
    assert found.regions[0].choices == {"status": ("planned",)}
    assert found.relations == (("metric-14-19", "metric-6-11", ("part_of",)),)


@given(
    st.lists(
        st.sampled_from(["一、举措成效\n", "开展检查3次。\n", "二、存在问题\n", "人员不足。\n", "\n"]), min_size=1, max_size=12
    )
)
def test_parts_cover_a_document_and_have_keys_of_their_own(lines):
    document = Document("甲", "".join(lines))
    cut = list(parts(document, by_section=True))
    assert "".join(document.text[part.start : part.end] for part in cut) == document.text
    assert len({part.key for part in cut}) == len(cut)
    assert [p.key for p in cut] == [p.key for p in parts(document, by_section=True)]


def test_a_part_takes_the_spans_inside_it_with_offsets_of_its_own():
    document = Document("甲", "一\n办结5件").with_spans([Span(2, 6, "METRIC", "metric", "办结5件", 0.9)])
    task = Part(document, 2, 6).prediction()
    assert task["result"][0]["value"] == {"start": 0, "end": 4, "text": "办结5件", "labels": ["METRIC"]}
    assert (task["score"], Part(document, 0, 2).prediction()["result"]) == (0.9, [])


def test_the_interface_has_every_label_choice_and_relation_in_chinese():
    root = ElementTree.fromstring(interface())
    labels = {node.get("alias"): node for node in root.iter("Label")}
    assert {name: node.get("value") for name, node in labels.items()} == {
        look.name: look.zh for look in LABELLING.looks.values()
    }
    assert len({node.get("hotkey") for node in labels.values()}) == len(labels)
    assert {n.get("name") for n in root.iter("Labels")} == {layer.name for layer in LABELLING.schema.layers}
    assert {n.get("toName") for n in root.iter() if n.get("toName")} == {"text"}
    assert [n.get("value") for n in root.iter("Relation")] == ["其中"]
    assert {n.get("alias") for n in root.iter("Choice")} == {v for c in LABELLING.choices for v in c.values}


# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
MACHADO = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


@pytest.mark.parametrize("kind", MACHADO)
def test_colours_can_be_told_apart_by_colour_blind_people(kind):
    seen = [lab(look.colour, MACHADO[kind]) for look in LABELLING.looks.values()]
    distances = [sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) ** 0.5 for x, y in combinations(seen, 2)]
    assert min(distances) > 20, distances  # CIE76; 2.3 is just noticeable


def lab(colour, matrix):
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    r, g, b = (min(1, max(0, sum(m * v for m, v in zip(row, linear, strict=True)))) for row in matrix)
    xyz = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505, 0.2126 * r + 0.7152 * g + 0.0722 * b
    xyz += ((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,)
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@given(annotations())
def test_marked_html_keeps_the_text_and_closes_what_it_opens(case):
    text, annotation = case
    spans = set(annotation.spans)
    html = marked_html(text, spans)
    root = ElementTree.fromstring(f"<p>{html}</p>")
    assert "".join(root.itertext()) == text
    for span in spans:
        place = (span.label, f"{span.start}-{span.end}")
        pieces = [mark for mark in root.iter("mark") if (mark.get("class"), mark.get("data-at")) == place]
        assert "".join("".join(piece.itertext()) for piece in pieces) == span.text
