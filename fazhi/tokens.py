"""A document's tokens: ids and code-point offsets, the same at training and at run time.

A document is cut into lines and each line is tokenised on its own, so that memory stays small and a line's tokens never
depend on its neighbours. Between two lines that are not blank stands one line-break token where the vocabulary has
one; its extent is the first line break after the earlier line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

LINE_BREAK = "\n"
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one document, without ``<s>`` and ``</s>``.

    ``ids`` is ``(n,)``; ``offsets`` is ``(n, 2)``: half-open code-point extents in the document's text, ascending, not empty
    and not overlapping.
    """

    ids: IntArray
    offsets: IntArray

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.ids)


def tokenize(text: str, tokenizer: Tokenizer) -> Tokens:
    """Return the tokens of a whole document, however long; blanks yield none."""
    lines = _lines(text)
    encodings = tokenizer.encode_batch([line for line, _ in lines], add_special_tokens=False)
    line_break = tokenizer.token_to_id(LINE_BREAK)
    ids: list[int] = []
    offsets: list[tuple[int, int]] = []
    at = -1
    for (line, start), encoding in zip(lines, encodings, strict=True):
        if at >= 0 and line_break is not None:
            ids.append(line_break)
            offsets.append((at, at + 1))
        ids += encoding.ids
        offsets += [(start + first, start + last) for first, last in encoding.offsets]
        at = start + len(line)
    return Tokens(np.array(ids, dtype=np.int64), np.array(offsets, dtype=np.int64).reshape(-1, 2))


def _lines(text: str) -> list[tuple[str, int]]:
    """Return the lines that are not blank, each with its place in the text."""
    lines, at = [], 0
    for line in text.split(LINE_BREAK):
        if line.strip():
            lines.append((line, at))
        at += len(line) + 1
    return lines
