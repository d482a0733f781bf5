"""Annotated documents as training windows: read, split by publisher, tokenised, tagged, cut at random offsets.

A window is what the extractor feeds the model: up to ``size`` tokens of the whole document between ``<s>`` and ``</s>``. Which
windows an epoch sees depends on seed and epoch alone, so that an interrupted run resumes with the very same batches.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch.utils.data import Dataset

from data.inline import read
from data.splits import load as load_splits
from fazhi.document import Document
from fazhi.errors import ConfigError, InputError
from fazhi.schema import Schema
from fazhi.tagging import encode
from fazhi.tokens import IntArray, Tokens, tokenize

IGNORE = -100
Window = tuple[int, int, int]
"""``(document, start, end)``: half-open range of a document's tokens."""
Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Example:
    """A document with its tokens and tags; ``tags`` is ``(layers, tokens)``, indices into ``layer.tags``."""

    document: Document
    tokens: Tokens
    tags: npt.NDArray[np.int64]
    inexact: int


def read_jsonl(path: Path) -> list[Document]:
    """Read documents from JSON lines; ``InputError`` names the line that holds none."""
    documents = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        remedy = "give the path of a JSON-lines file of documents (shared/… lies in FAZHI_SHARED), or leave it out"
        raise InputError(path, "cannot be read", remedy) from error
    for number, line in enumerate(lines, 1):
        try:
            documents.append(Document.from_json(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}:{number}", f"no annotated document ({error})", "mend or drop the line") from error
    return documents


def read_texts(path: Path, characters: int = 0) -> Iterator[str]:
    """Yield the texts of a JSON-lines file (xz or plain), in all at most so many characters where that is not 0."""
    left = characters or 10**12
    try:
        with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as stream:
            for line in stream:
                text = json.loads(line)["text"][:left]
                left -= len(text)
                if text:
                    yield text
                if not left:
                    return
    except (OSError, EOFError, ValueError, KeyError, TypeError, lzma.LZMAError) as error:
        raise InputError(
            path, f"cannot be read as texts ({error})", "give JSON lines (plain or xz) with a text each"
        ) from error


def read_reports(folder: Path, split: str) -> list[Document]:
    """Read the reports of the written corpus that belong to a split; ``InputError`` where the folder has none of any."""
    names = [name for name, of in load_splits().items() if of == split]
    if not any((folder / f"{name}.txt").exists() for name in load_splits()):
        raise InputError(folder, "holds no report of the written corpus", "start in the checkout, or give its data/reports")
    return [read(folder / f"{name}.txt") for name in sorted(names) if (folder / f"{name}.txt").exists()]


def split_publishers(documents: Iterable[Document], dev: Sequence[str]) -> tuple[list[Document], list[Document]]:
    """Return the documents to train on and those of the ``dev`` publishers, whose texts no training document shares.

    A publisher is kept apart under every name that contains one of ``dev`` (departments sign jointly).
    """
    train: list[Document] = []
    apart: list[Document] = []
    for document in documents:
        publisher = str(document.meta.get("publisher", ""))
        (apart if any(name in publisher for name in dev) else train).append(document)
    return train, apart


def make_examples(documents: Iterable[Document], tokenizer: Tokenizer, schema: Schema) -> list[Example]:
    """Tokenise and tag documents; a document without tokens is left out."""
    examples = []
    for document in documents:
        tokens = tokenize(document.text, tokenizer)
        offsets = [(start, end) for start, end in tokens.offsets.tolist()]
        encoded = [encode(document.spans, offsets, layer) for layer in schema.layers]
        tags = np.array([tags for tags, _ in encoded], dtype=np.int64)
        if len(tokens):
            examples.append(Example(document, tokens, tags, sum(len(inexact) for _, inexact in encoded)))
    return examples


def random_windows(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[Window]:
    """Cover every document with windows of ``size`` tokens that begin at a random offset, in random order.

    The first and the last window are pushed inside the document rather than cut short.
    """
    windows: list[Window] = []
    for index, length in enumerate(lengths):
        if length <= size:
            windows.append((index, 0, length))
            continue
        shift = int(rng.integers(size))
        starts = sorted({min(max(start, 0), length - size) for start in range(shift - size + 1, length, size)})
        windows += [(index, start, start + size) for start in starts]
    return [windows[i] for i in rng.permutation(len(windows))]


class WindowDataset(Dataset[Batch]):  # type: ignore[misc]  # torch is untyped here
    """All windows of all epochs in a row; item ``i`` is a dict of unpadded ``input_ids`` ``(n,)`` and ``tags`` ``(layers, n)``.

    ``digit_noise`` is the share of windows in which every digit is replaced by a random one (labels stay true: a METRIC holds a
    number, whichever).
    """

    def __init__(
        self, examples: Sequence[Example], tokenizer: Tokenizer, plan: Sequence[Window], seed: int, digit_noise: float
    ) -> None:
        self.examples, self.plan, self.seed, self.digit_noise = examples, plan, seed, digit_noise
        self.specials = special_ids(tokenizer)
        digits = [tokenizer.token_to_id(str(digit)) for digit in range(10)]
        self.digits = np.array([digit for digit in digits if digit is not None], dtype=np.int64)

    def __len__(self) -> int:
        """Return the number of windows of all epochs together."""
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        """Return one window with its special tokens."""
        which, start, end = self.plan[index]
        example = self.examples[which]
        ids = self._noisy(example.tokens.ids[start:end], np.random.default_rng([self.seed, index]))
        return with_specials(ids, example.tags[:, start:end], self.specials)

    def _noisy(self, ids: IntArray, rng: np.random.Generator) -> IntArray:
        if not len(self.digits) or rng.random() >= self.digit_noise:
            return ids
        return np.where(np.isin(ids, self.digits), self.digits[rng.integers(len(self.digits), size=len(ids))], ids)


def plan_epochs(examples: Sequence[Example], size: int, epochs: int, seed: int) -> list[Window]:
    """Return the windows of all epochs in a row, each epoch's drawn from seed and number of the epoch."""
    lengths = [len(example.tokens) for example in examples]
    return [w for epoch in range(epochs) for w in random_windows(lengths, size, np.random.default_rng([seed, epoch]))]


def special_ids(tokenizer: Tokenizer) -> tuple[int, int, int]:
    """Return the ids of the begin, end and padding tokens of our tokenizer or of a BERT one."""
    for names in (("<s>", "</s>", "<pad>"), ("[CLS]", "[SEP]", "[PAD]")):
        begin, end, pad = (tokenizer.token_to_id(name) for name in names)
        if begin is not None and end is not None and pad is not None:
            return begin, end, pad
    raise ConfigError("tokenizer", "it has neither <s> </s> <pad> nor [CLS] [SEP] [PAD]", "use a BERT-family tokenizer")


def with_specials(ids: IntArray, tags: npt.NDArray[np.int64], specials: tuple[int, int, int]) -> Batch:
    """Put ``<s>`` and ``</s>`` around a window; their tags are ignored."""
    framed = np.concatenate([[specials[0]], ids, [specials[1]]])
    edge = np.full((len(tags), 1), IGNORE, dtype=np.int64)
    return {"input_ids": torch.from_numpy(framed), "tags": torch.from_numpy(np.concatenate([edge, tags, edge], axis=1))}


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads windows to the longest: ``input_ids`` ``(batch, n)``, ``tags`` ``(batch, layers, n)``; a mask only if needed."""

    pad: int

    def __call__(self, items: Sequence[Batch]) -> Batch:
        """Return one batch."""
        width = max(len(item["input_ids"]) for item in items)
        batch = {
            "input_ids": torch.stack([_padded(item["input_ids"], width, self.pad) for item in items]),
            "tags": torch.stack([_padded(item["tags"], width, IGNORE) for item in items]),
        }
        if any(len(item["input_ids"]) < width for item in items):
            lengths = torch.tensor([len(item["input_ids"]) for item in items])
            batch["attention_mask"] = (torch.arange(width)[None] < lengths[:, None]).long()
        if "soft" in items[0]:
            batch["soft"] = torch.stack([_padded(item["soft"], width, 0) for item in items])
        return batch


def _padded(rows: torch.Tensor, width: int, value: int) -> torch.Tensor:
    return torch.nn.functional.pad(rows, (0, width - rows.size(-1)), value=value)
