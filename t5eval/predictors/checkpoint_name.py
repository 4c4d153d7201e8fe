"""Which T5 checkpoint a name means, in every command that takes one: a path, or a model at the Hugging Face hub."""

import difflib
import re
from pathlib import Path
from typing import NamedTuple

from keras_model.config import ConfigError, T5Config
from task_specs.support.errors import UserError

HUB = "hf://"


class FoundCheckpoint(NamedTuple):
    """Where a checkpoint lies, and the name that finds the same one again: of one at the hub with its commit."""

    path: Path
    name: str


def find_checkpoint(name: str, tokenizer_alone: bool = False) -> FoundCheckpoint:
    """Returns the checkpoint that a name means; one at the hub is fetched unless it is in the cache.

    Args:
        name: the path of a checkpoint of any format, `OWNER/NAME[@REV]` or `hf://OWNER/NAME[@REV]`.
        tokenizer_alone: whether its weights are not needed.

    Raises:
        UserError: there is no such checkpoint, or it cannot be fetched.
    """
    from keras_model.checkpoints import hub_names

    known = name.startswith(HUB) or hub_names.is_path(name)
    if not known and re.match(r"[A-Za-z][\w-]+:", name):
        raise UserError(f"{name}: a model of another engine; here a T5's folder is named, or OWNER/NAME at the hub")
    if not known and not hub_names.is_hub_name(name):
        raise UserError(f"{name}: no such file or folder; {_way_out(name)}")
    try:
        return FoundCheckpoint(*hub_names.find(name, () if tokenizer_alone else hub_names.WEIGHTS_FILES))
    except ValueError as error:
        raise UserError(str(error)) from None


def _way_out(name: str) -> str:
    try:
        T5Config.preset(name)
        if "/" not in name:
            owner = "google-t5" if re.fullmatch(r"t5-(small|base|large|3b|11b)", name) else "google"
            return f"{owner}/{name} is the trained model, train --preset {name} starts from random weights"
    except ConfigError:
        pass
    parent = Path(name).parent
    there = [path.name for path in parent.iterdir()] if parent.is_dir() else []
    if close := difflib.get_close_matches(Path(name).name, there, 1):
        return f"did you mean {parent / close[0]}?"
    return "a model at the hub is OWNER/NAME, such as google-t5/t5-small"
