"""Running plugins, files or modules of installed packages: all that one offers is registered, or nothing."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import leaderboards
from t5eval.data import official_files
from t5eval.metrics import registry as metric_registry
from t5eval.plugins.callbacks import CALLBACKS
from t5eval.plugins.installed import entry_points
from t5eval.predictors import prefixes as opening
from t5eval.support.code_hash import code_sha256, files_sha256
from t5eval.support.guard import line_of, run_file
from t5eval.support.plugin_record import LOADED, LOADING, Plugin
from task_specs import registry as task_registry
from task_specs.kinds import KINDS
from task_specs.support.errors import UserError

# Everything that something can be registered in; built-in things stand in the same tables.
TABLES: tuple[MutableMapping[Any, Any], ...] = (
    metric_registry._METRICS,
    task_registry.REGISTERED,
    *(KINDS[part] for part in ("source", "text", "answer")),
    official_files.READERS,
    opening.OPENERS,
    CALLBACKS,
    leaderboards._LEADERBOARDS,
)

_installed: dict[EntryPoint, str] = {}  # those that were loaded, to what is wrong with them, empty for nothing


def load(path: str) -> None:
    """Runs a plugin's file, which registers what it offers; if anything is wrong, nothing of it stays registered.

    Raises:
        UserError: the file is absent, fails, breaks a contract, or registers nothing.
    """
    file = Path(path).resolve()
    if str(file) in LOADED:
        return
    if not file.is_file():
        raise UserError(f"plugin {path}: no such file")
    with _registering(Plugin(path, str(file), code_sha256(file), file)):
        run_file(file, f"_t5eval_plugin_{hashlib.sha256(os.fsencode(file)).hexdigest()[:12]}")


def load_installed() -> tuple[str, ...]:
    """Imports the plugins of installed packages, each once; returns a line for each that is broken.

    While a plugin is being loaded, no other one is: it imports what it needs.
    """
    if LOADING:
        return ()
    points = entry_points()
    for point in points:
        if point not in _installed:
            try:
                _import(point)
                _installed[point] = ""
            except UserError as error:
                _installed[point] = str(error)
    return tuple(line for point in points if (line := _installed[point]))


def _import(point: EntryPoint) -> None:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "a package"
    name = f"{package}: {point.module}"
    try:
        if point.attr:
            raise UserError(f"its entry point is {point.value}; it must name a module alone, which registers")
        place, sha256 = _code_of(point.module)
    except (Exception, SystemExit) as error:
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        raise UserError(f"plugin {name}: {reason}") from error
    if point.module in sys.modules:
        LOADED[name] = sha256  # whoever imported it has had it register
        return
    with _registering(Plugin(name, name, sha256, place)):
        importlib.import_module(point.module)


def _code_of(module: str) -> tuple[Path, str]:
    """Returns the file, or the folder of the package, that a module belongs to, and the SHA-256 of its code."""
    names = module.split(".")
    for depth in range(1, len(names) + 1):  # a namespace belongs to many
        spec = importlib.util.find_spec(".".join(names[:depth]))
        if spec is None:
            raise UserError(f"there is no module {module}")
        if spec.origin is None:
            continue
        file = Path(spec.origin)
        if not spec.submodule_search_locations:
            return file, hashlib.sha256(file.read_bytes()).hexdigest()
        return file.parent, files_sha256(file.parent, file.parent.rglob("*.py"))
    raise UserError(f"{module} is a folder without an __init__.py")


@contextmanager
def _registering(plugin: Plugin) -> Iterator[None]:
    """Runs a plugin's code: records it, or takes back what it registered."""
    before = [dict(table) for table in TABLES]
    LOADING.append(plugin)
    try:
        yield
        if [dict(table) for table in TABLES] == before:
            raise UserError("it registers nothing; call t5eval.register")
        LOADED[plugin.name] = plugin.sha256
    except (Exception, SystemExit) as error:
        for table, old in zip(TABLES, before, strict=True):
            table.clear()
            table.update(old)
        task_registry._known.cache_clear()
        raise UserError(f"plugin {plugin.shown}: {_reason(error, plugin)}") from error
    finally:
        LOADING.pop()


def _reason(error: BaseException, plugin: Plugin) -> str:
    """Returns what went wrong with a plugin, with the line; a guard has said the plugin, perhaps the line."""
    message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    line = line_of(error, plugin.place)
    return message.removeprefix(f"plugin {plugin.shown}: ").removesuffix(line) + line
