"""Label layers, their BIO tags, and the slice of the logits that belongs to each layer.

The labels of a model are grouped in layers (``configs/labels.yaml``); a tag is written ``layer:TAG`` in a model's
``id2label``, for instance ``statement:B-MEASURE``. Within a layer the tags are ``O`` and then ``B-X``, ``I-X`` a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fazhi.errors import SchemaError

UNITS = ("clause", "token")


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of labels that do not overlap each other.

    ``unit`` is ``clause`` (a span fills a clause) or ``token`` (a span lies inside a clause); ``offset`` is the index of
    the layer's ``O`` among all logits.
    """

    name: str
    labels: tuple[str, ...]
    unit: str = "token"
    offset: int = 0

    @property
    def tags(self) -> tuple[str, ...]:
        """The BIO tags: ``O, B-X, I-X, B-Y, I-Y, …``."""
        return ("O", *(f"{prefix}-{label}" for label in self.labels for prefix in "BI"))

    @property
    def slice(self) -> slice:
        """Where this layer's logits lie."""
        return slice(self.offset, self.offset + len(self.tags))


@dataclass(frozen=True, slots=True)
class Schema:
    """All layers, in the order of the logits."""

    layers: tuple[Layer, ...]

    @property
    def id2label(self) -> dict[int, str]:
        """The flat list of tags as a model's config has it."""
        return dict(enumerate(f"{layer.name}:{tag}" for layer in self.layers for tag in layer.tags))

    @property
    def size(self) -> int:
        """Number of logits a token."""
        return sum(len(layer.tags) for layer in self.layers)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all layers."""
        return tuple(label for layer in self.layers for label in layer.labels)

    def layer_of(self, label: str) -> Layer:
        """Return the layer that holds a label; ``SchemaError`` if none does."""
        for layer in self.layers:
            if label in layer.labels:
                return layer
        raise SchemaError(f"unknown label {label!r}; the labels are {', '.join(self.labels)}")

    def to_json(self) -> list[dict[str, Any]]:
        """Return the layers as they stand in a model's config under ``label_layers``."""
        return [{"name": layer.name, "unit": layer.unit, "labels": list(layer.labels)} for layer in self.layers]

    @classmethod
    def from_json(cls, layers: list[Mapping[str, Any]]) -> Schema:
        """Build a schema from a list of ``{name, unit, labels}``; labels are names or ``{name, …}``."""
        built: list[Layer] = []
        for raw in layers:
            labels = tuple(item["name"] if isinstance(item, Mapping) else str(item) for item in raw["labels"])
            offset = built[-1].slice.stop if built else 0
            built.append(Layer(raw["name"], labels, raw.get("unit", "token"), offset))
        schema = cls(tuple(built))
        schema._validate()
        return schema

    @classmethod
    def from_model_config(cls, config: Mapping[str, Any]) -> Schema:
        """Read the layers of a model's ``config.json``; ``SchemaError`` where ``id2label`` tells another story."""
        if "label_layers" not in config:
            raise SchemaError("config.json has no label_layers; export the model again with python -m models.export")
        schema = cls.from_json(config["label_layers"])
        told = {int(key): value for key, value in config.get("id2label", {}).items()}
        if told != schema.id2label:
            raise SchemaError(f"id2label {told} does not fit the label layers {schema.id2label}; export the model again")
        return schema

    def _validate(self) -> None:
        names = [layer.name for layer in self.layers]
        labels = self.labels
        if not labels or len(set(names)) != len(names) or len(set(labels)) != len(labels):
            raise SchemaError(f"layers {names} with labels {labels}: names must be there and be unique")
        for layer in self.layers:
            if layer.unit not in UNITS:
                raise SchemaError(f"layer {layer.name}: unit {layer.unit!r} is none of {', '.join(UNITS)}")


def config_path(name: str) -> Path:
    """Return the path of a file of ``configs/``: the wheel's copy if there is one, the checkout's otherwise."""
    packaged = Path(__file__).with_name("_configs") / name
    return packaged if packaged.exists() else Path(__file__).parent.parent / "configs" / name


@cache
def default_schema() -> Schema:
    """Return the layers of ``configs/labels.yaml``."""
    raw = yaml.safe_load(config_path("labels.yaml").read_text(encoding="utf-8"))
    return Schema.from_json(raw["layers"])
