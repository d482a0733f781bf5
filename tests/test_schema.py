"""Label layers: tags, slices, and what is refused."""

import pytest

from fazhi.errors import SchemaError
from fazhi.schema import Schema, default_schema


def test_the_default_layers_are_those_of_the_design():
    assert list(default_schema().id2label.values()) == [
        "statement:O", "statement:B-MEASURE", "statement:I-MEASURE", "statement:B-PROBLEM", "statement:I-PROBLEM",
        "metric:O", "metric:B-METRIC", "metric:I-METRIC",
    ]  # fmt: skip
    statement, metric = default_schema().layers
    assert (statement.slice, metric.slice, default_schema().size) == (slice(0, 5), slice(5, 8), 8)
    assert (statement.unit, metric.unit) == ("clause", "token")


def test_model_config_round_trip_and_contradiction():
    schema = default_schema()
    config = {"label_layers": schema.to_json(), "id2label": {str(k): v for k, v in schema.id2label.items()}}
    assert Schema.from_model_config(config) == schema
    config["id2label"]["3"] = "statement:B-OTHER"
    with pytest.raises(SchemaError, match="does not fit"):
        Schema.from_model_config(config)
    with pytest.raises(SchemaError, match="no label_layers"):
        Schema.from_model_config({})


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [{"name": "a", "labels": []}],
        [{"name": "a", "labels": ["X", "X"]}],
        [{"name": "a", "labels": ["X"]}, {"name": "a", "labels": ["Y"]}],
        [{"name": "a", "labels": ["X"]}, {"name": "b", "labels": ["X"]}],
        [{"name": "a", "labels": ["X"], "unit": "word"}],
    ],
)
def test_impossible_layers_are_refused(layers):
    with pytest.raises(SchemaError):
        Schema.from_json(layers)


def test_unknown_labels_are_named():
    with pytest.raises(SchemaError, match=r"GOAL.*MEASURE, PROBLEM, METRIC"):
        default_schema().layer_of("GOAL")
