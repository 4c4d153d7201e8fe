"""What is read of a step: nothing, unless somebody shows or logs it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.data.batches import Examples
from keras_model.t5 import T5
from keras_model.training.device_logs import DeviceLogs
from keras_model.training.losses import TokenAccuracy
from keras_model.training_run.fit import fit
from keras_model.training_run.fit_settings import TrainSettings

CONFIG = T5Config(vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_heads=2, num_layers=1)
STEPS = 30
IDS = np.tile([[3, 4, 1]], (2 * STEPS, 1))
DATA = {"encoder_ids": IDS, "decoder_ids": np.pad(IDS, ((0, 0), (1, 0)))[:, :-1]}, IDS


@pytest.fixture
def reads(monkeypatch):
    """The shapes of the small float tensors that went from the device to the host."""
    seen = []
    (base,) = (kind for kind in type(tf.constant(0.0)).__mro__ if "_numpy" in vars(kind))

    def counting(read):
        def counted(tensor):
            if tf.is_tensor(tensor) and tensor.dtype.is_floating and tensor.shape in ([], [10, 2]):
                seen.append(tuple(tensor.shape))
            return read(tensor)

        return counted

    monkeypatch.setattr(base, "_numpy", counting(base._numpy))
    monkeypatch.setattr(keras.src.backend, "convert_to_numpy", counting(keras.src.backend.convert_to_numpy))
    return seen


def test_fit_and_evaluate_read_once_an_epoch(reads):
    model = T5(CONFIG)
    model.compile(weighted_metrics=[TokenAccuracy()])
    history = model.fit(*DATA, batch_size=2, epochs=2, verbose=0).history
    assert set(history) == {"loss", "token_accuracy", "gradient_norm"}
    assert 0 < len(reads) <= 2 * 6
    reads.clear()
    model.evaluate(*DATA, batch_size=2, verbose=0)
    assert 0 < len(reads) <= 6
    reads.clear()
    model.fit(*DATA, batch_size=2, callbacks=keras.callbacks.CallbackList(model=model))  # Keras' own
    assert len(reads) >= 3 * STEPS


def test_a_callback_reads_what_it_looks_at(reads):
    model, losses = T5(CONFIG), []
    model.compile(weighted_metrics=[TokenAccuracy()])
    look = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    model.fit(*DATA, batch_size=2, verbose=0, callbacks=[look])
    assert len(losses) == STEPS
    assert all(type(loss) is float for loss in losses)
    assert STEPS <= len(reads) <= STEPS + 6


def test_a_run_reads_where_it_logs(reads, tmp_path):
    examples = Examples.from_sequences(IDS.tolist(), IDS.tolist())
    reads.clear()
    fit(T5(CONFIG), examples, TrainSettings(steps=STEPS, batch_size=2, log_every=10), tmp_path)
    assert reads.count((10, 2)) == 3  # loss and norm of each step since the last
    assert len(reads) <= 3 * 6


def test_the_bar_shows_the_numbers(capsys):
    model = T5(CONFIG)
    model.compile()
    model.fit(*DATA, batch_size=2)
    out = capsys.readouterr().out
    assert f"{STEPS}/{STEPS}" in out
    assert "loss: " in out


def test_logs_are_floats_however_they_are_asked():
    def logs():
        return DeviceLogs({"loss": tf.constant(1.5), "scores": {"a": tf.constant(2.0)}, "step": 3})

    whole = {"loss": 1.5, "a": 2.0, "step": 3}
    for read in (dict(logs()), {**logs()}, dict(logs().items()), logs().copy(), {n: logs()[n] for n in logs()}):
        assert read == whole
        assert type(read["loss"]) is float
    assert sorted(logs().values()) == [1.5, 2.0, 3]
    assert (logs().get("loss"), logs().get("b"), logs().get("b", 1)) == (1.5, None, 1)
    assert tf.is_tensor(logs().unread("loss"))
