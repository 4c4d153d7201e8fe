"""A run's folder: its lock, its configuration, and where things lie in it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from keras_model.files.atomic import Held, held
from t5eval.support.any_text import decoded, encodable
from t5eval.support.errors import RunError
from t5eval.support.files import write_text
from task_specs.support.errors import UserError, quoted
from task_specs.support.toml_text import parse_toml

_TEXTS = ("model", "data_dir", "strategy", "dtype", "vocab", "generation")
_KINDS: dict[str, type] = {**dict.fromkeys(_TEXTS, str), "task": list, "concurrency": int}
"""What is read again of a command's settings."""


def predictions_path(run: Path, task: str, split: str) -> Path:
    """Returns where a run keeps a split's predictions."""
    return run / "predictions" / task / f"{split}.jsonl"


def read_config(run: Path) -> dict[str, dict[str, Any]]:
    """Returns the settings in RUN/config.toml by the command that they are of; empty where there is no such file.

    Raises:
        RunError: it cannot be read, is no TOML, or holds something else than a table for each command.
    """
    path = run / "config.toml"
    try:
        config: dict[str, dict[str, Any]] = decoded(parse_toml(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RunError(f"{path}: not a TOML file: {error}") from None
    for command, table in config.items():
        if not isinstance(table, dict):
            raise RunError(f"{path}: {command} must be a table of a command's settings, got {quoted(repr(table))}")
        for key, kind in _KINDS.items():
            if key in table and not isinstance(table[key], kind):
                raise RunError(f"{path}: {key} of {command} has the wrong type: {repr(table[key])[:60]}")
    return config


def write_config(run: Path, command: str, settings: Mapping[str, Any]) -> None:
    """Puts a command's resolved settings into RUN/config.toml, beside those of other commands; None is left out."""
    config: dict[str, Any] = {**read_config(run), command: _without_none(settings)}
    write_text(run / "config.toml", tomli_w.dumps(encodable(config)))


@contextmanager
def recorded(run: Path, command: str, settings: Mapping[str, Any]) -> Iterator[None]:
    """Records a command's settings in RUN/config.toml while it works; a command that is refused leaves no trace there.

    Args:
        run: the run's folder, held by this process.
        command: the table in the file.
    """
    path = run / "config.toml"
    before = path.read_bytes() if path.exists() else None
    write_config(run, command, settings)
    try:
        yield
    except UserError:
        if before is not None:
            write_text(path, before.decode("utf-8"))
        raise


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in table.items()
        if value is not None
    }


@contextmanager
def locked(run: Path, name: str = ".lock", doing: str = "working in this run folder") -> Iterator[None]:
    """Holds a run's folder for this process alone; the lock goes with the process, however it ends.

    Args:
        name: the lock's file in it.
        doing: what an error says the other process is doing.

    Raises:
        RunError: the folder cannot be made or locked, or another process holds it.
    """
    with ExitStack() as stack:
        try:
            run.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(run / name))
        except Held as owner:
            raise RunError(f"{run}: process {owner} is {doing}") from None
        except OSError as error:
            raise RunError(f"{run}: cannot be used as a run folder: {error.strerror or error}") from None
        yield
