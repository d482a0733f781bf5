"""Tiny training runs for tests: an encoder of two narrow layers, eight documents, settings of a few steps."""

from __future__ import annotations

import json
from dataclasses import replace

import torch
from transformers import BertConfig, BertForTokenClassification, BertModel

from train.documents import DataConfig
from train.finetune import FinetuneConfig
from train.optimizer import OptimConfig
from train.tokenizer import as_fast


def bert(**changes):
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 300}
    return BertConfig(**{**sizes, "vocab_size": 60, "num_hidden_layers": 2, "pad_token_id": 1, **changes})


def save_base(folder, toy, seed=0):
    """Write an encoder without a head, with the toy tokenizer, and return its path."""
    torch.manual_seed(seed)
    BertModel(bert(), add_pooling_layer=False).save_pretrained(folder)
    as_fast(toy).save_pretrained(folder)
    return str(folder)


def write_data(path):
    lines = []
    for index in range(8):
        text = f"受理行政复议申请{index}件，办理件{index}件。" * 3
        starts = [at * (len(text) // 3) for at in range(3)]
        spans = [[start, start + 10, "METRIC"] for start in starts] + [[start + 11, start + 16, "MEASURE"] for start in starts]
        meta = {"publisher": "乙" if index > 5 else "甲"}
        lines.append(json.dumps({"id": str(index), "text": text, "spans": spans, "meta": meta}))
    path.write_text("\n".join(lines))


def run_config(base, tmp_path, out, optim=None, **changes):
    write_data(tmp_path / "data.jsonl")
    data = DataConfig(jsonl=(str(tmp_path / "data.jsonl"),), dev_publishers=("乙",), digit_noise=0.5)
    optim = replace(OptimConfig(lr=1e-2, batch=2, epochs=4, decay=1.0), **(optim or {}))
    return FinetuneConfig(base, str(tmp_path / out), window=20, evaluations=3, bf16=False, data=data, optim=optim, **changes)


def weights_of(folder):
    return BertForTokenClassification.from_pretrained(folder / "best").state_dict()
