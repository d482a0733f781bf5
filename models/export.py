"""``python -m models.export --run RUN --out DIR``: a fine-tuned run as a model directory that users can ship.

Writes float16 safetensors, an int8 ONNX file (and the float32 one on request), the tokenizer, ``config.json`` with label
layers, window and temperatures, and the files' SHA-256 sums. The float ONNX file must agree with torch within 1e-3 before it is
quantised; the word embeddings are kept in int8 too, a scale a row. A model directory is a run as well: its float16 weights give
its ONNX file anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnx
import onnxruntime
import torch
import typer
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process
from transformers import AttentionInterface, AutoModelForTokenClassification, AutoTokenizer

from fazhi.errors import FazhiError, ModelError
from fazhi.schema import Schema, default_schema

OPSET, TOLERANCE, WINDOW, OVERLAP = 20, 1e-3, 254, 64
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


FUSED = "fazhi_fused"


def fused_attention(
    _module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    scaling: float,
    **_: Any,  # noqa: ANN401  transformers passes more than we use
) -> tuple[torch.Tensor, None]:
    """Attend in one operator of onnxruntime, which keeps a block of queries in the cache; tensors ``(batch, heads, n, width)``.

    Only without a mask does it take that way, so the exported graph has none: a call is one window, or windows of one length.
    """
    batch, heads, tokens, width = query.shape
    rows = [part.transpose(1, 2).reshape(batch, tokens, heads * width) for part in (query, key, value)]
    found = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        rows,
        {"num_heads": heads, "scale": float(scaling)},
        dtype=query.dtype,
        shape=rows[0].shape,
        version=1,
    )
    return found.reshape(batch, tokens, heads, width), None


class _Logits(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The model as a function of one tensor to one."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(input_ids=input_ids).logits
        return logits


def load(run: Path, schema: Schema) -> torch.nn.Module:
    """Load a run's best model; ``ModelError`` where it is missing or its labels are not the schema's."""
    for name in ("config.json", "model.safetensors", *TOKENIZER_FILES):
        if not (run / name).exists():
            raise ModelError(
                run, f"{name} is missing", "give --run the folder that train.finetune or train.distill wrote (…/best)"
            )
    model = AutoModelForTokenClassification.from_pretrained(run, dtype=torch.float32, attn_implementation="eager").eval()
    if model.config.id2label != schema.id2label:
        raise ModelError(
            run, f"its labels are {model.config.id2label}", "train it again with the label layers of configs/labels.yaml"
        )
    if len(AutoTokenizer.from_pretrained(run)) > model.config.vocab_size:
        raise ModelError(run, "the tokenizer has more pieces than the model has embeddings", "copy both from the same run")
    return model


def example(model: torch.nn.Module, batch: int = 3, tokens: int = 40, seed: int = 0) -> torch.Tensor:
    """Return random ids ``(batch, tokens)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(4, model.config.vocab_size, (batch, tokens), generator=generator)


def export_onnx(model: torch.nn.Module, out: Path) -> None:
    """Write the float32 graph: ids ``(batch, tokens)`` without padding → logits ``(batch, tokens, labels)``."""
    AttentionInterface.register(FUSED, fused_attention)
    before = model.config._attn_implementation  # transformers has a setter and no getter
    model.set_attn_implementation(FUSED)
    batch, tokens = (
        torch.export.Dim("batch", min=1),
        torch.export.Dim("tokens", min=2, max=model.config.max_position_embeddings),
    )
    torch.onnx.export(
        _Logits(model).eval(),
        (example(model),),
        str(out),
        dynamo=True,
        opset_version=OPSET,
        input_names=["input_ids"],
        output_names=["logits"],
        dynamic_shapes={"input_ids": {0: batch, 1: tokens}},
        external_data=False,
        verbose=False,
    )
    model.set_attn_implementation(before)


def difference(model: torch.nn.Module, path: Path) -> float:
    """Return the largest difference of logits between torch and an ONNX file, three shapes."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch, tokens in ((3, 40), (1, 7), (2, 256)):
        ids = example(model, batch, tokens, seed=tokens)
        with torch.inference_mode():
            expected = model(input_ids=ids).logits.numpy()
        (found,) = session.run(None, {"input_ids": ids.numpy()})
        worst = max(worst, float(np.abs(expected - found).max()))
    return worst


def quantize(source: Path, out: Path) -> None:
    """Write the int8 graph: weights with a scale a column, activations as they come, embeddings with a scale a row."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            str(prepared),
            str(out),
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
    graph = onnx.load(str(out))
    quantize_rows(graph)
    onnx.save(graph, str(out))


