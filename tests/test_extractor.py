"""The extractor over a model whose answers are known: nothing truncated, every offset leads back to the source."""

import json
import shutil
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fazhi import ingest
from fazhi.backends import batches, run_batched
from fazhi.document import Document
from fazhi.errors import ModelError
from fazhi.extractor import Extractor
from fazhi.model_dir import ModelDirectory, locate


@pytest.fixture(scope="module")
def extractor(oracle):
    return Extractor.from_pretrained(oracle)


def found(document: Document) -> list[tuple[str, str]]:
    return [(span.label, span.text) for span in document.spans]


def test_spans_and_records(extractor):
    document = extractor.extract(Document("a", "一是甲甲丙丁3，乙乙。\n丙丁12；子丑"))
    assert found(document) == [("MEASURE", "甲甲丙丁3"), ("METRIC", "丙丁3"), ("PROBLEM", "乙乙"), ("METRIC", "丙丁12")]
    assert {kind: len(rows) for kind, rows in document.records.items()} == {"metrics": 2, "measures": 1, "problems": 1}
    assert document.meta["model"].startswith("oracle-")
    assert all(0 < span.score <= 1 for span in document.spans)


@settings(max_examples=60)
@given(st.text(alphabet="甲乙丙丁37子丑，。（）\n 　\u00a0\u200b％２\r", max_size=120))
def test_source_offsets_lead_back_to_the_text(extractor, noise):
    source = "法治政府建设工作报告正文" * 12 + "\n" + noise
    document = ingest.from_text(source, "a")
    for span in extractor.extract(document).spans:
        assert span.text == document.text[span.start : span.end]
        assert ingest.normalise(source[span.source_start : span.source_end]) == ingest.normalise(span.text)


def test_a_report_of_any_length_is_read_to_its_end(extractor):
    sentence = "子丑寅卯辰巳午未，丙丁7。"
    document = extractor.extract(Document("long", sentence * 3000 + "甲甲"))
    assert found(document) == [("METRIC", "丙丁7")] * 3000 + [("MEASURE", "甲甲")]


@settings(max_examples=25)
@given(st.lists(st.text(alphabet="甲乙丙丁3，\n子", max_size=60), max_size=8), st.sampled_from([1, 40, 8192]))
def test_many_at_once_equals_one_by_one(extractor, texts, tokens):
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    with mock.patch("fazhi.extractor.GROUP_TOKENS", tokens):
        assert list(extractor.extract_many(documents)) == [extractor.extract(document) for document in documents]


def test_the_model_works_two_groups_ahead_and_no_further(extractor):
    read = []

    def documents():
        for number in range(6):
            read.append(number)
            yield Document(str(number), "丙丁3，甲甲。")

    with mock.patch("fazhi.extractor.GROUP_TOKENS", 1):
        stream = extractor.extract_many(documents())
        assert [next(stream).id for _ in range(2)] == ["0", "1"]
        assert read == [0, 1, 2, 3]
        stream.close()


def test_nothing_outside_the_body_is_tagged(extractor):
    text = "丙丁1，甲甲。\n丙丁2，乙乙。\n丙丁3。"
    body = [text.index("丙丁2"), text.index("\n丙丁3")]
    assert found(extractor.extract(Document("a", text, {"body": body}))) == [("METRIC", "丙丁2"), ("PROBLEM", "乙乙")]


def test_a_document_without_tokens(extractor):
    assert extractor.extract(Document("empty", " \n")).spans == ()


@given(st.lists(st.integers(1, 50), max_size=30), st.integers(1, 200))
def test_batches_hold_everything_within_the_budget(lengths, budget):
    groups = list(batches(lengths, budget))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[index] for index in group) <= budget


def test_batched_rows_come_back_in_order():
    def forward(ids, mask):
        assert ids[mask == 0].tolist() == [9] * int((mask == 0).sum())
        return np.stack([ids, mask], axis=-1).astype(np.float32)

    windows = [np.arange(10, 10 + n) for n in (3, 1, 5, 2)]
    rows = run_batched(forward, windows, (7, 8, 9), 14)
    assert [row[:, 0].astype(int).tolist() for row in rows] == [window.tolist() for window in windows]


@pytest.fixture
def copy(oracle, tmp_path):
    return shutil.copytree(oracle, tmp_path / "copy")


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda d: (d / "config.json").unlink(), r"config\.json is missing"),
        (lambda d: (d / "config.json").write_text("{"), r"config\.json is no JSON"),
        (lambda d: (d / "config.json").write_text("[]"), "holds no object"),
        (lambda d: (d / "tokenizer.json").unlink(), r"tokenizer\.json is missing"),
        (lambda d: (d / "tokenizer.json").write_text("{}"), r"tokenizer\.json cannot be read"),
        (lambda d: (d / "model.onnx").unlink(), r"none of model\.int8\.onnx"),
        (lambda d: (d / "model.onnx").write_bytes(b"no"), r"model\.onnx cannot be loaded"),
        (lambda d: (d / "checksums.json").write_text('{"model.onnx": "0"}'), "SHA-256 differs"),
        (lambda d: (d / "checksums.json").write_text('{"card.md": "0"}'), r"card\.md is missing"),
    ],
)
def test_a_damaged_directory_is_named(copy, harm, complaint):
    harm(copy)
    with pytest.raises(ModelError, match=complaint) as caught:
        Extractor.from_pretrained(copy)
    assert str(copy) in str(caught.value)
    assert "\n" not in str(caught.value)


def change(folder, **values):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | values), encoding="utf-8")


def test_labels_that_do_not_fit(copy):
    change(copy, id2label={"0": "O"})
    with pytest.raises(ModelError, match="does not fit the label layers"):
        Extractor.from_pretrained(copy)
    layers = [{"name": "metric", "unit": "token", "labels": ["METRIC"]}]
    change(copy, label_layers=layers, id2label={"0": "metric:O", "1": "metric:B-METRIC", "2": "metric:I-METRIC"})
    with pytest.raises(ModelError, match="8 logits a token, the label layers need 3"):
        Extractor.from_pretrained(copy)


def test_unknown_backend_and_unknown_model(oracle, monkeypatch):
    with pytest.raises(ModelError, match="unknown backend"):
        Extractor.from_pretrained(oracle, backend="abacus")
    with pytest.raises(ModelError, match="no such directory"):
        locate("nowhere")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="cannot be fetched from the hub"):
        locate("nobody/nothing")


def test_the_order_of_places(oracle, monkeypatch):
    monkeypatch.setenv("FAZHI_MODEL", str(oracle))
    assert locate() == oracle
    assert ModelDirectory.open().path == oracle
    monkeypatch.delenv("FAZHI_MODEL")
    assert locate().name == "fazhi-small"
    assert locate("small") == locate()
    assert locate("fast").name == "fazhi-fast"


@pytest.mark.parametrize("name", ["small", "fast"])
def test_shipped_models_read_a_sample_report_alike(root, name):
    paths = sorted((root / "data" / "samples").iterdir())
    settled = {(d.id, s.start, s.end, s.label) for d in Extractor.from_pretrained("small").extract_many(paths) for s in d.spans}
    given = {(d.id, s.start, s.end, s.label) for d in Extractor.from_pretrained(name).extract_many(paths) for s in d.spans}
    assert len(settled) > 100
    assert 2 * len(settled & given) / (len(settled) + len(given)) > 0.9
