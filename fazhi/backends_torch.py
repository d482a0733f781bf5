"""The torch backend, for users with a GPU or with a checkpoint that was never exported (extra ``train``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fazhi.backends import BATCH_TOKENS, Ids, run_batched
from fazhi.errors import MissingExtraError, ModelError
from fazhi.windows import FloatArray

try:
    import torch
    from transformers import AutoModelForTokenClassification
except ImportError as error:
    raise MissingExtraError("torch (with transformers)", "train") from error


class TorchBackend:
    """Runs a ``transformers`` token classifier; on the GPU where there is one, in float32 unless ``dtype`` says otherwise."""

    def __init__(
        self,
        directory: Path,
        specials: tuple[int, int, int],
        device: str | None = None,
        dtype: str = "float32",
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            model = AutoModelForTokenClassification.from_pretrained(
                directory, dtype=getattr(torch, dtype), local_files_only=True
            )
        except (OSError, ValueError, RuntimeError) as error:
            what = f"the torch weights cannot be loaded ({str(error).splitlines()[0][:120]})"
            raise ModelError(directory, what, "check the directory or use --backend onnx") from error
        self._model = model.to(self._device).eval()
        self.labels = int(model.config.num_labels)
        self._specials, self._budget = specials, batch_tokens

    def logits(self, windows: Sequence[Ids]) -> list[FloatArray]:
        """Return ``(len(window), labels)`` logits for each window."""
        return run_batched(self._forward, windows, self._specials, self._budget)

    def _forward(self, ids: Ids, mask: Ids) -> FloatArray:
        with torch.inference_mode():
            feed = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            output = self._model(**{name: value.to(self._device) for name, value in feed.items()}).logits
        return np.asarray(output.float().cpu().numpy(), dtype=np.float32)
