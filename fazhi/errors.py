"""Every exception of the package. Each message names what was wrong, where, and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class FazhiError(Exception):
    """The base of all errors that a user can mend; the command line prints its message as one line."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes with message and fields, whatever the constructor of the class takes."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[FazhiError], args: tuple[Any, ...], fields: dict[str, Any]) -> FazhiError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class InputError(FazhiError):
    """A source that cannot be read as a report."""

    def __init__(self, source: str | Path, what: str, remedy: str) -> None:
        super().__init__(f"{source}: {what}; {remedy}")
        self.source, self.what, self.remedy = str(source), what, remedy


class SchemaError(FazhiError):
    """Labels or layers that do not fit together."""


class ModelError(FazhiError):
    """A model directory that is missing, incomplete, altered, or does not fit."""

    def __init__(self, directory: str | Path, what: str, remedy: str) -> None:
        super().__init__(f"model {directory}: {what}; {remedy}")


class ConfigError(FazhiError):
    """A configuration file with unknown, missing or impossible values."""

    def __init__(self, path: str | Path, what: str, remedy: str) -> None:
        super().__init__(f"{path}: {what}; {remedy}")


class MissingExtraError(FazhiError):
    """A library of an optional extra is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; install it with: pip install 'fazhi[{extra}]'")


class AnnotationError(FazhiError):
    """An annotated file that breaks a rule of the guideline."""

    def __init__(self, path: str | Path, line: int, rule: str, what: str) -> None:
        super().__init__(f"{path}:{line}: {what} (guideline {rule})")
        self.line, self.rule, self.what = line, rule, what


class EvaluationError(FazhiError):
    """Gold and predictions that cannot be compared."""

    def __init__(self, place: str | Path, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}; {remedy}")


class LabelStudioError(FazhiError):
    """The Label Studio server, or something on it, that is not as it must be."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"Label Studio, {place}: {what}; {remedy}")


class ServeError(FazhiError):
    """The web service cannot do what it was asked for."""
