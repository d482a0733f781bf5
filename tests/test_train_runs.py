"""The folder of a run: it goes on under what it was begun with, from whole checkpoints of its own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
import typer
import yaml

from fazhi.errors import ConfigError
from tests.training_runs import run_config, save_base, weights_of
from train import finetune
from train.finetune import LayeredTrainer, train
from train.optimizer import OptimConfig
from train.runs import last_checkpoint


@pytest.fixture
def base(toy, tmp_path):
    return save_base(tmp_path / "base", toy)


def kill(config, tmp_path, monkeypatch, evaluation):
    """Run until this evaluation, and die in it."""
    calls, original = [], LayeredTrainer.evaluate

    def dies(self, *_, **__):
        calls.append(1)
        if len(calls) == evaluation:
            raise KeyboardInterrupt
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(LayeredTrainer, "evaluate", dies)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path)


def same(one, two):
    one, two = weights_of(one), weights_of(two)
    return all(torch.equal(one[name], two[name]) for name in one)


def test_a_checkpoint_that_was_being_written_is_passed_over(base, tmp_path, monkeypatch):
    train(run_config(base, tmp_path, "whole"), tmp_path)
    cut = run_config(base, tmp_path, "cut")
    kill(cut, tmp_path, monkeypatch, 3)
    newest = last_checkpoint(tmp_path / "cut")
    (newest / "trainer_state.json").write_text('{"epoch": 0.')
    (newest / "optimizer.pt").write_bytes(b"PK")
    assert last_checkpoint(tmp_path / "cut") != newest
    assert not newest.exists()
    train(cut, tmp_path)
    assert same(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 3}, "seed, weights"),
        ({"optim": OptimConfig(lr=1e-3, batch=2, epochs=4)}, "optim"),
        ({"layers": (1,)}, "layers, weights"),
        ({"documents": "more"}, "documents"),
        ({"base": "tuned"}, "weights"),
    ],
)
def test_a_run_does_not_go_on_as_another(base, tmp_path, toy, monkeypatch, change, named):
    config = run_config(base, tmp_path, "run")
    kill(config, tmp_path, monkeypatch, 2)
    before = sorted(path.name for path in (tmp_path / "run").iterdir())
    if "documents" in change:
        with (tmp_path / "data.jsonl").open("a") as stream:
            stream.write("\n" + json.dumps({"id": "x", "text": "办理件", "meta": {"publisher": "甲"}}))
    elif "base" in change:
        save_base(tmp_path / "base", toy, seed=1)
    else:
        config = replace(config, **change)
    with pytest.raises(ConfigError, match=f"begun with another {named}; .*--fresh"):
        train(config, tmp_path)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == before
    assert train(config, tmp_path, resume=False)["eval_mean"] >= 0


def test_folder_and_threads_may_change(base, tmp_path, monkeypatch):
    train(run_config(base, tmp_path, "whole"), tmp_path)
    kill(run_config(base, tmp_path, "cut"), tmp_path, monkeypatch, 2)
    (tmp_path / "cut").rename(tmp_path / "moved")
    train(run_config(base, tmp_path, "moved", threads=torch.get_num_threads()), tmp_path)
    assert same(tmp_path / "whole", tmp_path / "moved")


def test_a_fresh_run_leaves_nothing_of_the_older_one_to_resume_from(base, tmp_path, monkeypatch):
    config = run_config(base, tmp_path, "run")
    train(replace(config, seed=9, optim=replace(config.optim, epochs=8)), tmp_path)
    assert last_checkpoint(tmp_path / "run")
    calls, original = [], LayeredTrainer.training_step

    def dies(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(LayeredTrainer, "training_step", dies)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path, resume=False)
    assert last_checkpoint(tmp_path / "run") is None
    train(config, tmp_path)
    train(run_config(base, tmp_path, "whole"), tmp_path)
    assert same(tmp_path / "whole", tmp_path / "run")


def test_a_finished_run_is_not_trained_again(base, tmp_path, monkeypatch):
    config = run_config(base, tmp_path, "run", average=2)
    first = train(config, tmp_path)
    before = weights_of(tmp_path / "run")
    monkeypatch.setattr(LayeredTrainer, "training_step", lambda *_: pytest.fail("a step was taken"))
    assert train(config, tmp_path) == first
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights_of(tmp_path / "run").items())


def test_too_few_windows_for_a_step_are_an_error(base, tmp_path):
    with pytest.raises(ConfigError, match=r"windows do not fill one step of 500 × 2"):
        train(run_config(base, tmp_path, "run", {"batch": 500, "accumulate": 2}), tmp_path)


def test_the_command_tells_it_in_one_line(base, tmp_path, monkeypatch, capsys):
    config = run_config(base, tmp_path, "run")
    kill(config, tmp_path, monkeypatch, 2)
    data = {"jsonl": list(config.data.jsonl), "dev_publishers": ["乙"]}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"base": base, "out": config.out, "data": data}), encoding="utf-8")
    with pytest.raises(typer.Exit) as caught:
        finetune.main(tmp_path / "c.yaml")
    assert caught.value.exit_code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "data, evaluations, optim, window" in said
