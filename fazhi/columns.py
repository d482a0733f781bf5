"""What the columns of the tables mean, in Chinese and English (``configs/columns.yaml``); the workbook and docs tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from fazhi import themes
from fazhi.errors import ConfigError
from fazhi.indicators import Indicator, catalogue
from fazhi.schema import config_path

_FILE = "columns.yaml"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it means, how its numbers count, and the codes that it may hold with their Chinese meaning."""

    name: str
    zh: str
    en: str
    unit: str
    values: Mapping[str, str]

    @property
    def allowed(self) -> str:
        """What may stand in the column, in one line: its unit, or its codes."""
        return self.unit or "；".join(f"{code} {zh}" for code, zh in self.values.items())


@dataclass(frozen=True, slots=True)
class About:
    """A table: its Chinese name, and what its rows are."""

    zh: str
    rows_zh: str
    rows_en: str


def explained(table: str, names: Iterable[str]) -> list[Column]:
    """Return the explanations of a table's columns, in their order; ``ConfigError`` names a column that has none."""
    raw, known = _raw(), catalogue()
    own = raw["tables"][table].get("columns", {})
    return [
        _indicator(known[name]) if name in known.codes else _column(table, name, own.get(name) or raw["shared"].get(name))
        for name in names
    ]


def about(table: str) -> About:
    """Return what a table is."""
    raw = _raw()["tables"][table]
    return About(raw["zh"], raw["about"], raw["en"])


def notes() -> list[tuple[str, str]]:
    """Return what holds of all tables, in Chinese and English."""
    return [(note["zh"], note["en"]) for note in _raw()["notes"]]


def _column(table: str, name: str, raw: Mapping[str, Any] | None) -> Column:
    if raw is None:
        raise ConfigError(config_path(_FILE), f"column {name} of {table} is not explained", "give zh and en")
    values = raw.get("values", {})
    return Column(name, raw["zh"], raw["en"], raw.get("unit", ""), themes.names() if values == "themes" else values)


def _indicator(entry: Indicator) -> Column:
    """Explain a column of the disclosure matrix, which is an indicator."""
    return Column(
        entry.code,
        f"{entry.zh}：{entry.definition}",
        f"{entry.en} ({entry.code})",
        "",
        _raw()["tables"]["disclosure"]["states"],
    )


@cache
def _raw() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(config_path(_FILE).read_text(encoding="utf-8"))
    return read
