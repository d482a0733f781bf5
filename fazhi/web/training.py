"""Training in the background: one process at a time, its state in a file, told to whoever asks.

The web service does not train. It starts the command that it was given (``python -m annotation.retrain …`` in a checkout),
which writes its progress to ``state.json`` in the folder ``FAZHI_TRAINING`` and points ``current`` to a new model that wins.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fazhi.errors import ServeError

STATE, CURRENT, LOG = "state.json", "current", "training.log"


@dataclass
class Training:
    """A training command and the folder that it works in; without a command nothing can be started."""

    folder: Path
    command: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, project: str = "") -> bool:
        """Start a training unless one runs; return whether it was started. ``{project}`` in the command is replaced."""
        if not self.command:
            raise ServeError("no training command; start the service with: fazhi serve --train '…' (docs/annotation.md)")
        with self.lock:
            if self.running():
                return False
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / STATE).write_text(json.dumps({"state": "running"}), encoding="utf-8")
            words = [word.replace("{project}", project) for word in self.command]
            with (self.folder / LOG).open("ab") as log:
                self.process = subprocess.Popen(  # noqa: S603  the operator's own command, no shell
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "FAZHI_TRAINING": str(self.folder)},
                    start_new_session=True,
                )
            return True

    def running(self) -> bool:
        """Tell whether a training runs."""
        return self.process is not None and self.process.poll() is None

    def state(self) -> Mapping[str, Any]:
        """Return what the training says of itself; a process that ended without a word has failed."""
        try:
            told: dict[str, Any] = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            told = {"state": "none"}
        if told["state"] == "running" and not self.running():
            told = {"state": "failed", "message": f"it ended without a result; read {self.folder / LOG}"}
        return told

    def promoted(self) -> Path | None:
        """Return the directory of the newest model that won, ``None`` where none has."""
        link = self.folder / CURRENT
        return link.resolve() if link.is_dir() else None

    def stop(self) -> None:
        """End a training that runs (the service is shutting down)."""
        if self.process is not None and self.running():
            self.process.terminate()
            self.process.wait(timeout=30)