def quantize_rows(model: onnx.ModelProto, smallest: int = 100_000) -> None:
    """Store every looked-up table of at least ``smallest`` numbers as int8 with a scale a row (in place)."""
    tables = {item.name: item for item in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT or np.prod(table.dims) < smallest:
            nodes.append(node)
            continue
        nodes += _looked_up(model, table, node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _looked_up(model: onnx.ModelProto, table: Any, node: Any) -> list[Any]:  # noqa: ANN401  onnx is untyped
    """Return the nodes that look a row up and scale it; the table is replaced in the graph."""
    rows = numpy_helper.to_array(table)
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, 1e-12).astype(np.float32)
    name, indices, result = table.name, node.input[1], node.output[0]
    model.graph.initializer.remove(table)
    model.graph.initializer.append(numpy_helper.from_array(np.rint(rows / scale).astype(np.int8), f"{name}_int8"))
    model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    return [
        helper.make_node("Gather", [f"{name}_int8", indices], [f"{result}_int8"]),
        helper.make_node("Gather", [f"{name}_scale", indices], [f"{result}_scale"]),
        helper.make_node("Cast", [f"{result}_int8"], [f"{result}_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{result}_float", f"{result}_scale"], [result]),
    ]


def temperatures(run: Path) -> dict[str, float]:
    """Return what ``train`` has measured: of a run in a file of its own, of a model directory in its configuration."""
    if (run / "temperatures.json").exists():
        found: dict[str, float] = json.loads((run / "temperatures.json").read_text(encoding="utf-8"))
        return found
    return dict(json.loads((run / "config.json").read_text(encoding="utf-8")).get("temperatures", {}))


def write_config(model: torch.nn.Module, run: Path, out: Path, schema: Schema) -> None:
    """Add label layers, window and temperatures to the saved ``config.json``."""
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    config["label_layers"] = schema.to_json()
    config["max_tokens"] = model.config.max_position_embeddings
    config["window"], config["window_overlap"] = WINDOW, OVERLAP
    config["temperatures"] = temperatures(run)
    (out / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_checksums(out: Path) -> None:
    """Write the SHA-256 sum of every file but the cards into ``checksums.json``."""
    files = sorted(path for path in out.iterdir() if path.suffix in (".json", ".onnx", ".safetensors"))
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.name != "checksums.json"}
    (out / "checksums.json").write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def export(run: Path, out: Path, weights: bool = True, keep_float: bool = False) -> float:
    """Export a run; return the largest difference between torch and the float ONNX file. The directory appears whole."""
    schema = default_schema()
    model = load(run, schema)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        built = Path(folder) / out.name
        model.save_pretrained(built)
        export_onnx(model, built / "model.onnx")
        worst = difference(model, built / "model.onnx")
        if worst > TOLERANCE:
            raise ModelError(
                run, f"the ONNX file differs from torch by {worst:.1e}", "report it with the versions of torch and onnx"
            )
        quantize(built / "model.onnx", built / "model.int8.onnx")
        if not keep_float:
            (built / "model.onnx").unlink()
        (built / "model.safetensors").unlink()
        write_config(model, run, built, schema)
        if weights:
            _save_half(model, built)
        for name in TOKENIZER_FILES:
            shutil.copy(run / name, built / name)
        write_checksums(built)
        _swap(built, out)
    return worst


def _save_half(model: torch.nn.Module, built: Path) -> None:
    """Save float16 weights beside the configuration that is already there."""
    config = (built / "config.json").read_text(encoding="utf-8")
    model.half().save_pretrained(built)
    (built / "config.json").write_text(config, encoding="utf-8")


def _swap(built: Path, out: Path) -> None:
    """Put the new files in place; other files of the directory (cards) stay."""
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.iterdir():
        if stale.suffix in (".json", ".onnx", ".safetensors") and not (built / stale.name).exists():
            stale.unlink()
    for path in built.iterdir():
        path.chmod(0o644)
        path.replace(out / path.name)


def main(
    run: Annotated[Path, typer.Option(help="Folder of a fine-tuned model: …/best.")] = Path(
        "models/runs/student-of-three/best"
    ),
    out: Annotated[Path, typer.Option(help="Model directory to write.")] = Path("models/fazhi-small"),
    weights: Annotated[bool, typer.Option(help="Write float16 safetensors too.")] = True,
    keep_float: Annotated[bool, typer.Option(help="Keep the float32 ONNX file.")] = False,
) -> None:
    """Export a run to a model directory."""
    try:
        worst = export(run, out, weights, keep_float)
    except FazhiError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(out.iterdir()))
    typer.echo(f"{out}: torch and float ONNX differ by {worst:.1e}; {sizes}")


if __name__ == "__main__":
    typer.run(main)
