"""``python -m annotation.server install | start | stop | status | backup``: a Label Studio server on this machine.

It has a virtual environment of its own (its requirements would hold back the main one's), keeps its data in SQLite, listens on
loopback only, sends nothing out, and takes its first user and token from the environment.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer

from annotation.common import one_line_errors
from fazhi.errors import LabelStudioError

VERSION = "1.23.2"
DATABASE = "label_studio.sqlite3"
_QUIET = {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
_LOCAL = {
    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",  # the ML backend (fazhi serve) runs on this machine
    "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One local server: the folder of its data, its port, and the virtual environment that it runs in."""

    folder: Path
    port: int = 18080
    venv: Path = Path(".venv-label-studio")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def program(self) -> Path:
        """The ``label-studio`` program."""
        return self.venv / "bin" / "label-studio"

    @property
    def pid_file(self) -> Path:
        """Holds the process id while it runs."""
        return self.folder / "server.pid"

    def install(self) -> None:
        """Make the virtual environment with the pinned version, unless it is there (about 90 s, 1 GB)."""
        if self.program.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", str(self.venv)], check=True)  # noqa: S603  our own interpreter
        command = [str(self.venv / "bin" / "python"), "-m", "pip", "install", "--quiet", f"label-studio=={VERSION}"]
        if subprocess.run(command, check=False).returncode:  # noqa: S603
            raise LabelStudioError(
                str(self.venv), "pip could not install it (see above)", "check the network, then run it again"
            )

    def environment(self, user: str, password: str, token: str) -> Mapping[str, str]:
        """Return the server's environment; user, password and token count only when the database is first made."""
        own = {"LABEL_STUDIO_BASE_DATA_DIR": str(self.folder.resolve()), "LABEL_STUDIO_USERNAME": user}
        own |= {"LABEL_STUDIO_PASSWORD": password, "LABEL_STUDIO_USER_TOKEN": token}
        return {**os.environ, **_QUIET, **_LOCAL, **own}

    def start(self, user: str, password: str, token: str, patience: float = 900) -> None:
        """Start it and wait until it answers; a server that runs already is left as it is."""
        if self.pid() is not None:
            return
        self._check_can_start()
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(self.program), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  a program that we installed
                command,
                env=dict(self.environment(user, password, token)),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid_file.write_text(str(process.pid), encoding="ascii")
        deadline = time.monotonic() + patience
        while not self.healthy():
            ended = process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                what = "it ended at once" if ended else f"no answer within {patience:.0f} s"
                raise LabelStudioError(self.url, what, f"read {self.folder / 'server.log'}")
            time.sleep(0.5)

    def _check_can_start(self) -> None:
        if not self.program.exists():
            raise LabelStudioError(str(self.venv), "it is not installed", "run: python -m annotation.server install")
        with socket.socket() as probe:  # a busy port would silently become the next one
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                raise LabelStudioError(self.url, "the port is taken by another program", "stop that, or give --port")

    def healthy(self) -> bool:
        """Tell whether it answers."""
        try:
            with urlopen(f"{self.url}/health", timeout=5) as answer:  # noqa: S310  always http on loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def pid(self) -> int | None:
        """Return the id of the running process; ``None`` where there is none."""
        try:
            number = int(self.pid_file.read_text(encoding="ascii"))
            os.kill(number, 0)
        except (OSError, ValueError):
            return None
        with contextlib.suppress(ChildProcessError):  # a child of this very process that has ended is no server
            if os.waitpid(number, os.WNOHANG)[0]:
                return None
        return number

    def stop(self, patience: float = 15) -> bool:
        """Stop it and its children; return whether it ran."""
        number = self.pid()
        if number is not None:
            deadline = time.monotonic() + patience
            os.killpg(number, signal.SIGTERM)
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.2)
            if self.pid() is not None:
                os.killpg(number, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)
        return number is not None

    def backup(self, out: Path) -> Path:
        """Copy the database, also while the server runs (SQLite's own backup: a consistent state)."""
        source = self.folder / DATABASE
        if not source.exists():
            raise LabelStudioError(str(self.folder), "there is no database yet", "start the server once")
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"label-studio-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite3"
        temporary = path.with_suffix(".part")
        with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(temporary)) as new:
            old.backup(new)
        temporary.replace(path)
        return path

    def add_user(self, user: str, password: str, token: str) -> None:
        """Add an annotator to the same database."""
        command = [str(self.program), "init", "-b", "--username", user, "--password", password, "--user-token", token]
        environment = dict(self.environment(user, password, token))
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise LabelStudioError(user, f"cannot be added ({' '.join(last)})", f"read the log in {self.folder}")


