"""Which model a name means: one small table from the name's prefix to what opens it."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

from t5eval.predictors.checkpoint_name import HUB, find_checkpoint
from t5eval.predictors.generation_config import FILE, beyond_rows, generation_settings
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.of_ensemble import EnsemblePredictor, Member
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.of_keras_hub import open_keras_hub
from t5eval.predictors.of_predictions import open_predictions
from t5eval.predictors.of_python import open_factory
from t5eval.predictors.of_server import open_served
from t5eval.predictors.of_training_run import open_training_run
from t5eval.predictors.of_transformers import open_transformers
from task_specs.plugins import looked_up
from task_specs.support.errors import UserError


def open_checkpoint(path: str, options: ModelOptions) -> NamedModel:
    """Returns the Keras T5 of a checkpoint of any format, or of a repository at Hugging Face, named with its commit.

    Raises:
        UserError: there is no such checkpoint, or it cannot be fetched.
    """
    if _looks_prefixed(path) and not path.startswith(HUB):
        prefixes = ", ".join(prefix for prefix in OPENERS if prefix)
        raise UserError(f"--model {path}: no such checkpoint, and no prefix of a model; the prefixes are {prefixes}")
    options.refuse("a Keras T5", "generation")
    found = find_checkpoint(path)
    predictor = KerasPredictor(found.path, options.dtype or "float32", options.vocab, options.strategy or "none")
    own = beyond_rows(generation_settings(found.path)) if (found.path / FILE).is_file() else {}
    return NamedModel(predictor, found.name if found.name.startswith(HUB) else os.path.realpath(found.path), own)


def open_ensemble(names: str, options: ModelOptions) -> NamedModel:
    """Returns models, divided by commas, as one whose logits are the mean of theirs.

    Raises:
        UserError: there are fewer than two, one is no Keras T5 or is there twice, or one cannot be opened.
    """
    listed = names.split(",")
    if len(listed) < 2 or not all(listed):
        raise UserError(f"--model ensemble:{names}: name two or more models, as ensemble:A,B, without commas in a name")
    for name in listed:
        if _prefix(name) not in AVERAGED:
            raise UserError(
                f"--model ensemble: {name} is no Keras T5, whose logits could be averaged; members are checkpoints "
                "(PATH, OWNER/NAME) and training runs (best:RUN)"
            )
    found = [open_model(name, options) for name in listed]
    members = {one.name: cast(Member, one.predictor) for one in found}
    if len(members) < len(found):
        raise UserError(f"--model ensemble:{names}: names a model twice, which would count twice")
    predictor = EnsemblePredictor(members, options.strategy or "none")
    own = {key: value for one in found for key, value in one.generation.items()}
    return NamedModel(predictor, f"ensemble:{','.join(members)}", own)


def _looks_prefixed(name: str) -> bool:
    return bool(re.match(r"[A-Za-z][\w-]*:", name)) and not (Path(name).exists() or Path(f"{name}.index").exists())


OPENERS: dict[str, Callable[[str, ModelOptions], NamedModel]] = {
    HUB: lambda name, options: open_checkpoint(HUB + name, options),
    "hf:": open_transformers,
    "keras_hub:": open_keras_hub,
    "openai:": open_served,
    "py:": open_factory,
    "best:": open_training_run,
    "ensemble:": open_ensemble,
    "predictions:": open_predictions,
    "": open_checkpoint,
}
"""The first prefix that a name begins with decides; what follows it is given to the function."""

AVERAGED = (HUB, "best:", "")
"""The prefixes of what an ensemble may have as a member."""


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

    prefix = _prefix(name)
    return OPENERS[prefix](name.removeprefix(prefix), options or ModelOptions())


def _prefix(name: str) -> str:
    """Returns the prefix that a model's name begins with, empty if it has none that is known."""

    def find() -> str | None:
        return next((prefix for prefix in OPENERS if prefix and name.startswith(prefix)), None)

    return find() or (looked_up(find, f"prefix for --model {name}") if _looks_prefixed(name) else "") or ""
