"""``python -m train.prepare``: write the base encoder, vocabulary pruned, as a model directory that transformers loads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from data.inline import REPORTS, read
from train.base import BaseFile, encoder_of, find_base_file, read_base_file
from train.config import one_line_errors
from train.dataset import read_texts
from train.documents import resolve
from train.encoders import load_tokenizer, quiet
from train.float_base import read_checkpoint
from train.tokenizer import PUNCTUATION, Piece, as_fast, build, candidates, count_pieces, prune, same_pieces

WEIGHTS = {"train": 20, "reports": 20, "gov": 5}
"""How much a text counts when pieces are chosen: the genre before other government text before laws and cases."""


def texts() -> Iterator[tuple[int, list[str]]]:
    """Yield texts to count pieces in, each source with its weight; sources that are absent are left out."""
    yield WEIGHTS["reports"], [read(path).text for path in sorted(REPORTS.glob("*.txt"))]
    annotated = resolve("shared/train/spans.jsonl")
    if annotated.exists():
        yield WEIGHTS["train"], list(read_texts(annotated))
    for path in sorted(resolve("shared/corpus").glob("*.jsonl.xz")):
        yield WEIGHTS["gov"] if path.name.startswith("gov") else 1, list(read_texts(path))


def prepare(base: BaseFile, out: Path, pieces: int) -> str:
    """Write the base encoder with its ``pieces`` most used pieces into a folder; say in one line what was kept."""
    sources = list(texts())
    characters = Counter(char for _, documents in sources for text in documents for char in text)
    usual = {char for char, count in characters.items() if count >= 5} | set(PUNCTUATION)
    every = candidates(base, usual)
    whole, _ = build(every, base)
    counts: Counter[str] = Counter()
    for weight, documents in sources:
        counts.update(count_pieces(whole, documents, weight))
    kept = prune(every, counts, pieces)
    size = _write(base, kept, out)
    lost = sum(counts.values()) - sum(counts[piece.text] for piece in kept) - counts["<unk>"]
    return f"{out}: {size} pieces of {len(every)}; {lost / sum(counts.values()):.5%} of tokens used others"


def prepare_like(base: BaseFile, out: Path, model: str) -> str:
    """Write the base encoder with the very pieces of another model, so that both read text alike; say in one line what it is.

    The pieces that are used most change with the reports; a second teacher or student must keep to those of the first.
    """
    vocabulary = load_tokenizer(model).get_vocab()
    size = _write(base, same_pieces(base, sorted(vocabulary, key=vocabulary.__getitem__)), out)
    return f"{out}: {size} pieces, those of {model}"


def _write(base: BaseFile, pieces: Sequence[Piece], out: Path) -> int:
    """Write encoder and tokenizer with these pieces; return their number, special tokens counted."""
    tokenizer, rows = build(pieces, base)
    encoder_of(base, rows).save_pretrained(out)
    as_fast(tokenizer).save_pretrained(out)
    return len(rows)


def four_bit() -> BaseFile:
    """Return the base of the installed package."""
    return read_base_file(find_base_file())


def main(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("models/runs/base"),
    pieces: Annotated[int, typer.Option(help="Most pieces to keep.")] = 16_000,
    like: Annotated[str, typer.Option(help="Keep the pieces of this model instead, in its order.")] = "",
    weights: Annotated[str, typer.Option(help="Directory or hub id of float weights to take instead.")] = "",
) -> None:
    """Write the pruned base encoder and its tokenizer."""
    with one_line_errors():
        quiet()
        base = read_checkpoint(weights) if weights else four_bit()
        typer.echo(prepare_like(base, out, like) if like else prepare(base, out, pieces))


if __name__ == "__main__":
    typer.run(main)
