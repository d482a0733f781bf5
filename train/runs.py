"""The folder of a run: what the run is made of, and the checkpoint that it goes on from.

A checkpoint goes on only under the settings, documents and start that made it: anything else would neither be the broken run
nor a new one. ``run.json`` in the folder says what they were.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from fazhi.errors import ConfigError
from fazhi.writers import whole_file

RECORD = "run.json"
CHECKPOINTS = "checkpoint-[0-9]*"
STATE = "trainer_state.json"
"""What ``Trainer`` writes last into a checkpoint."""
NO_MATTER = ("out", "threads", "balance")
"""Settings that may change between two starts: no step depends on them."""


def record(config: Any, data: Iterable[np.ndarray[Any, Any]], model: nn.Module) -> dict[str, Any]:  # noqa: ANN401  a dataclass
    """Return what decides a run's result: its settings, and SHA-256 sums of its data and of the weights that it starts from."""
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in NO_MATTER}
    rows = hashlib.sha256()
    for array in data:
        rows.update(array.tobytes())
    weights = hashlib.sha256()
    for tensor in model.state_dict().values():
        weights.update(tensor.cpu().numpy().tobytes())
    made: dict[str, Any] = json.loads(json.dumps({**settings, "documents": rows.hexdigest(), "weights": weights.hexdigest()}))
    return made


def claim(out: Path, made_of: Mapping[str, Any], begun: bool) -> None:
    """Write ``run.json``; ``ConfigError`` where the run was ``begun`` under another one."""
    path = out / RECORD
    if begun and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        other = sorted(name for name in {*before, *made_of} if before.get(name) != made_of.get(name))
        if other:
            what = f"the run in this folder was begun with another {', '.join(other)}"
            raise ConfigError(out, what, "restore it, name another folder with --out, or start anew with --fresh")
    with whole_file(path) as stream:
        json.dump(made_of, stream, ensure_ascii=False, indent=1)


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest whole checkpoint of a ``Trainer``; one that was being written when the run was killed is removed."""
    for folder in sorted(out.glob(CHECKPOINTS), key=lambda folder: int(folder.name.rpartition("-")[2]), reverse=True):
        try:
            json.loads((folder / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(folder)
            continue
        return folder
    return None


def begin(config: Any, data: Iterable[np.ndarray[Any, Any]], model: nn.Module, resume: bool) -> None:  # noqa: ANN401
    """Make the folder ready for a ``Trainer``: ``ConfigError`` where its checkpoints are another run's.

    Without ``resume`` they are removed, so that neither rotation nor a later resume takes them for this run's.
    """
    out = Path(config.out)
    if not resume:
        for folder in out.glob(CHECKPOINTS):
            shutil.rmtree(folder)
    claim(out, record(config, data, model), last_checkpoint(out) is not None)
