"""Clauses: the unit that a statement fills (annotation guideline §2).

A clause ends at ``，,。；;：:！!？?`` or a line break, but not inside brackets, quotes or book-title marks that are paired
on the same line, and not at a ``,`` or ``:`` between two digits. A statement is the clause without outer blanks and
without the enumerator at its start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

SEPARATORS = frozenset("，,。；;：:！!？?\n")
SENTENCE_ENDS = frozenset("。；;！!？?\n")
_PAIRS = dict(zip("）)》〉”’】〕]」』", "（(《〈“‘【〔[「『", strict=True))
_OPENERS = frozenset(_PAIRS.values())
_HALF_WIDTH = {"（": "(", "）": ")", "［": "[", "］": "]"}
_BLANK = r"[\s\u3000\u00a0\u200b\ufeff]"
_CHINESE_NUMBER = "[一二三四五六七八九十]{1,3}"
_ENUMERATOR = re.compile(
    rf"""(?:
      [（(]\s*(?:{_CHINESE_NUMBER}|\d{{1,2}})\s*[）)][、.．]?          # （一） (1) （一）、
    | {_CHINESE_NUMBER}[、.．]                                        # 一、
    | \d{{1,2}}(?:[、．]|\.(?!\d)|[)）])                              # 1. 2、 3）  but not 1.5
    | [①-⑳⑴-⒇⒈-⒛㈠-㈩]
    | 第?{_CHINESE_NUMBER}(?:是|则)(?!否)                             # 一是 二则
    | 第{_CHINESE_NUMBER}[、.．]                                      # 第一、
    | 首先|其次|再次|再者|最后(?!一)|另一方面|一方面
    )""",
    re.VERBOSE,
)
_BLANKS = re.compile(_BLANK + "*")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: ``start:end`` is the statement's extent, ``outer_start:outer_end`` all that lies between separators.

    ``start == end`` where nothing but blanks or an enumerator is left. ``separator`` is the character that ends the
    clause, empty at the end of the text.
    """

    outer_start: int
    outer_end: int
    start: int
    end: int
    separator: str = ""


def _canonical(char: str) -> str:
    return _HALF_WIDTH.get(char, char)


def _protected(line: str) -> list[bool]:
    """Tell for each character of a line whether it lies inside a pair of brackets, quotes or book-title marks."""
    depth = [0] * (len(line) + 1)
    stack: list[tuple[str, int]] = []
    for at, char in enumerate(line):
        opener = '"' if char == '"' else _PAIRS.get(char)
        match = _last_open(stack, opener)
        if match is not None and opener is not None:
            depth[stack[match][1]] += 1
            depth[at] -= 1
            del stack[match:]
        elif char == '"' or char in _OPENERS:
            stack.append((char, at))
    inside, level = [], 0
    for change in depth[: len(line)]:
        level += change
        inside.append(level > 0)
    return inside


def _last_open(stack: list[tuple[str, int]], opener: str | None) -> int | None:
    """Return the index in the stack of the latest opener that this closer fits; half- and full-width brackets match."""
    if opener is None:
        return None
    for index in range(len(stack) - 1, -1, -1):
        if _canonical(stack[index][0]) == _canonical(opener):
            return index
    return None


def _separators(text: str) -> list[int]:
    """Return the places of all characters that end a clause, in order."""
    places, base = [], 0
    for line in text.split("\n"):
        inside = _protected(line)
        places += [
            base + at for at, char in enumerate(line) if char in SEPARATORS and not inside[at] and not _between_digits(line, at)
        ]
        base += len(line) + 1
        if base <= len(text):
            places.append(base - 1)
    return places


def _between_digits(line: str, at: int) -> bool:
    return line[at] in ",:" and 0 < at < len(line) - 1 and line[at - 1].isdecimal() and line[at + 1].isdecimal()


def skip_enumerators(text: str, start: int, end: int) -> int:
    """Return where the statement begins in ``text[start:end]``, after blanks and enumerators (``一是``, ``（一）1.``)."""
    at = start
    while True:
        blanks = _BLANKS.match(text, at, end)
        at = blanks.end() if blanks else at
        enumerator = _ENUMERATOR.match(text, at, end)
        if not enumerator:
            return at
        at = enumerator.end()


def clauses(text: str) -> list[Clause]:
    """Split a text into its clauses; together their outer extents and separators cover it."""
    return list(_split(text))


@lru_cache(maxsize=2)  # windows, decoding, records and audit ask for the clauses of a document one after the other
def _split(text: str) -> tuple[Clause, ...]:
    found: list[Clause] = []
    start = 0
    for place in [*_separators(text), len(text)]:
        inner = skip_enumerators(text, start, place)
        end = inner + len(text[inner:place].rstrip().rstrip("\u200b\ufeff").rstrip())
        separator = text[place] if place < len(text) else ""
        found.append(Clause(start, place, inner, max(end, inner), separator))
        start = place + 1
    return tuple(found)
