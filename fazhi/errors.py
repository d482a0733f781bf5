"""Every exception of the package. Each message names what was wrong, where, and the remedy."""

from __future__ import annotations

from pathlib import Path


class FazhiError(Exception):
    """The base of all errors that a user can mend; the command line prints its message as one line."""


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
