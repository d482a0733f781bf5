"""The Ray engine gives what the local engine gives, to the byte, and survives the death of an actor."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from fazhi.batch.local import Crew
from fazhi.batch.shards import BatchError, Marker, Plan, Shard
from fazhi.ingest.limits import Limits

pytest.importorskip("ray")

from fazhi.batch import ray_engine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]
BODY = "一是甲甲丙丁{0}，乙乙。\n" + "法治政府建设工作报告正文" * 12 + "。\n丙丁{0}，甲甲。"


@pytest.fixture(scope="session")
def run(oracle, crashing, root):
    def call(engine, *arguments, **environment):
        command = [sys.executable, "-m", "fazhi", "batch", "--model", str(oracle), "--engine", engine, *map(str, arguments)]
        done = subprocess.run(
            command, env=crashing | environment, cwd=root, capture_output=True, text=True, timeout=1500, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return call


def lines(path, count, **extras):
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            text = BODY.format(number) * (1 + number % 3) + extras.get(f"r{number}", "")
            stream.write(json.dumps({"id": f"r{number}", "text": text}, ensure_ascii=False) + "\n")
    return path


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."
    }


@pytest.mark.timeout(1800)
def test_ten_thousand_reports_through_both_engines(run, tmp_path):
    source = lines(tmp_path / "in.jsonl", 10_000)
    for engine in ("local", "ray"):
        done = run(engine, source, "--out", tmp_path / engine, "--workers", "2")
        assert done.returncode == 0, done.stderr
        assert "10000 reports, 0 failed" in done.stderr
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    ids = [
        json.loads(line)["id"]
        for path in sorted((tmp_path / "ray" / "parts").iterdir())
        for line in path.open(encoding="utf-8")
    ]
    assert ids == [f"r{number}" for number in range(10_000)]


def test_what_one_engine_began_the_other_ends(run, tmp_path):
    source = lines(tmp_path / "in.jsonl", 100)
    run("local", source, "--out", tmp_path / "whole")
    run("local", source, "--out", tmp_path / "out")
    for name in ("markers/000001.json", "parts/part-000003.jsonl"):
        (tmp_path / "out" / name).unlink()
    done = run("ray", source, "--out", tmp_path / "out", "--workers", "1")
    assert "22 of 24 shards were done before" in done.stderr
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_an_actor_that_dies_is_replaced_and_a_deadly_item_given_up(run, tmp_path):
    source = lines(tmp_path / "in.jsonl", 100, r40="DEADLY", r70="ONCE")
    done = run("ray", source, "--out", tmp_path / "out", "--workers", "2", FAZHI_TEST_ONCE=str(tmp_path / "once"))
    assert done.returncode == 1, done.stderr
    (failure,) = [json.loads(line) for line in (tmp_path / "out" / "failed.jsonl").open(encoding="utf-8")]
    assert failure["name"].endswith("in.jsonl:41")
    assert "died on it twice" in failure["error"]
    assert (tmp_path / "once").exists()
    run("local", source, "--out", tmp_path / "local", FAZHI_TEST_ONCE=str(tmp_path / "once"))
    assert files(tmp_path / "out") == files(tmp_path / "local")


def test_a_driver_whose_node_dies_is_replaced(run, tmp_path, oracle, crashing, root):
    """Ray ends such a driver with exit code 1 and no word, which would read as "some reports failed"."""
    source = lines(tmp_path / "in.jsonl", 100)
    command = [sys.executable, "-m", "fazhi", "batch", "--model", oracle, "--engine", "ray", "--workers", "1", source, "--out"]
    slowly = crashing | {"FAZHI_TEST_SLOW": "0.1"}
    with subprocess.Popen([*command, tmp_path / "out"], env=slowly, cwd=root, stderr=subprocess.PIPE, text=True) as batch:
        deadline = time.monotonic() + 120
        while not list((tmp_path / "out").glob("markers/*.json")):
            assert batch.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (raylet,) = [child for child in psutil.Process(batch.pid).children(recursive=True) if child.name() == "raylet"]
        raylet.kill()
        _, told = batch.communicate(timeout=300)
    assert batch.returncode == 0, told
    assert "100 reports, 0 failed" in told
    run("local", source, "--out", tmp_path / "local")
    assert files(tmp_path / "out") == files(tmp_path / "local")


@pytest.mark.parametrize("deaths", [1, 3])
def test_a_driver_that_keeps_dying_is_told(tmp_path, monkeypatch, deaths):
    """With a driver that dies before each answer; one death is mended, three in a row are the end."""
    monkeypatch.setattr(ray_engine, "serve", dying if deaths == 3 else dying_once)
    shards = [Shard(number, (), f"key {number}") for number in range(70)]
    found = ray_engine.run(iter(shards), Plan(tmp_path, "jsonl", Limits(), ""), Crew(1, "model"), None)
    if deaths == 1:
        assert [(shard.number, marker.key) for shard, marker in found] == [(number, f"key {number}") for number in range(70)]
    else:
        with pytest.raises(BatchError, match="died 3 times in a row without a word"):
            list(found)


def dying(*_):
    os._exit(1)


def dying_once(pipe, plan, *_):
    """Answer what comes, but die once in the middle of the first round."""
    marked = plan.folder / "died"
    while True:
        try:
            shards = pipe.recv()
        except EOFError:
            return
        for shard in shards:
            if shard.number == 30 and not marked.exists():
                marked.touch()
                os._exit(1)
            pipe.send((shard.number, Marker(shard.key)))
        pipe.send(None)


def test_a_full_disk_and_a_wrong_address_are_one_line(run, tmp_path):
    source = lines(tmp_path / "in.jsonl", 100)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("a tmpfs cannot be mounted here (that needs root)")
    try:
        done = run("ray", source, "--out", disk, "--workers", "1")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    done = run("ray", source, "--out", tmp_path / "out", "--ray-address", "127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: no Ray cluster at 127.0.0.1:1")
