"""Callbacks of plugins in a training run: they see its steps, and what goes wrong with one is a line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.demo.demo import suite_folder
from t5eval.plugins.loader import load
from t5eval.training.config import resolve
from task_specs.support.errors import UserError
from tests.commands.conftest import PLUGINS
from tests.t5eval.tiny_t5 import write_tiny_t5


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Returns what trains ten steps."""
    model = write_tiny_t5(tmp_path / "model")
    given: dict[str, Any] = {"task": "glue/rte", "steps": 10, "batch_size": 2, "validate_limit": 2}
    return lambda **more: t5eval.train(model=model, data_dir=suite_folder(), out=tmp_path / "run", **given | more)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_callback_of_the_page(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_plugins: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    load(str(PLUGINS / "callback.py"))
    run(callbacks=["text_log"])
    (line,) = Path("losses.txt").read_text().splitlines()
    step, loss = line.split()
    assert step == "10"
    assert 0 < float(loss) < 20
    assert tomllib.loads((tmp_path / "run/config.toml").read_text())["train"]["callbacks"] == ["text_log"]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_callback_that_fails_is_named(run: Callable[..., Any], tmp_path: Path, forget_plugins: Any) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from t5eval import register_callback\n"
        "def make():\n"
        "    import keras\n"
        "    class Mine(keras.callbacks.Callback):\n"
        "        def on_train_batch_end(self, batch, logs=None):\n"
        "            self.model.nothing()\n"
        "    return Mine()\n"
        "register_callback('mine', make)\n"
        "register_callback('no_callback', lambda: 3)\n"
    )
    load(str(plugin))
    with pytest.raises(UserError, match=r"callback 'mine': on_train_batch_end raises AttributeError: .* \(line 6\)"):
        run(callbacks=["mine"])
    with pytest.raises(UserError, match=r"'no_callback': it must return a keras\.callbacks\.Callback, got int"):
        run(callbacks=["no_callback"])
    with pytest.raises(UserError, match="callback 'other' is not known; there are mine, no_callback"):
        run(callbacks=["other"])


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("callbacks", "mine", "callbacks has the wrong type"),
        ("callbacks", [3], r"callbacks is a list of names, got '\[3\]'"),
        ("remat", 1, "remat has the wrong type"),
        ("fresh_optimizer", "yes", "fresh_optimizer has the wrong type"),
        ("steps", True, "steps has the wrong type"),
        ("dropout_rate", 1, r"dropout_rate must be in \[0, 1\), got 1"),
        ("patience", 0, "patience must be at least 1"),
        ("dtype", "float16", "dtype must be one of float32, mixed_bfloat16, bfloat16"),
    ],
)
def test_values_of_the_wrong_type(key: str, value: Any, fault: str) -> None:
    table = {"task": ["glue/rte"], "data_dir": "DATA", "out": "RUN", "model": "MODEL", key: value}
    with pytest.raises(UserError, match=fault):
        resolve(table, "train.toml")


def test_switches_of_the_table() -> None:
    table = {"task": ["glue/rte"], "data_dir": "DATA", "out": "RUN", "model": "MODEL"}
    config = resolve({**table, "remat": True, "fresh_optimizer": True, "patience": 3, "callbacks": ["a"]}, "train.toml")
    assert (config.settings.remat, config.fresh_optimizer, config.settings.patience) == (True, True, 3)
    assert config.callbacks == ("a",)
