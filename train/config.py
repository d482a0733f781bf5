"""YAML configurations as frozen dataclasses: an unknown key or a value of the wrong kind is an error that names it."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import typer
import yaml

from fazhi.errors import ConfigError, FazhiError

T = TypeVar("T")


def load_config(path: Path, kind: type[T], overrides: dict[str, Any] | None = None) -> T:
    """Read a YAML file into the dataclass ``kind`` (nested ones too); ``overrides`` replaces top-level values."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, "cannot be read", "give --config the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise ConfigError(path, f"is not YAML: {error}".replace("\n", " "), "mend its syntax") from error
    return _build(path, kind, {**raw, **(overrides or {})} if isinstance(raw, dict) else raw, "")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print an error that the user can mend as one line, and end the program with exit code 2."""
    try:
        yield
    except FazhiError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _build(path: Path, kind: type[T], raw: Any, where: str) -> T:  # noqa: ANN401  YAML holds anything
    """Build one dataclass out of a mapping; ``where`` is its place in the file."""
    if not isinstance(raw, dict):
        raise ConfigError(path, f"{where or 'the file'} must be a mapping", "write key: value lines")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(raw) - set(hints))
    if unknown:
        raise ConfigError(path, f"unknown key {where}{unknown[0]}", f"known keys are {', '.join(hints)}")
    missing = [f"{where}{one.name}" for one in _required(kind) if one.name not in raw]
    if missing:
        raise ConfigError(path, f"it lacks {', '.join(missing)}", "add what is missing")
    return kind(**{key: _value(path, hints[key], value, f"{where}{key}") for key, value in raw.items()})


def _required(kind: Any) -> Iterator[dataclasses.Field[Any]]:  # noqa: ANN401  a dataclass
    """Yield the fields without a default."""
    none = dataclasses.MISSING
    yield from (one for one in dataclasses.fields(kind) if one.default is none and one.default_factory is none)


def _value(path: Path, kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401  YAML holds anything
    if dataclasses.is_dataclass(kind):
        return _build(path, typing.cast(type, kind), value, f"{where}.")
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(path, f"{where} must be a list", "write [a, b]")
        item = typing.get_args(kind)[0]
        return tuple(_value(path, item, one, where) for one in value)
    return _scalar(path, kind, value, where)


def _scalar(path: Path, kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401  YAML holds anything
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(path, f"{where} is {value!r}", f"give a value of type {kind.__name__}")
    return value
