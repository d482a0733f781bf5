"""A small client of Label Studio's HTTP interface: JSON in, JSON out, every error one clear line.

The official SDK reads answers into generated classes; this keeps them as they are, so that what annotators wrote is stored
without loss. Server and token come from ``LABEL_STUDIO_URL`` and ``LABEL_STUDIO_TOKEN`` (a legacy or a personal access token).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fazhi.errors import LabelStudioError, MissingExtraError

try:
    import httpx
except ImportError as _error:
    raise MissingExtraError("httpx", "annotation") from _error

URL = "http://127.0.0.1:18080"
PAGE = 200
RETRIES = 4
_PASSING = (502, 503, 504)
_START = "start it with: python -m annotation.server start"
Json = Any


@dataclass
class Client:
    """A connection to one server as one user; ``patience`` is the wait before the first retry, in seconds."""

    url: str = URL
    token: str = ""
    timeout: float = 180.0
    patience: float = 0.5
    http: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url.rstrip("/"), timeout=self.timeout, trust_env=False)

    @classmethod
    def from_environment(cls, url: str = "") -> Client:
        """Connect as the environment says; ``LabelStudioError`` where there is no token."""
        url, token = url or os.environ.get("LABEL_STUDIO_URL", URL), os.environ.get("LABEL_STUDIO_TOKEN", "")
        if not token:
            remedy = "export LABEL_STUDIO_TOKEN=… (the server's Account & Settings page shows it)"
            raise LabelStudioError(url, "no token is given", remedy)
        client = cls(url, token)
        client.log_in()
        return client

    def log_in(self) -> None:
        """Authorise the connection; a personal access token (a JWT) is exchanged for a short-lived one."""
        if self.token.count(".") == 2:
            answer = self.request("POST", "/api/token/refresh", json={"refresh": self.token})
            self.http.headers["Authorization"] = f"Bearer {answer['access']}"
        else:
            self.http.headers["Authorization"] = f"Token {self.token}"

    def request(self, method: str, path: str, **options: Any) -> Json:  # noqa: ANN401  passed on to httpx
        """Send a request and return the answer's JSON; reading is retried while the server is away, writing is not."""
        wait = self.patience
        for attempt in range(RETRIES):
            last = attempt == RETRIES - 1 or method != "GET"
            try:
                answer = self.http.request(method, path, **options)
            except httpx.TransportError as error:
                if last:
                    what = f"no answer ({type(error).__name__})"
                    raise LabelStudioError(
                        self.url, what, f"check the address, or {_START}; then run the command again"
                    ) from error
            else:
                if answer.status_code == 401 and self.token.count(".") == 2 and "refresh" not in path and attempt == 0:
                    self.log_in()  # access tokens live for five minutes
                    answer = self.http.request(method, path, **options)
                if answer.status_code not in _PASSING or last:
                    return self._read(answer, path)
            time.sleep(wait)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _read(self, answer: httpx.Response, path: str) -> Json:
        if answer.is_success:
            return answer.json() if answer.content else None
        remedies = {
            401: ("the token is not accepted", "check LABEL_STUDIO_TOKEN; legacy tokens must be enabled by the organisation"),
            403: ("this user may not do that", "use the token of a user of the project's organisation"),
            404: (f"{path} does not exist", "check the project's number or name; was it deleted?"),
        }
        what, remedy = remedies.get(
            answer.status_code, (f"{path} answers {answer.status_code}: {_detail(answer)}", "mend that")
        )
        raise LabelStudioError(self.url, what, remedy)

    def project(self, name: str) -> dict[str, Json]:
        """Return a project by number or by title; ``LabelStudioError`` where there is none, or more than one."""
        if name.isdecimal():
            found: dict[str, Json] = self.request("GET", f"/api/projects/{name}")
            return found
        rows = [row for row in self.projects() if row["title"] == name]
        if len(rows) == 1:
            return self.project(str(rows[0]["id"]))
        titles = ", ".join(f"{row['title']} ({row['id']})" for row in rows or self.projects()[:8]) or "none"
        what = f"{'several projects are' if rows else 'no project is'} called {name!r}"
        raise LabelStudioError(self.url, what, f"there are: {titles}; give a number, or --create")

    def projects(self) -> list[dict[str, Json]]:
        """Return all projects (number, title and counts)."""
        rows: list[dict[str, Json]] = []
        while True:
            answer = self.request("GET", "/api/projects", params={"page": len(rows) // PAGE + 1, "page_size": PAGE})
            rows += answer["results"]
            if not answer["results"] or len(rows) >= answer["count"]:
                return rows

    def create_project(self, title: str, label_config: str, instructions: str = "") -> dict[str, Json]:
        """Make a project that shows predictions as pre-annotations and the guideline as instructions."""
        if len(title) < 3:
            raise LabelStudioError(self.url, f"the title {title!r} is too short", "use three characters or more")
        settings = {"title": title, "label_config": label_config, "expert_instruction": instructions, "show_instruction": False}
        settings |= {"show_collab_predictions": True, "enable_empty_annotation": True, "maximum_annotations": 2}
        made: dict[str, Json] = self.request("POST", "/api/projects", json=settings)
        return made

    def tasks(
        self, project: int, filters: Sequence[Mapping[str, Json]] = (), whole: bool = True, include: str = ""
    ) -> Iterator[dict[str, Json]]:
        """Yield a project's tasks, with annotations and predictions if ``whole``, in the order of their numbers."""
        query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": ["tasks:id"]}
        params: dict[str, Json] = {"project": project, "fields": "all" if whole else "task_only", "page_size": PAGE}
        params |= {"query": json.dumps(query), **({"include": include} if include else {})}
        page, seen, total = 1, 0, 1
        while seen < total:
            answer = self.request("GET", "/api/tasks", params={**params, "page": page})
            yield from answer["tasks"]
            if not answer["tasks"]:
                return
            seen, total, page = seen + len(answer["tasks"]), answer["total"], page + 1

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Json]]) -> int:
        """Import tasks with their predictions, all or none; return how many were made."""
        answer = self.request("POST", f"/api/projects/{project}/import", json=list(tasks))
        return int(answer["task_count"])

    def import_predictions(self, project: int, predictions: Sequence[Mapping[str, Json]]) -> int:
        """Add predictions to tasks that are there; return how many were made."""
        answer = self.request("POST", f"/api/projects/{project}/import/predictions", json=list(predictions))
        return int(answer["created"])

    def users(self) -> dict[int, str]:
        """Return the e-mail address of every user by number."""
        return {row["id"]: row["email"] for row in self.request("GET", "/api/users")}


def _detail(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:120].replace("\n", " ")
    detail = body.get("validation_errors") or body.get("detail") or body if isinstance(body, dict) else body
    return str(detail)[:240].replace("\n", " ")
