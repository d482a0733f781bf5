"""Other tools' formats: there and back again, and a report of what they cannot hold."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from annotation.formats import brat, conll, doccano, hf, spacy_docbin
from annotation.formats.common import Losses
from annotation.migrate import Form, main, migrate, typer
from annotation.tasks import read_jsonl
from fazhi.document import Document, Span
from fazhi.writers import write_jsonl


@st.composite
def documents(draw):
    text = draw(st.text(st.sampled_from("甲乙😀𠮷3#\\ \t\u3000\n，。\u2028x"), min_size=1, max_size=30))
    spans = []
    for layer, labels in (("statement", ["MEASURE", "PROBLEM"]), ("metric", ["METRIC"])):
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False):
            spans.append(Span(start, end, draw(st.sampled_from(labels)), layer, text[start:end]))
    return Document("清溪-2023", text, {"title": "题#1", "year": 2023}).with_spans(spans)


def bare(document):
    return document.text, [(s.start, s.end, s.label, s.layer) for s in document.spans]


FORMS = [(conll, "a.conll"), (doccano, "a.jsonl"), (brat, "folder"), (hf, "set"), (spacy_docbin, "a.spacy")]


@pytest.mark.parametrize(("form", "name"), FORMS, ids=lambda value: getattr(value, "__name__", value))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_text_and_spans_come_back(form, name, document, tmp_path):
    if form is spacy_docbin:
        pytest.importorskip("spacy")
    if form is brat and any("\n" in s.text and not s.text.strip("\n") for s in document.spans):
        return  # brat has no way to write a span of nothing but line breaks; the guideline has none
    if form is brat:
        document = document.with_spans(s for s in document.spans if "\n" not in (s.text[0], s.text[-1]))
    losses = Losses()
    form.write([document], tmp_path / name, losses)
    (again,) = form.read(tmp_path / name, losses)
    assert bare(again) == bare(document)
    assert again.id == document.id
    if form is not brat:
        assert dict(again.meta) == dict(document.meta)


def annotated():
    text = "受理50件，其中网上20件"
    parent, part = [0, 5, "METRIC"], [8, 13, "METRIC"]
    held = {
        "attributes": [{"span": parent, "status": ["done"], "note": "两行\n😀"}],
        "relations": [{"from": part, "to": parent, "names": ["part_of"]}],
        "remarks": ["整篇"],
    }
    return Document("a", text, {"annotation": held}).with_spans([Span(*p, "metric") for p in (parent, part)])


def test_brat_carries_attributes_relations_and_notes(tmp_path):
    losses = Losses()
    brat.write([annotated()], tmp_path, losses)
    (again,) = brat.read(tmp_path, losses)
    wanted = dict(annotated().meta["annotation"])
    assert again.meta["annotation"] == {**wanted, "remarks": []}
    assert losses.lines() == ["1 × document with remarks, which the format does not hold"]


def test_doccano_carries_relations_and_reads_its_three_forms(tmp_path):
    doccano.write([annotated()], tmp_path / "a.jsonl", Losses())
    raw = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    assert raw["relations"] == [{"id": 1, "from_id": 2, "to_id": 1, "type": "part_of"}]
    rows = [
        {"text": "受理50件", "label": [[0, 5, "METRIC"]]},
        {"data": "受理50件", "labels": [[0, 5, "指标"]]},
        {"text": "受理50件", "entities": [{"id": 9, "label": "METRIC", "start_offset": 0, "end_offset": 5}], "meta": {"k": 1}},
    ]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert {s.label for d in doccano.read(tmp_path / "b.jsonl", Losses()) for s in d.spans} == {"METRIC"}


def test_conll_of_others_is_read(tmp_path):
    path = tmp_path / "x.conll"
    path.write_text(
        "-DOCSTART- O\n\n受 B-METRIC\n理 I-METRIC\n50 I-METRIC\n件 I-METRIC\n。 O\n\n人 B-LOC\n员 O\n", encoding="utf-8"
    )
    losses = Losses()
    (document,) = conll.read(path, losses)
    assert bare(document) == ("受理50件。\n人员", [(0, 5, "METRIC", "metric")])
    assert losses.lines() == ["1 × label LOC, which configs/labels.yaml does not have"]


def test_what_is_lost_and_what_is_wrong_is_told(tmp_path):
    scored = replace(annotated(), meta={}).with_spans(
        [Span(0, 5, "METRIC", "metric", score=0.5), Span(2, 6, "MEASURE", "statement")]
    )
    write_jsonl([scored], tmp_path / "a.jsonl")
    app = typer.Typer()
    app.command()(main)
    words = [str(tmp_path / "a.jsonl"), str(tmp_path / "a.conll"), "--from", "jsonl", "--to", "conll"]
    outcome = CliRunner().invoke(app, words)
    assert outcome.exit_code == 0
    assert "not carried: 1 × document with scores, which the format does not hold" in outcome.output
    assert "against the guideline: a: MEASURE" in outcome.output
    missing = CliRunner().invoke(app, [str(tmp_path / "no"), "x", "--from", "brat"])
    assert (missing.exit_code, "there is no such file or folder" in missing.output) == (2, True)


@pytest.mark.parametrize(
    ("form", "content", "said"),
    [
        (Form.doccano, '{"label": []}\n', "no doccano example"),
        (Form.doccano, "{\n", "a line is no JSON"),
        (Form.conll, "# document = {\n", "no JSON"),
        (Form.spacy, "x", "DocBin"),
    ],
)
def test_damaged_files_are_one_clear_line(form, content, said, tmp_path):
    if form is Form.spacy:
        pytest.importorskip("spacy")
    (tmp_path / "x").write_text(content)
    with pytest.raises(Exception, match=said) as caught:
        migrate(tmp_path / "x", tmp_path / "y", form, Form.jsonl)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "y").exists()


def test_round_through_every_form(tmp_path):
    path = tmp_path / "0.jsonl"
    write_jsonl([annotated()], path)
    for index, form in enumerate((Form.conll, Form.doccano, Form.hf, Form.jsonl), 1):
        before = Form.jsonl if index == 1 else (Form.conll, Form.doccano, Form.hf)[index - 2]
        count, _, complaints = migrate(path, tmp_path / str(index), before, form)
        path = tmp_path / str(index)
        assert (count, complaints) == (1, [])
    (again,) = read_jsonl(path)
    assert (bare(again), again.meta) == (bare(annotated()), annotated().meta)
