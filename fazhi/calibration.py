"""Temperature scaling (Guo et al. 2017): one number that divides the logits so that probabilities mean what they say."""

from __future__ import annotations

from math import exp, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

BOUNDS = (0.05, 20.0)
"""The temperatures that are searched."""
_GOLDEN = (sqrt(5) - 1) / 2


def negative_log_likelihood(logits: npt.NDArray[Any], labels: npt.NDArray[Any], temperature: float = 1.0) -> float:
    """Return the mean negative log-likelihood of labels ``(n,)`` under ``softmax(logits / temperature)``, ``(n, classes)``."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    top = scaled.max(axis=1, keepdims=True)
    normal = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
    return float(np.mean(normal - scaled[np.arange(len(scaled)), labels]))


def fit_temperature(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> float:
    """Return the temperature within ``BOUNDS`` of the least negative log-likelihood, to about six digits.

    ``logits`` (n, classes), ``labels`` (n,) integers. The likelihood is concave in 1 / temperature, so that a golden-section
    search over its logarithm finds the one optimum. Raises ``ValueError`` without samples.
    """
    if len(logits) == 0 or len(logits) != len(labels):
        raise ValueError(
            f"{len(logits)} rows of logits for {len(labels)} labels; a temperature needs as many, and at least one"
        )
    low, high = (float(np.log(bound)) for bound in BOUNDS)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = (negative_log_likelihood(logits, labels, exp(point)) for point in (left, right))
    while high - low > 1e-6:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = negative_log_likelihood(logits, labels, exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = negative_log_likelihood(logits, labels, exp(right))
    return exp((low + high) / 2)
