"""Themes of statements, after the outline of the 《法治政府建设实施纲要（2021—2025年）》 (``configs/themes.yaml``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from fazhi.errors import ConfigError
from fazhi.schema import config_path

_WEIGHTS = (3, 2, 1)


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: its code, Chinese name, the part of the outline it belongs to, and the words that speak of it."""

    code: str
    zh: str
    outline: str
    words: re.Pattern[str]


OTHER = "other"


def theme_of(text: str, item: str | None = None, section: str | None = None) -> str:
    """Return the code of the one theme that a statement speaks of, ``other`` if no word of any theme is found.

    Its own words weigh most, then those of the item's headline, then those of the section's heading.
    """
    scores = {theme.code: _score(theme, (text, item or "", section or "")) for theme in themes()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] else OTHER


def _score(theme: Theme, texts: tuple[str, str, str]) -> int:
    return sum(weight * len(set(theme.words.findall(text))) for weight, text in zip(_WEIGHTS, texts, strict=True))


def names() -> dict[str, str]:
    """Return the Chinese name of every theme's code, ``other`` the last."""
    return {theme.code: theme.zh for theme in themes()} | {OTHER: "其他"}


@cache
def themes() -> tuple[Theme, ...]:
    """Return the themes of ``configs/themes.yaml``, in their order."""
    return load(config_path("themes.yaml"))


def load(path: Path) -> tuple[Theme, ...]:
    """Read themes; ``ConfigError`` names the one with a missing field or a bad pattern."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    found: list[Theme] = []
    for item in raw["themes"]:
        try:
            found.append(Theme(item["code"], item["zh"], item["outline"], re.compile(item["words"])))
        except (KeyError, re.error) as error:
            raise ConfigError(path, f"theme {item.get('code', '?')}: {error}", "give code, zh, outline and words") from error
    return tuple(found)
