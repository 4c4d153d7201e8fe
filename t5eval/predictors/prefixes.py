"""Which model a name means: one small table from the name's prefix to what opens it."""

import re
from collections.abc import Callable
from pathlib import Path

from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.of_keras_hub import open_keras_hub
from t5eval.predictors.of_predictions import open_predictions
from t5eval.predictors.of_python import open_factory
from t5eval.predictors.of_training_run import open_training_run
from t5eval.predictors.of_transformers import open_transformers
from task_specs.errors import UserError
from task_specs.plugins import looked_up


def open_checkpoint(path: str, options: ModelOptions) -> NamedModel:
    """Returns the Keras T5 of a checkpoint of any format.

    Raises:
        UserError: the path begins with what looks like a prefix, and is not there.
    """
    if _looks_prefixed(path):
        prefixes = ", ".join(prefix for prefix in OPENERS if prefix)
        raise UserError(f"--model {path}: no such checkpoint, and no prefix of a model; the prefixes are {prefixes}")
    predictor = KerasPredictor(Path(path), options.dtype or "float32", options.vocab, options.strategy or "none")
    return NamedModel(predictor, str(Path(path).resolve()))


def _looks_prefixed(name: str) -> bool:
    return bool(re.match(r"[A-Za-z][\w-]*:", name)) and not (Path(name).exists() or Path(f"{name}.index").exists())


def open_hub_name(name: str, options: ModelOptions) -> NamedModel:
    """Returns the Keras T5 of a repository at Hugging Face, named with the commit that it was read at.

    Raises:
        UserError: it cannot be fetched.
    """
    from keras_model.checkpoints.hub_names import resolve

    try:
        folder, pinned = resolve(f"hf://{name}")
    except ValueError as error:
        raise UserError(str(error)) from None
    return NamedModel(open_checkpoint(str(folder), options).predictor, pinned)


OPENERS: dict[str, Callable[[str, ModelOptions], NamedModel]] = {
    "hf://": open_hub_name,
    "hf:": open_transformers,
    "keras_hub:": open_keras_hub,
    "py:": open_factory,
    "best:": open_training_run,
    "predictions:": open_predictions,
    "": open_checkpoint,
}
"""The first prefix that a name begins with decides; what follows it is given to the function."""


def register_opener(prefix: str, opener: Callable[[str, ModelOptions], NamedModel]) -> None:
    """Makes a prefix of `--model` known; it is asked before the built-in ones, which it cannot hide.

    Raises:
        UserError: it does not end in a colon, or begins or is begun by another one.
    """
    if not re.fullmatch(r"[A-Za-z][\w-]*:", prefix):
        raise UserError(f"a model's prefix is a word and a colon, such as 'mine:', got {prefix!r}")
    if any(prefix.startswith(known) or known.startswith(prefix) for known in OPENERS if known):
        raise UserError(f"the prefix {prefix!r} is already there; choose another")
    others = dict(OPENERS)
    OPENERS.clear()
    OPENERS.update({prefix: opener, **others})


def open_model(name: str, options: ModelOptions | None = None) -> NamedModel:
    """Returns the model that a name means; its weights are loaded when they are needed.

    Raises:
        UserError: there is no such model, or an option does not apply to it.
    """

    def find() -> str | None:
        return next((prefix for prefix in OPENERS if prefix and name.startswith(prefix)), None)

    prefix = find() or (looked_up(find, f"prefix for --model {name}") if _looks_prefixed(name) else "") or ""
    return OPENERS[prefix](name.removeprefix(prefix), options or ModelOptions())
