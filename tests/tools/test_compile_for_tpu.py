"""Everything that an accelerator runs is lowered at static shapes, and nothing in it calls the host."""

import numpy as np
import pytest
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.t5 import T5
from keras_model.training_run.fit import compile_model
from keras_model.training_run.fit_settings import TrainSettings
from tools.compile_for_tpu import functions, refused

NAMES = ("training step", "validation", "greedy", "sampling", "beam search", "ranking")


@pytest.fixture(scope="module")
def found():
    config = T5Config(
        vocab_size=24, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1, feed_forward_proj="gated-gelu",
        tie_word_embeddings=False, dropout_rate=0.1,
    )  # fmt: skip
    model = T5(config)
    compile_model(model, TrainSettings(steps=1))
    return functions(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_accelerator_refuses_nothing(found, name):
    assert tuple(found) == NAMES
    assert refused(*found[name]) == []


def shape_by_value(x):
    return tf.boolean_mask(x, x > 2)


def python(x):
    return tf.py_function(lambda y: y, [x], tf.int32)


def texts(x):
    return tf.strings.length(tf.strings.as_string(x))


def printed(x):
    tf.print(x)
    return x


def library(x):
    return tf.linalg.qr(tf.cast(x, tf.float32))[0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (shape_by_value, "shape s32[<=8]"),
        (python, "it cannot be lowered"),
        (texts, "it cannot be lowered"),
        (printed, "it cannot be lowered"),
        (library, "operation custom-call"),
    ],
    ids=["shape", "python", "texts", "printed", "library"],
)
def test_what_is_refused(function, message):
    compiled = tf.function(function, jit_compile=True, autograph=False)
    assert any(
        line.startswith(message)
        for line in refused(compiled, (tf.constant(np.arange(8).reshape(2, 4)[:, ::-1], tf.int32),))
    )
