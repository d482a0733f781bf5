"""Fixtures that several test files share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from annotation.server import Server

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("fazhi", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other work may run beside us
settings.load_profile("fazhi")


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


@pytest.fixture(autouse=True)
def forget_precision() -> Iterator[None]:
    """Let each test train in its own precision: accelerate holds a process to the first that was asked for."""
    yield
    if "accelerate" in sys.modules:
        sys.modules["accelerate"].state.AcceleratorState._reset_state(reset_partial_state=True)


ORACLE_TAGS = {"甲": (1, 2, 5), "乙": (3, 4, 5), "丙": (0, 1, 2, 3, 4, 6)}
ORACLE_TAGS |= dict.fromkeys("丁0123456789", (0, 1, 2, 3, 4, 7))
"""The logits that each character of the oracle's alphabet raises; all others raise those of O."""


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers are known: 甲 says MEASURE, 乙 PROBLEM, 丙 begins a METRIC, 丁 and digits continue one."""
    import json

    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    from fazhi.schema import default_schema

    folder = tmp_path_factory.mktemp("models") / "oracle"
    folder.mkdir()
    schema = default_schema()
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, **{char: 4 + i for i, char in enumerate("甲乙丙丁0123456789")}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    blanks, signs = pre_tokenizers.Split(Regex(r"\s"), "removed"), pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([blanks, signs])
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.full((len(vocabulary), schema.size), -3, np.float32)
    table[:, [0, 5]] = 1
    for char, raised in ORACLE_TAGS.items():
        table[vocabulary[char], list(raised)] = 4
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["logits"])],
        "oracle",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["b", "t"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", "t", schema.size])],
        [numpy_helper.from_array(table, "table")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), folder / "model.onnx")
    config = {"label_layers": schema.to_json(), "id2label": schema.id2label, "window": 16, "window_overlap": 4}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def toy() -> Tokenizer:
    """A tokenizer of a few pieces, built as the encoder's is."""
    from train.base import BaseFile, Header  # torch, which most tests do without
    from train.tokenizer import build, candidates

    pieces = ["受理", "行政", "复议", "申请", *"理受行政", "办理", *"复议申请办件", *"57012", ",", "%", "(", ")", "m", "ab"]
    names = ["<s>", "<pad>", "</s>", "<unk>", *pieces, "▁", "<mask>"]
    scored = tuple((name, -float(index) / 10 - 1) for index, name in enumerate(names))
    normaliser = {"，": ",", "％": "%", "（": "(", "）": ")", "㎡": "m2", "０": "0", "１": "1"}
    words = {"emb.word": np.arange(2 * len(names), dtype=np.float32)}
    base = BaseFile(Header(2, 1, 1, 2, len(names), 8, 1, 1e-12), scored, normaliser, words)
    return build(candidates(base, "，％（）㎡０１"), base)[0]


@pytest.fixture(scope="session")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a batch whose workers can be made to die (see ``batch_crash.py``)."""
    folder = tmp_path_factory.mktemp("crash")
    shutil.copy(ROOT / "tests" / "batch_crash.py", folder / "sitecustomize.py")
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "FAZHI_TEST_ONCE": str(folder / "once"), "RAY_USAGE_STATS_ENABLED": "0"}


ANNOTATORS = ("annotator@example.org", "second@example.org")
TOKENS = ("0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef")
PASSWORD = "only-for-tests-1"


def free_port() -> int:
    """Return a port that nobody listens at now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Label Studio server with two users, on a copy of a database that was migrated once for this installation."""
    from annotation.server import VERSION, Server

    venv = Path(os.environ.get("LABEL_STUDIO_VENV", ROOT / ".venv-label-studio"))
    template = Server(venv / f"test-template-{VERSION}", free_port(), venv)
    if not template.program.exists():
        pytest.skip("Label Studio is not installed; run python -m annotation.server install")
    if not (template.folder / "ready").exists():
        shutil.rmtree(template.folder, ignore_errors=True)
        template.start(ANNOTATORS[0], PASSWORD, TOKENS[0])
        template.stop()
        template.add_user(ANNOTATORS[1], PASSWORD, TOKENS[1])
        (template.folder / "ready").touch()
    folder = tmp_path_factory.mktemp("label-studio") / "data"
    shutil.copytree(template.folder, folder)
    server = Server(folder, free_port(), venv)
    server.start(ANNOTATORS[0], PASSWORD, TOKENS[0])
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium as the system has it; tests that use it are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium here: install the Debian package chromium (and fonts-noto-cjk)")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core (``npm install axe-core``, or its path in ``AXE_CORE``); tests skip where there is none."""
    places = [os.environ.get("AXE_CORE", ""), "node_modules/axe-core/axe.min.js"]
    found = next((Path(place) for place in places if place and Path(place).is_file()), None)
    if found is None:
        pytest.skip("no axe-core here: npm install axe-core, or set AXE_CORE to axe.min.js")
    return found.read_text(encoding="utf-8")
