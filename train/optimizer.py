"""The optimiser's settings, and the learning rate of each part of an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedModel

from fazhi.errors import ConfigError

SCHEDULES = {"linear": "linear", "constant": "constant_with_warmup"}
"""Our names of learning-rate schedules, and those of transformers."""


@dataclass(frozen=True, slots=True)
class OptimConfig:
    """The optimiser: ``lr`` is the top layer's, ``decay`` its factor a layer down, ``head`` its factor for the head.

    After the warm-up the ``schedule`` falls to zero (``linear``) or stays (``constant``: a trunk for further runs). ``weights``
    are the factors of the label layers' losses, ``boundary`` that of tokens at the border of a METRIC. ``rdrop`` is the weight
    of the divergence between two dropout passes, ``fgm`` the length of an adversarial step on the embeddings (0: none); either
    costs a second forward and backward pass, both together make four.
    """

    lr: float = 3e-4
    decay: float = 0.9
    head: float = 5.0
    batch: int = 16
    accumulate: int = 1
    epochs: int = 6
    warmup: float = 0.1
    weight_decay: float = 0.01
    dropout: float = 0.1
    schedule: str = "linear"
    weights: tuple[float, ...] = ()
    boundary: float = 1.0
    rdrop: float = 0.0
    fgm: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values without meaning with ``ConfigError``."""
        if self.schedule not in SCHEDULES:
            raise ConfigError("optim.schedule", f"{self.schedule!r} is not known", f"name one of {', '.join(SCHEDULES)}")
        if self.boundary <= 0 or self.rdrop < 0 or self.fgm < 0:
            found = f"boundary {self.boundary}, rdrop {self.rdrop}, fgm {self.fgm}"
            raise ConfigError("optim", found, "boundary must be above 0, rdrop and fgm at least 0")


def parameter_groups(model: PreTrainedModel, optim: OptimConfig) -> list[dict[str, Any]]:
    """Group parameters by learning rate (head × ``head``, then ``decay`` a layer down) and by weight decay (matrices only)."""
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    layers = model.config.num_hidden_layers
    for name, parameter in model.named_parameters():
        scale = optim.head if name.startswith("classifier") else optim.decay ** (layers - _depth(name))
        decay = optim.weight_decay if parameter.ndim > 1 else 0.0
        key = (scale, decay)
        group = groups.setdefault(key, {"params": [], "lr": optim.lr * scale, "weight_decay": decay})
        group["params"].append(parameter)
    return list(groups.values())


def _depth(name: str) -> int:
    """Return a parameter's height in the encoder: 0 for the embeddings, i + 1 for layer i."""
    parts = name.split(".")
    return int(parts[parts.index("layer") + 1]) + 1 if "layer" in parts else 0
