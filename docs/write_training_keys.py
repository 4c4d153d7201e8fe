"""Writes docs/training_keys.md from what reads the keys: `python docs/write_training_keys.py`. A test holds the two."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from key_tables import Key, fields_of

from keras_model.adaptation import Adapters, LoRA
from keras_model.config import T5Config
from keras_model.training_run.fit_settings import TrainSettings
from t5eval.cli.names import NAMED
from t5eval.cli.train import command
from t5eval.preparation.text_data import TextData
from t5eval.training.config import FINE_TUNING, SETTINGS, TrainConfig

PAGE = Path(__file__).with_name("training_keys.md")
HEAD = """\
# Every key of a training run

Written from the code by `python docs/write_training_keys.py`. `t5eval train --config FILE.toml` reads the tables below,
and `RUN/config.toml` holds them as they were used. A flag of the command line overrules its key.
[Train a T5](training.md) begins with an example.

## `[train]`

"""
CONFIG = """
## `[train.config]`

A model from scratch, under the names of Hugging Face's `config.json`. With `preset`, only what differs from it.

"""
METHOD = """
## `[train.method]`

`name` is one of `all`, `gradual_unfreezing`, `lora` and `adapters`. The first two have no other keys;
[training](training.md#what-is-trained) says what each one does.

### name = "lora"

"""
ADAPTERS = """
### name = "adapters"

"""
TEXT = """
## `[train.text]`

Plain text to learn from, which `text` in `task` stands for. [Text](text.md) has the objectives.

"""
RATES = """
## `[train.rates]`

Each name in `task` to a number: how often it is drawn, relative to the others.
"""
FLAGS = {"data_dir": "data", "task": NAMED}
"""Keys that are called otherwise where the command's function takes them."""
DTYPE = (
    "What matrix products are computed in: `float32`, or `bfloat16` (also `mixed_bfloat16`), whose weights are float32 "
    "all the same. `bfloat16_weights` has weights in bfloat16 too, for half their memory; it is for Adafactor alone."
)
"""The table's own names, which are not Keras'."""


def page() -> str:
    """Returns the page's text."""
    tables = (HEAD, _train()), (CONFIG, _keys(T5Config)), (METHOD, _keys(LoRA)), (ADAPTERS, _keys(Adapters))
    return "".join(part for title, lines in (*tables, (TEXT, _keys(TextData)), (RATES, ())) for part in (title, *lines))


def _train() -> Iterator[str]:
    """Yields the lines of the first table: a run's own keys, and beside them the numbers to train by."""
    options = {option.name: option.opts[0] for option in command.params}
    numbers = {key.name: key for key in fields_of(TrainSettings, FINE_TUNING)}
    found = [key for key in fields_of(TrainConfig) if key.name != "settings"]
    found += [dataclasses.replace(numbers[field], name=name) for name, field in SETTINGS.items()]
    yield "| key | flag | is | if left out | meaning |\n|---|---|---|---|---|\n"
    for key in found:
        flag = options.get(FLAGS.get(key.name, key.name))
        yield f"| `{key.name}` | {f'`{flag}`' if flag else '–'} | {key.type} | {key.default} | {_meaning(key)} |\n"


def _keys(cls: type) -> Iterator[str]:
    yield "| key | is | if left out | meaning |\n|---|---|---|---|\n"
    for key in fields_of(cls):
        yield f"| `{key.name}` | {key.type} | {key.default} | {_meaning(key)} |\n"


def _meaning(key: Key) -> str:
    """Returns a key's meaning in the words of a file, which has no None."""
    text = DTYPE if key.name == "dtype" else key.meaning.replace("`packing`", "`pack`")
    text = re.sub(r"\bNone(?: for|:) ", "left out: ", text).replace("None stands", "left out, it stands")
    return re.sub(r"(^|\. )([a-z])", lambda match: match[1] + match[2].upper(), text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
