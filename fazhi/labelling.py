"""What annotators see: names, colours, hot keys, choices and relations of ``configs/labels.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fazhi.errors import ConfigError
from fazhi.schema import Schema, config_path


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How a label looks: its Chinese name, ``#rrggbb`` colour, and hot key."""

    name: str
    zh: str
    colour: str
    hotkey: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An attribute of regions with one label; ``values`` maps stored values to what people see."""

    name: str
    zh: str
    label: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RelationKind:
    """A directed relation between regions of two labels."""

    name: str
    zh: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Labelling:
    """The label layers and everything about them that only people need."""

    schema: Schema
    looks: Mapping[str, LabelLook]
    choices: tuple[Choice, ...]
    relations: tuple[RelationKind, ...]

    def choices_of(self, label: str) -> tuple[Choice, ...]:
        """Return the choices that regions with a label have."""
        return tuple(choice for choice in self.choices if choice.label == label)

    @classmethod
    def read(cls, path: Path) -> Labelling:
        """Read ``labels.yaml``; ``ConfigError`` names what it lacks."""
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        schema = Schema.from_json(raw["layers"])
        labels = [item for layer in raw["layers"] for item in layer["labels"]]
        try:
            looks = {item["name"]: LabelLook(item["name"], item["zh"], item["colour"], item["hotkey"]) for item in labels}
            choices = tuple(Choice(c["name"], c["zh"], c["label"], dict(c["values"])) for c in raw.get("choices", ()))
            relations = tuple(RelationKind(r["name"], r["zh"], r["from"], r["to"]) for r in raw.get("relations", ()))
        except (KeyError, TypeError) as error:
            raise ConfigError(path, f"a label, choice or relation has no {error}", "add it") from error
        return cls(schema, looks, choices, relations)

    def to_json(self) -> dict[str, Any]:
        """Return the looks for a web page: label → ``{zh, colour}``."""
        return {name: {"zh": look.zh, "colour": look.colour} for name, look in self.looks.items()}


@cache
def default_labelling() -> Labelling:
    """Return what ``configs/labels.yaml`` says."""
    return Labelling.read(config_path("labels.yaml"))
