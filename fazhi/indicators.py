"""Canonical indicators: which one of ``configs/indicators.yaml`` an indicator's text means, if any.

Rules first (kind, unit, words that must and must not be there), then the Dice coefficient of character 1- and 2-grams with
the indicator's known wordings (Dice 1945); below the catalogue's threshold there is no match, never a forced one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from fazhi.errors import ConfigError
from fazhi.schema import config_path

_NOISE = re.compile(r"[《》“”\"‘’（）()、，,·\s]|各类|各种|各级|全年|累计|共|依法|全县|全区|全市|全镇|全局")
_FIELDS = frozenset({"code", "zh", "en", "definition", "unit", "kind", "units", "must", "not", "aliases"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue: code, names, definition, unit and kind, and how it is recognised."""

    code: str
    zh: str
    en: str
    definition: str
    unit: str
    kind: str
    aliases: tuple[str, ...]
    units: frozenset[str] = frozenset()
    must: tuple[re.Pattern[str], ...] = ()
    must_not: tuple[re.Pattern[str], ...] = ()
    grams: tuple[frozenset[str], ...] = field(default=(), repr=False)

    def admits(self, text: str, unit: str, kind: str) -> bool:
        """Tell whether kind, unit and words allow this indicator."""
        if kind != self.kind or (self.units and unit not in self.units):
            return False
        return all(p.search(text) for p in self.must) and not any(p.search(text) for p in self.must_not)


@dataclass(frozen=True, slots=True)
class Match:
    """An indicator's code and how well the text fits it, from 0 to 1."""

    code: str
    score: float


@dataclass(frozen=True)
class Catalogue:
    """All canonical indicators and the threshold below which nothing matches."""

    indicators: tuple[Indicator, ...]
    threshold: float

    def best(self, text: str, unit: str, kind: str) -> Match | None:
        """Return the best match at or above the threshold, ``None`` if there is none."""
        plain = normalise(text)
        grams = ngrams(plain)
        scored = [
            Match(entry.code, max(dice(grams, alias) for alias in entry.grams))
            for entry in self._fitting.get((kind, unit), self._fitting.get((kind, None), ()))
            if entry.admits(text, unit, kind)
        ]
        found = max(scored, key=lambda match: match.score, default=None)
        return found if found and found.score >= self.threshold else None

    @cached_property
    def _fitting(self) -> Mapping[tuple[str, str | None], Sequence[Indicator]]:
        """The indicators that a kind and a unit allow; unit ``None`` stands for every unit that no indicator names."""
        kinds = {entry.kind for entry in self.indicators}
        units = {None, *(unit for entry in self.indicators for unit in entry.units)}
        return {
            (kind, unit): [e for e in self.indicators if e.kind == kind and (not e.units or unit in e.units)]
            for kind in kinds
            for unit in units
        }

    def __getitem__(self, code: str) -> Indicator:
        """Return an indicator by its code; ``KeyError`` where there is none."""
        for entry in self.indicators:
            if entry.code == code:
                return entry
        raise KeyError(code)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all indicators."""
        return frozenset(entry.code for entry in self.indicators)


def normalise(text: str) -> str:
    """Return an indicator's text without quotes, brackets, blanks and words that say nothing of it (各类 全年 累计)."""
    return _NOISE.sub("", text)


def ngrams(text: str) -> frozenset[str]:
    """Return the characters of a text and its pairs of neighbours."""
    return frozenset(text) | frozenset(a + b for a, b in pairwise(text))


def dice(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Dice coefficient of two sets, 0 where both are empty."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 0.0


def match(indicator_text: str, unit: str, kind: str) -> str | None:
    """Return the code of the canonical indicator that a text means, ``None`` if none fits well enough."""
    found = catalogue().best(indicator_text, unit, kind)
    return found.code if found else None


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of ``configs/indicators.yaml``."""
    return load(config_path("indicators.yaml"))


def load(path: Path) -> Catalogue:
    """Read a catalogue; ``ConfigError`` names the entry with an unknown or missing field, a bad pattern, or a double code."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    groups: Mapping[str, Sequence[str]] = raw.get("groups", {})
    entries = tuple(_entry(item, groups, path) for item in raw["indicators"])
    codes = [entry.code for entry in entries]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise ConfigError(path, f"code {twice[0]} is there twice", "give every indicator a code of its own")
    return Catalogue(entries, float(raw["threshold"]))


def _entry(item: Mapping[str, Any], groups: Mapping[str, Sequence[str]], path: Path) -> Indicator:
    code = item.get("code", "?")
    unknown, missing = set(item) - _FIELDS, _FIELDS - {"units", "not"} - set(item)
    if unknown or missing:
        raise ConfigError(
            path, f"{code}: unknown fields {sorted(unknown)}, missing {sorted(missing)}", "see docs/indicators.md"
        )
    try:
        must = tuple(re.compile(pattern) for pattern in item["must"])
        must_not = tuple(re.compile(pattern) for pattern in item.get("not", ()))
    except re.error as error:
        raise ConfigError(path, f"{code}: bad pattern: {error}", "write a regular expression of Python's re") from error
    units = frozenset(unit for name in item.get("units", ()) for unit in groups.get(name, (name,)))
    aliases = tuple(item["aliases"])
    code, zh, en, definition, unit, kind = (str(item[name]) for name in ("code", "zh", "en", "definition", "unit", "kind"))
    grams = tuple(ngrams(normalise(alias)) for alias in aliases)
    return Indicator(code, zh, en, definition, unit, kind, aliases, units, must, must_not, grams)
