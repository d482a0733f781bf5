"""Administrative divisions: names → codes of GB/T 2260, from the table ``regions.tsv`` (``data/regions.py`` builds it)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PROVINCE_SUFFIX = ("壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区", "自治区", "省", "市")


@dataclass(frozen=True, slots=True)
class Region:
    """A division: its six-digit code, its name, and whether it is of an earlier time than the table's latest state."""

    code: str
    name: str
    former: bool = False

    @property
    def level(self) -> str:
        """``province``, ``city`` (prefecture) or ``county``; the districts of a municipality count as counties."""
        if self.code.endswith("0000"):
            return "province"
        return "city" if self.code.endswith("00") else "county"


@cache
def table() -> dict[str, tuple[Region, ...]]:
    """Return all divisions by name; present ones before former ones."""
    found: dict[str, list[Region]] = {}
    text = files("fazhi.ingest").joinpath("regions.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        code, name, *old = line.split("\t")
        found.setdefault(name, []).append(Region(code, name, bool(old)))
    return {name: tuple(sorted(regions, key=lambda region: region.former)) for name, regions in found.items()}


@cache
def _parents() -> dict[str, str]:
    """Return code → name of the provinces and prefectures."""
    return {region.code: region.name for regions in table().values() for region in regions[:1] if region.level != "county"}


def ancestors(region: Region) -> tuple[str, ...]:
    """Return the names of the province and prefecture that a division lies in."""
    codes = (region.code[:2] + "0000", region.code[:4] + "00")
    return tuple(name for code in codes if code != region.code and (name := _parents().get(code)))


def resolve(name: str, context: Iterable[str]) -> Region | None:
    """Return the one division of that name that fits the places named around it; ``None`` where there is none or doubt.

    Present divisions are preferred to former ones. Where several remain, the context must name the province or prefecture (in
    full or short form) of exactly one.
    """
    candidates = table().get(name, ())
    candidates = tuple(region for region in candidates if not region.former) or candidates
    if len({region.code for region in candidates}) == 1:
        return candidates[0]
    text = "\n".join(context)
    fitting = [region for region in candidates if any(short(parent) in text for parent in ancestors(region))]
    return fitting[0] if len({region.code for region in fitting}) == 1 else None


def short(name: str) -> str:
    """Return a province's or prefecture's name without its suffix: ``广东``, ``河源``."""
    for suffix in _PROVINCE_SUFFIX:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name.removesuffix(suffix)
    return name
