"""Keras on another backend, or without what is built on: one line at import, before anything runs."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_model
from keras_model.backend_choice import BackendError, chosen_backend

MESSAGE = "the Keras T5 runs on Keras' backend 'tensorflow', but {} says '{}': set KERAS_BACKEND=tensorflow"


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {**{k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}, **environment}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_the_variable_is_named_at_import(backend: str) -> None:
    """Also where that backend is not installed, before Keras fails to import it."""
    done = run("-c", "from keras_model import T5", KERAS_BACKEND=backend)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith("BackendError: " + MESSAGE.format("the variable KERAS_BACKEND", backend))


def test_the_file_is_named_by_a_command_that_needs_the_model(tmp_path: Path) -> None:
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    done = run("-m", "t5eval", "convert", str(tmp_path), str(tmp_path / "new"), KERAS_HOME=str(tmp_path))
    assert done.returncode == 2
    assert MESSAGE.format(f"the file {tmp_path / 'keras.json'}", "torch") in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [None, "", "[]", '{"floatx": "float32"}', "{"])
def test_without_a_word_it_is_tensorflow(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if content is not None:
        (tmp_path / "keras.json").write_text(content)
    assert chosen_backend() == ("tensorflow", "Keras' default")


def test_every_module_takes_keras_from_where_the_backend_is_looked_at() -> None:
    folder = Path(keras_model.__file__).parent
    own = re.compile(r"^\s*(import keras|from keras import)\b", re.MULTILINE)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.py") if own.search(path.read_text())}
    assert found == {"backend.py"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN is chosen for x86-64")
@pytest.mark.parametrize(("users", "then"), [({}, "1"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "0")])
def test_one_dnn_is_on_unless_the_user_says_otherwise(
    users: dict[str, str], then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    done = run("-c", "import os, keras_model; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])", **users)
    assert done.stdout.strip() == then


@pytest.mark.tensorflow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN is chosen for x86-64")
def test_one_dnns_allocator_is_the_one_in_use() -> None:
    """Eigen's, which gives freed memory back to the system, counts nothing."""
    import tensorflow as tf

    assert tf.config.experimental.get_memory_info("CPU:0")["peak"] >= 0


@pytest.mark.tensorflow
def test_a_renamed_method_of_keras_is_an_error() -> None:
    from keras_model.backend import keras, require_methods

    require_methods(keras.optimizers.Optimizer, "_clip_gradients", "_all_reduce_sum_gradients")
    with pytest.raises(BackendError, match=r"Keras \S+ has no Optimizer\._clip_by_magic, which keras_model replaces"):
        require_methods(keras.optimizers.Optimizer, "_clip_gradients", "_clip_by_magic")


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("base", "method", "module"),
    [
        ("keras.optimizers.Optimizer", "_clip_gradients", "keras_model.training.dense_gradients"),
        ("keras.Model", "_maybe_symbolic_build", "keras_model.distribution.distributed_model"),
    ],
)
def test_what_is_replaced_is_looked_for_at_import(base: str, method: str, module: str) -> None:
    rename = f"""
import keras
for base in {base}.__mro__:
    if {method!r} in vars(base):
        delattr(base, {method!r})
import {module}
"""
    done = run("-c", rename)
    assert done.returncode != 0
    assert f"has no {base.rsplit('.', 1)[1]}.{method}" in done.stderr.strip().splitlines()[-1]
