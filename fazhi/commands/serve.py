"""``fazhi serve``: the web page, ``/extract``, and the Label Studio ML backend."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from fazhi.commands.common import EXIT_NOTHING_DONE, complain, errors_console
from fazhi.errors import FazhiError, MissingExtraError


def serve(
    model: Annotated[str | None, typer.Option(help="Model directory, 'small', 'fast', or a hub id.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; anything but loopback lets others in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8090,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="Largest report that is taken.")] = 20.0,
    train: Annotated[
        str, typer.Option(help="Command for Label Studio's 'Start Training', such as python -m annotation.retrain.")
    ] = "",
    training: Annotated[Path, typer.Option(help="Folder of trainings; a model promoted there is served.")] = Path(
        "out/training"
    ),
) -> None:
    """Serve a page where people paste a report, /extract for programs, and the routes of a Label Studio ML backend."""
    from fazhi.extractor import Extractor
    from fazhi.ingest.limits import Limits
    from fazhi.web.service import Service
    from fazhi.web.training import Training

    try:
        from fazhi.web.app import create_app

        trainer = Training(training.resolve(), shlex.split(train))
        extractor = Extractor.from_pretrained(trainer.promoted() or model)
        app = create_app(Service(extractor, trainer, Limits(megabytes=max_megabytes)))
        import uvicorn
    except (FazhiError, ModuleNotFoundError) as error:
        complain(error if isinstance(error, FazhiError) else MissingExtraError(str(error.name), "web"))
        raise typer.Exit(EXIT_NOTHING_DONE) from error
    errors_console.print(f"fazhi serves {extractor.model.version} at http://{host}:{port}", highlight=False)
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning")
    finally:
        trainer.stop()
