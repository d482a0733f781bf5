"""Dev scores over several placements of the windows."""

import json

import pytest
import typer

from fazhi.document import Document
from fazhi.extractor import Extractor
from train.placements import PLACEMENTS, line, main, measure


def documents(extractor, *texts):
    return [extractor.extract(Document(str(number), text)) for number, text in enumerate(texts)]


def test_a_model_agrees_with_itself_wherever_windows_fall(oracle):
    gold = documents(Extractor.from_pretrained(oracle), "甲甲甲，丙丁12丁，乙乙。" * 120, "丙丁3。", "")
    assert all(document.spans for document in gold[:2])
    scores = measure(str(oracle), gold, float32=True)
    assert len(scores) == len(PLACEMENTS)
    assert all(value == 1.0 for score in scores for value in score.values())


def test_what_is_missed_counts(oracle):
    (gold,) = documents(Extractor.from_pretrained(oracle), "甲甲，丙丁1，丙丁2。")
    half = Document("0", gold.text, spans=tuple(span for span in gold.spans if span.text != "丙丁2"))
    for score in measure(str(oracle), [half], float32=True):
        assert (score["MEASURE"], score["METRIC"]) == (1.0, pytest.approx(2 / 3))


def test_mean_and_spread():
    assert line([{"METRIC": 0.5, "mean": 0.5}, {"METRIC": 0.7, "mean": 0.7}]) == "METRIC 0.6000±0.1000 mean 0.6000±0.1000"


def test_the_command_scores_real_and_written_reports_apart(oracle, tmp_path, capsys):
    (gold,) = documents(Extractor.from_pretrained(oracle), "甲甲，丙丁1。")
    rows = [
        {"id": name, "text": gold.text, "spans": [span.to_json() for span in gold.spans], "meta": {"publisher": name}}
        for name in "ab"
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    config = tmp_path / "c.yaml"
    config.write_text(f"base: x\nout: y\ndata: {{jsonl: [{tmp_path / 'd.jsonl'}], dev_publishers: [b]}}\n", encoding="utf-8")
    main([str(oracle)], config, float32=True)
    said = capsys.readouterr().out
    assert "real (1): MEASURE 1.0000±0.0000" in said
    assert "written" not in said
    with pytest.raises(typer.Exit):
        main([str(tmp_path / "none")], config)
    assert "no such directory" in capsys.readouterr().err
