"""Features of the linear-chain CRFs: character windows for METRIC, clause n-grams for statements.

Both return, for one sequence, one list of feature strings an item, as python-crfsuite takes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fazhi.clauses import SENTENCE_ENDS, Clause

_NUMERALS = frozenset("一二两三四五六七八九十百千万亿零〇半")
_UNITS = frozenset("件次人名个家份期场项条户起宗台套处所元册部批亩吨卷例辆间节篇幅座支笔种类级届天")
_HEADINGS = {
    "problem": re.compile("问题|不足|短板|困难|差距"),
    "plan": re.compile("下一步|下步|打算|安排|计划|思路|明年|建议"),
    "leader": re.compile("第一责任人|主要负责人|履职"),
}
_HEADING_LINE = re.compile(r"\s*[（(]?[一二三四五六七八九十]{1,3}[）)]?[、.．]?")
WINDOW = 4


def char_class(char: str) -> str:
    """Return the class of a character: digit, numeral, unit, percent, letter, blank, punctuation or Chinese."""
    classes = ((str.isdecimal, "d"), (_NUMERALS.__contains__, "n"), (_UNITS.__contains__, "u"), ("%％‰".__contains__, "%"))
    for belongs, name in classes:
        if belongs(char):
            return name
    if char.isascii() and char.isalpha():
        return "a"
    if char.isspace():
        return "s"
    return "c" if "\u4e00" <= char <= "\u9fff" else "p"


def metric_features(text: str, clause: Clause) -> list[list[str]]:
    """Return the features of every character of a clause."""
    chars = ["0" if char.isdecimal() else char for char in text[clause.start : clause.end]]
    padded = ["<"] * WINDOW + chars + [">"] * WINDOW
    classes = ["<"] * WINDOW + [char_class(char) for char in chars] + [">"] * WINDOW
    return [_window(padded, classes, at + WINDOW, len(chars)) for at in range(len(chars))]


def _window(chars: Sequence[str], classes: Sequence[str], at: int, length: int) -> list[str]:
    features = [f"c{d}={chars[at + d]}" for d in range(-WINDOW, WINDOW + 1)]
    features += [f"b{d}={chars[at + d]}{chars[at + d + 1]}" for d in range(-3, 3)]
    features += [f"t{d}={''.join(chars[at + d : at + d + 3])}" for d in range(-3, 2)]
    features += ["k=" + "".join(classes[at - 2 : at + 3]), "K=" + "".join(classes[at : at + 5])]
    rest, before = classes[at : at + 24], classes[WINDOW:at]
    to_number = next((d for d, kind in enumerate(rest) if kind in "dn"), 25)
    features.append(f"next={min(to_number, 6) if to_number < 6 else 6 + to_number // 6}")
    features += ["seen" if any(kind in "dn" for kind in before) else "unseen", f"at={min(at - WINDOW, 5)}"]
    features += [f"left={min(length + WINDOW - 1 - at, 3)}", "bias"]
    return features


def statement_features(text: str, found: Sequence[Clause]) -> list[list[str]]:
    """Return the features of every clause of a report; the clauses are one sequence."""
    bare = [re.sub(r"\d", "0", text[clause.start : clause.end]) for clause in found]
    features, section = [], "start"
    for at, clause in enumerate(found):
        section = _section(text, clause, section)
        own = _clause_features(bare[at])
        own += [f"sep={clause.separator or '$'}", f"before={found[at - 1].separator if at else '^'}", f"section={section}"]
        own += ["enumerated"] if clause.outer_start + 1 < clause.start else []
        own += _neighbours(bare, found, at)
        features.append(own)
    return features


def _section(text: str, clause: Clause, section: str) -> str:
    """Return the kind of section from this clause on: headings are short numbered pieces with a telling word."""
    outer = text[clause.outer_start : clause.outer_end]
    enumerated = _HEADING_LINE.match(outer)
    if not enumerated or not enumerated.group().strip() or clause.end - clause.start > 30:
        return section
    return next((kind for kind, words in _HEADINGS.items() if words.search(outer)), "other" if "、" in outer[:4] else section)


def _clause_features(bare: str) -> list[str]:
    grams = {f"1={char}" for char in bare}
    grams |= {f"2={bare[i : i + 2]}" for i in range(len(bare) - 1)} | {f"3={bare[i : i + 3]}" for i in range(len(bare) - 2)}
    edges = [f"s{n}={bare[:n]}" for n in (1, 2, 3, 4)] + [f"e{n}={bare[-n:]}" for n in (1, 2, 3, 4)]
    return [*sorted(grams), *edges, f"len={min(len(bare) // 4, 10)}", "number" if re.search(r"\d", bare) else "none"]


def _neighbours(bare: Sequence[str], found: Sequence[Clause], at: int) -> list[str]:
    features = []
    for name, other in (("p", at - 1), ("n", at + 1)):
        if 0 <= other < len(bare):
            features += [
                f"{name}{c}" for c in (f"s={bare[other][:2]}", f"e={bare[other][-2:]}", f"l={min(len(bare[other]) // 6, 5)}")
            ]
    first = at
    while first and found[first - 1].separator not in SENTENCE_ENDS:
        first -= 1
    return [*features, f"lead={bare[first][:2]}", f"nth={min(at - first, 4)}"]
