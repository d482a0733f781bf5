"""Fixtures that several test files share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real reports that is not part of the project; tests that use it are skipped where it is absent."""
    folder = Path(os.environ.get("FAZHI_SHARED", ROOT.parent / "shared"))
    if not (folder / "gold" / "spans.jsonl").exists():
        pytest.skip("no ../shared beside the checkout: the real reports cannot be read")
    return folder
