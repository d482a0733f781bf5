"""The web service as a FastAPI app: the page, ``POST /extract``, and the routes of a Label Studio ML backend.

Nothing is kept of what is sent, nothing is fetched from elsewhere; tokens that Label Studio sends are neither used nor logged.
"""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from fazhi import themes, writers
from fazhi.document import Document
from fazhi.errors import FazhiError, InputError, MissingExtraError, ServeError
from fazhi.labelling import default_labelling
from fazhi.web.page import marked_html
from fazhi.web.service import Service, check_label_config
from fazhi.web.words import in_chinese

try:
    from fastapi import FastAPI, Request, Response
    from fastapi.concurrency import run_in_threadpool
    from fastapi.responses import JSONResponse
    from fastapi.staticfiles import StaticFiles
except ImportError as _error:
    raise MissingExtraError("fastapi", "web") from _error

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(service: Service) -> FastAPI:
    """Return the app for a service."""
    app = FastAPI(title="fazhi", docs_url=None, redoc_url=None)
    app.state.service = service
    static = files("fazhi.web") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    page = (static / "index.html").read_text(encoding="utf-8")
    _add_errors(app)
    _add_people(app, service, page)
    _add_label_studio(app, service)

    @app.middleware("http")
    async def headers(request: Request, call_next: Any) -> Response:  # noqa: ANN401  starlette's own type is as wide
        response: Response = await call_next(request)
        response.headers.update(SECURITY)
        return response

    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(FazhiError)
    async def explain(_: Request, error: FazhiError) -> JSONResponse:
        status = 422 if isinstance(error, InputError) else 409 if isinstance(error, ServeError) else 500
        chinese = in_chinese(error)
        return JSONResponse({"error": str(error)} | ({"error_zh": chinese} if chinese else {}), status_code=status)


def _add_people(app: FastAPI, service: Service, page: str) -> None:
    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return Response(page, media_type="text/html; charset=utf-8")

    @app.post("/extract")
    async def extract(
        request: Request,
        name: str = "report",
        format: str = "json",  # noqa: A002  the parameter's public name
        view: bool = False,
    ) -> Response:
        """Extract one report: JSON ``{"text": …}``, or the bytes of a file whose ``name`` is in the query.

        ``format`` is ``json`` (one document, docs/formats.md) or ``csv``; ``view`` adds what the page shows: ``html``, the text
        with marked spans, and Chinese names of labels and themes.
        """
        raw = await _body(request, service)
        plain = PurePosixPath(name.replace("\\", "/")).name or "report"
        if "json" in request.headers.get("content-type", ""):
            document = await run_in_threadpool(service.extract_text, _text(raw), plain)
        else:
            document = await run_in_threadpool(service.extract_file, raw, plain)
        return _answer(document, format, view)


async def _body(request: Request, service: Service) -> bytes:
    """Read a request's body, but no more than the limit allows."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        service.limits.check_size(size, "upload")
        chunks.append(chunk)
    return b"".join(chunks)


def _text(raw: bytes) -> str:
    import json

    try:
        text = json.loads(raw)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("request", "it is no JSON object with a text", 'send {"text": "…"}') from error
    if not isinstance(text, str):
        raise InputError("request", "its text is no string", 'send {"text": "…"}')
    return text


def _answer(document: Document, form: str, view: bool) -> Response:
    if form == "csv":
        stream = io.StringIO(newline="")
        writers.print_documents([document], "csv", stream)
        return Response(stream.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8")
    if form != "json":
        raise InputError("request", f"there is no format {form!r}", "ask for json or csv")
    answer = document.to_json()
    if view:
        marked = marked_html(document.text, document.spans)
        answer |= {"html": marked, "labels": default_labelling().to_json(), "themes": themes.names()}
    return JSONResponse(answer)


def _add_label_studio(app: FastAPI, service: Service) -> None:
    @app.get("/health")
    def health() -> dict[str, Any]:
        service.refresh()
        return {"status": "UP", "model_class": "fazhi", "model_version": service.version}

    @app.post("/setup")
    def setup(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("schema"):
            check_label_config(str(body["schema"]))
        return {"model_version": service.version}

    @app.post("/predict")
    def predict(body: dict[str, Any]) -> dict[str, Any]:
        return {"results": service.predict(body.get("tasks") or []), "model_version": service.version}

    @app.get("/versions")
    def versions() -> dict[str, Any]:
        service.refresh()
        return {"versions": service.versions}

    @app.post("/webhook")
    def webhook(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("action") != "START_TRAINING":
            return {"status": "ignored"}
        started = service.training.start(str((body.get("project") or {}).get("id", "")))
        return {"status": "started" if started else "already running", "model_version": service.version}

    @app.get("/training")
    def training() -> dict[str, Any]:
        service.refresh()
        return {**service.training.state(), "model_version": service.version}
