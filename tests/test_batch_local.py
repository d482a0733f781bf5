"""The local engine and the program: exit codes, dying workers, interruptions at random moments, memory."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from fazhi.commands.batch import size

BODY = "一是甲甲丙丁{0}，乙乙。\n" + "法治政府建设工作报告正文" * 12 + "。\n丙丁{0}，甲甲。"


def write(folder, number, extra=""):
    folder.mkdir(exist_ok=True)
    (folder / f"r{number:04d}.txt").write_text(BODY.format(number) * (1 + number % 3) + extra, encoding="utf-8")


@pytest.fixture
def reports(tmp_path):
    for number in range(100):
        write(tmp_path / "in", number)
    return tmp_path / "in"


@pytest.fixture
def command(oracle):
    def make(*arguments):
        return [sys.executable, "-m", "fazhi", "batch", "--model", str(oracle), "--workers", "2", *map(str, arguments)]

    return make


@pytest.fixture
def run(command, crashing, root):
    def call(*arguments, **environment):
        done = subprocess.run(
            command(*arguments), env=crashing | environment, cwd=root, capture_output=True, text=True, timeout=300, check=False
        )
        assert "Traceback" not in done.stderr
        return done

    return call


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."
    }


def failures(folder):
    return [json.loads(line) for line in (folder / "failed.jsonl").read_text(encoding="utf-8").splitlines()]


def test_exit_codes_and_the_summary(run, reports, tmp_path):
    done = run(reports, "--out", tmp_path / "out")
    assert done.returncode == 0
    assert done.stderr.startswith("100 reports, 0 failed, MEASURE ")
    done = run(reports, tmp_path / "gone", "--out", tmp_path / "two", "--limit-memory", "8G")
    assert done.returncode == 1
    assert "failed.jsonl" in done.stderr
    done = run(tmp_path / "gone", "--out", tmp_path / "three")
    assert done.returncode == 2
    assert failures(tmp_path / "three")[0]["name"] == str(tmp_path / "gone")
    done = run(reports, "--out", tmp_path / "two", "--format", "csv")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_too_little_memory_for_a_worker_is_one_clear_error(run, reports, tmp_path):
    done = run(reports, "--out", tmp_path / "out", "--limit-memory", "40M")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "20 MB are too little for a worker" in done.stderr
    assert "give more with --limit-memory" in done.stderr


def test_a_deadly_item_costs_itself_and_a_killed_worker_nothing(run, reports, tmp_path):
    write(reports, 40, "DEADLY")
    write(reports, 70, "ONCE")
    done = run(reports, "--out", tmp_path / "out", FAZHI_TEST_ONCE=str(tmp_path / "once"))
    assert done.returncode == 1
    (failure,) = failures(tmp_path / "out")
    assert failure["name"].endswith("r0040.txt")
    assert "died on it twice" in failure["error"]
    told = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (told["documents"], told["failed"]) == (99, 1)
    assert not list((tmp_path / "out" / "markers").glob("*.trail"))


def test_the_kernel_kills_a_worker_half_way(command, crashing, root, reports, tmp_path, run):
    run(reports, "--out", tmp_path / "whole")
    started = subprocess.Popen(
        command(reports, "--out", tmp_path / "out"),
        env=crashing | {"FAZHI_TEST_SLOW": "0.05"},
        cwd=root,
        stderr=subprocess.PIPE,
    )
    trail = wait_for(lambda: list((tmp_path / "out").glob("markers/*.trail")))
    assert trail
    workers = [child for child in psutil.Process(started.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    os.kill(workers[0].pid, signal.SIGKILL)
    assert b"Traceback" not in started.communicate(timeout=120)[1]
    assert started.returncode == 0
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    return None


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_stops_cleanly(command, crashing, root, reports, tmp_path, sign):
    started = subprocess.Popen(
        command(reports, "--out", tmp_path / "out"),
        env=crashing | {"FAZHI_TEST_SLOW": "0.05"}, cwd=root, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert wait_for(lambda: list((tmp_path / "out").glob("markers/*.trail")))
    os.killpg(started.pid, sign) if sign == signal.SIGINT else started.send_signal(sign)
    told = started.communicate(timeout=60)[1]
    assert started.returncode == 130
    assert told == "error: interrupted; run the same command again to go on\n"


def test_workers_end_with_a_parent_that_was_killed(command, crashing, root, reports, tmp_path):
    started = subprocess.Popen(
        command(reports, "--out", tmp_path / "out"),
        env=crashing | {"FAZHI_TEST_SLOW": "0.2"},
        cwd=root,
        stderr=subprocess.DEVNULL,
    )
    assert wait_for(lambda: list((tmp_path / "out").glob("markers/*.trail")))
    children = psutil.Process(started.pid).children(recursive=True)
    started.kill()
    started.wait()
    assert not psutil.wait_procs(children, timeout=20)[1]


def killed_and_resumed(command, crashing, root, reports, out, moments):
    """Start a run again and again and kill it, with all its workers or alone, after each of the moments; then let it end."""
    kills = 0
    for index, moment in enumerate(moments):
        started = subprocess.Popen(
            command(reports, "--out", out), env=crashing, cwd=root, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            started.wait(moment)
        except subprocess.TimeoutExpired:
            kills += 1
            os.killpg(started.pid, signal.SIGKILL) if index % 2 else started.kill()
        started.wait()
    done = subprocess.run(command(reports, "--out", out), env=crashing, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return kills


@pytest.fixture
def mixed(reports):
    """A hundred reports, and among them what fails."""
    (reports / "r0010.txt").write_bytes(b"")
    (reports / "broken.zip").write_bytes(b"PK\x03\x04")
    return reports


def test_killed_once_and_resumed_gives_the_same_bytes(command, crashing, root, mixed, tmp_path, run):
    run(mixed, "--out", tmp_path / "whole")
    slow = crashing | {"FAZHI_TEST_SLOW": "0.01"}
    started = subprocess.Popen(command(mixed, "--out", tmp_path / "out"), env=slow, cwd=root, stderr=subprocess.DEVNULL)
    assert wait_for(lambda: list((tmp_path / "out").glob("markers/*.json")))
    started.kill()
    started.wait()
    done = run(mixed, "--out", tmp_path / "out")
    assert "shards were done before" in done.stderr
    assert files(tmp_path / "out") == files(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_killed_at_twenty_random_moments(command, crashing, root, mixed, tmp_path, run, form):
    """Every run is a fresh folder until one gets through, so that moments fall on its beginning, middle and end alike."""
    for number in range(100, 600):
        write(mixed, number)
    begun = time.monotonic()
    run(mixed, "--out", tmp_path / "whole", "--format", form)
    length = time.monotonic() - begun
    dice = random.Random(form)
    kills = folder = 0
    while kills < 20:
        moments = [dice.uniform(0.2, 1.0) * length for _ in range(4)]
        out = tmp_path / f"out-{folder}"
        folder += 1
        kills += killed_and_resumed(lambda *a: command(*a, "--format", form), crashing, root, mixed, out, moments)
        assert files(out) == files(tmp_path / "whole")


@pytest.mark.parametrize(("text", "bytes_"), [("0", 0), ("1048576", 2**20), ("2G", 2**31), ("1.5 KiB", 1536), ("512MB", 2**29)])
def test_sizes(text, bytes_):
    assert size(text) == bytes_


def test_a_size_that_is_none(run, tmp_path):
    done = run(tmp_path, "--out", tmp_path / "out", "--limit-memory", "much")
    assert done.returncode == 2
    assert "'much' is no size" in done.stderr