app = typer.Typer(add_completion=False, no_args_is_help=True)
Folder = Annotated[Path, typer.Option(envvar="LABEL_STUDIO_BASE_DATA_DIR", help="Where the data lie.")]
Port = Annotated[int, typer.Option(envvar="LABEL_STUDIO_PORT", help="Port on loopback.")]
Venv = Annotated[Path, typer.Option(envvar="LABEL_STUDIO_VENV", help="The server's own virtual environment.")]
FOLDER, VENV = Path("out/label-studio"), Path(".venv-label-studio")


@app.command()
def install(venv: Venv = VENV) -> None:
    """Make the server's virtual environment."""
    with one_line_errors():
        Server(FOLDER, venv=venv).install()
        typer.echo(f"Label Studio {VERSION} is in {venv}")


@app.command()
def start(
    folder: Folder = FOLDER,
    port: Port = 18080,
    venv: Venv = VENV,
    user: Annotated[str, typer.Option(envvar="LABEL_STUDIO_USERNAME")] = "annotator@example.org",
) -> None:
    """Start the server; password and token are LABEL_STUDIO_PASSWORD and LABEL_STUDIO_TOKEN, made and shown where missing."""
    with one_line_errors():
        server = Server(folder, port, venv)
        first = not (folder / DATABASE).exists()
        password = os.environ.get("LABEL_STUDIO_PASSWORD") or secrets.token_urlsafe(12)
        token = os.environ.get("LABEL_STUDIO_TOKEN") or secrets.token_hex(20)
        server.start(user, password, token)
        typer.echo(f"Label Studio {VERSION} at {server.url}, data in {folder}")
        if first:
            shown = [f"user {user}"]
            shown += [] if "LABEL_STUDIO_PASSWORD" in os.environ else [f"password {password}"]
            shown += [] if "LABEL_STUDIO_TOKEN" in os.environ else [f"export LABEL_STUDIO_TOKEN={token}"]
            typer.echo("\n".join(shown))


@app.command()
def stop(folder: Folder = FOLDER) -> None:
    """Stop the server."""
    typer.echo("stopped" if Server(folder).stop() else "it was not running")


@app.command()
def status(folder: Folder = FOLDER, port: Port = 18080) -> None:
    """Tell whether the server runs and answers; exit code 1 where it does not."""
    server = Server(folder, port)
    number, healthy = server.pid(), server.healthy()
    typer.echo(
        f"{server.url}: " + (f"process {number}" if number else "no process") + (", answers" if healthy else ", no answer")
    )
    raise typer.Exit(0 if healthy else 1)


@app.command()
def backup(
    folder: Folder = FOLDER, out: Annotated[Path, typer.Option(help="Folder for the copy.")] = Path("out/label-studio-backup")
) -> None:
    """Copy the database; the server may run meanwhile."""
    with one_line_errors():
        typer.echo(str(Server(folder).backup(out)))


@app.command("add-user")
def add_user(
    user: str,
    password: Annotated[str, typer.Option(envvar="LABEL_STUDIO_PASSWORD", prompt=True, hide_input=True)],
    folder: Folder = FOLDER,
    venv: Venv = VENV,
) -> None:
    """Add an annotator, and print a token for them."""
    with one_line_errors():
        token = secrets.token_hex(20)
        Server(folder, venv=venv).add_user(user, password, token)
        typer.echo(f"{user}: token {token}")


if __name__ == "__main__":
    app()
