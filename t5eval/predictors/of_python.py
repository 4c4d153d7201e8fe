"""A predictor of the user's own: what a function in a module or a file of Python returns."""

import importlib
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType

from t5eval.predictors.contract import require_predictor
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.support.code_hash import code_sha256
from t5eval.support.guard import Guard, run_file
from task_specs.support.errors import UserError

FORM = "py:MODULE:FUNCTION or py:FILE.py:FUNCTION"


def open_factory(name: str, options: ModelOptions) -> NamedModel:
    """Returns the predictor that a factory makes, called without arguments. This runs the code that was named.

    Raises:
        UserError: there is no such factory, it fails, what it returns is no predictor, or an option was given, which
            the factory would not hear of.
    """
    options.refuse("a predictor of your own", "dtype", "vocab", "strategy", "generation")
    module_name, _, function = name.rpartition(":")
    if not module_name or not function:
        raise UserError(f"--model py:{name}: write {FORM}")
    is_file = module_name.endswith(".py")
    where = f"py:{Path(module_name).resolve() if is_file else module_name}:{function}"
    try:
        code = code_sha256(Path(module_name).resolve()) if is_file and Path(module_name).is_file() else None
        module = _module_of_file(Path(module_name)) if is_file else _module(module_name)
        factory = getattr(module, function, None)
        if not callable(factory):
            raise UserError(f"{where}: there is no function of this name")
        predictor = factory()
        place = Path(module.__file__).resolve() if module.__file__ else None
        if code is None and place is not None:  # of a module it is only now known where its file is
            code = code_sha256(place)
        guarded = require_predictor(predictor, Guard(where, place), code)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{where}: {_reason(error)}") from None
    return NamedModel(guarded, where)


def _module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # as `python -m` does
    return importlib.import_module(name)


def _module_of_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise UserError(f"py:{path}: no such file")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # as `python FILE.py` does
    return run_file(path, f"_t5eval_model_{path.stem}")  # no other module's name, whatever the file is called


def _reason(error: Exception) -> str:
    """Returns what went wrong in the user's code, and where."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen ")
    ]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
