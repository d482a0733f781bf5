"""What a team installs: the compose file is one that compose takes, and the local server's commands say what is wrong."""

import shutil
import socket
import sqlite3
import subprocess

import pytest
import yaml
from typer.testing import CliRunner

from annotation.server import DATABASE, VERSION, Server, app
from fazhi.errors import LabelStudioError

NEEDED = ("LABEL_STUDIO_HOST", "LABEL_STUDIO_USERNAME", "LABEL_STUDIO_PASSWORD", "LABEL_STUDIO_USER_TOKEN", "POSTGRES_PASSWORD")


def compose():
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and subprocess.run([*words, "version"], capture_output=True, check=False).returncode == 0:
            return words
    return pytest.skip("neither docker compose nor docker-compose is installed")


def test_the_compose_file_is_valid(root, tmp_path):
    words = [*compose(), "--file", str(root / "annotation" / "deploy" / "compose.yaml"), "config"]
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(words, env=path | dict.fromkeys(NEEDED, "x"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {"db", "label-studio", "backend", "https"}
    assert [name for name, service in services.items() if service.get("ports")] == ["https"]
    assert services["label-studio"]["image"].endswith(VERSION)
    lacking = subprocess.run(words, env=path, capture_output=True, text=True, check=False)
    assert (lacking.returncode != 0, "set it in .env" in lacking.stderr) == (True, True)


def test_a_server_that_is_not_there(tmp_path):
    server = Server(tmp_path / "data", 1, tmp_path / "venv")
    assert (server.pid(), server.stop(), server.healthy()) == (None, False, False)
    with pytest.raises(LabelStudioError, match="it is not installed"):
        server.start("a@b.c", "p", "t")
    with pytest.raises(LabelStudioError, match="no database yet"):
        server.backup(tmp_path / "copies")
    outcome = CliRunner().invoke(app, ["status", "--folder", str(tmp_path), "--port", "1"])
    assert (outcome.exit_code, "no process, no answer" in outcome.output) == (1, True)


def test_a_port_that_is_taken_is_not_swapped_for_the_next(tmp_path):
    program = tmp_path / "venv" / "bin" / "label-studio"
    program.parent.mkdir(parents=True)
    program.touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LabelStudioError, match="the port is taken"):
            Server(tmp_path / "data", taken.getsockname()[1], tmp_path / "venv").start("a@b.c", "p", "t")


def test_a_stale_process_id_is_no_server(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "server.pid").write_text(str(ended.pid))
    assert Server(tmp_path).pid() is None


def test_a_backup_is_a_whole_database(tmp_path):
    with sqlite3.connect(tmp_path / DATABASE) as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (7)")
    path = Server(tmp_path).backup(tmp_path / "copies")
    assert sqlite3.connect(path).execute("select x from t").fetchall() == [(7,)]
    assert [p.name for p in (tmp_path / "copies").iterdir()] == [path.name]


def test_nothing_is_sent_out_and_only_loopback_listens(tmp_path):
    environment = Server(tmp_path).environment("a@b.c", "p", "t")
    assert environment["LABEL_STUDIO_COLLECT_ANALYTICS"] == environment["LABEL_STUDIO_LATEST_VERSION_CHECK"] == "false"
    assert environment["LABEL_STUDIO_SENTRY_DSN"] == environment["LABEL_STUDIO_FRONTEND_SENTRY_DSN"] == ""
    assert Server(tmp_path).url.startswith("http://127.0.0.1:")
