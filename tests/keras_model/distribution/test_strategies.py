"""Names of strategies, what is said where one cannot be had, and generation on two devices."""

import json
import socket

import pytest

from keras_model.distribution.strategies import StrategyError, open_strategy, parse
from tests.keras_model.processes import free_ports, run


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("none", ("none", None)),
        ("mirrored", ("mirrored", None)),
        ("mirrored:2", ("mirrored", "2")),
        ("multiworker", ("multiworker", None)),
        ("tpu", ("tpu", None)),
        ("tpu:grpc://10.0.0.2:8470", ("tpu", "grpc://10.0.0.2:8470")),
    ],
)
def test_names(name, parts):
    assert parse(name) == parts


@pytest.mark.parametrize(
    "name", ["", "Mirrored", "mirrored:", "mirrored:0", "mirrored:two", "none:1", "tpu:", "horovod"]
)
def test_unknown_names_are_refused(name):
    with pytest.raises(StrategyError, match=f"strategy '{name}' is not known; the strategies are none, mirrored"):
        open_strategy(name)


def test_without_a_strategy():
    assert open_strategy("none") is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "TF_CONFIG is not set"),
        ("worker0", "TF_CONFIG is not complete"),
        ("[]", "TF_CONFIG is not complete"),
        ('{"cluster": {"worker": ["a:1"]}}', r"not complete \(KeyError\('task'\)\)"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "has 1 of that type"),
    ],
)
def test_incomplete_cluster_is_named(monkeypatch, config, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(StrategyError, match=message) as caught:
        open_strategy("multiworker")
    assert "\n" not in str(caught.value)


def test_absent_tpu_is_named(monkeypatch):
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(StrategyError, match=r"no TPU here: there is no /dev/accel\* .* nor .* TPU_NAME") as caught:
        open_strategy("tpu")
    assert "\n" not in str(caught.value)
    (port,) = free_ports(1)
    with pytest.raises(StrategyError, match=rf"no TPU was found under the name 'grpc://127\.0\.0\.1:{port}'"):
        open_strategy(f"tpu:grpc://127.0.0.1:{port}")


@pytest.mark.tensorflow
def test_name_of_a_tpu_is_looked_up(monkeypatch):
    """As at Google Cloud, where a metadata server would know it."""

    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("TPU_NAME", "my-tpu")
    with pytest.raises(StrategyError, match="no TPU was found under the name 'my-tpu'"):
        open_strategy("tpu")


GENERATION = """
import dataclasses, json
from keras_model.distribution.strategies import open_strategy, scope
strategy = open_strategy("mirrored:2")
import keras, numpy as np, tensorflow as tf
from keras_model.decoding.generator import Generator
from keras_model.model import Dropout
from tests.keras_model.models import ARCHITECTURES, V1_1, make_model, sources

one = Generator(make_model(V1_1))
with scope(strategy):
    model = make_model(V1_1)
two = Generator(model)
for rows in (1, 5, 8):
    ids = sources(rows, 9)
    np.testing.assert_array_equal(two.greedy(ids, 12), one.greedy(ids, 12))
    np.testing.assert_array_equal(two.greedy(ids, 12, prefix=[3]), one.greedy(ids, 12, prefix=[3]))
    np.testing.assert_array_equal(two.sample(ids, 12), one.sample(ids, 12))
    for of_two, of_one in zip(two.beam(ids, 12), one.beam(ids, 12), strict=True):
        np.testing.assert_allclose(of_two, of_one, rtol=1e-5)
    answers = [[3, 1], [4, 5, 1]]
    np.testing.assert_allclose(two.rank(ids, answers), one.rank(ids, answers), rtol=1e-5)
kind, trained = dataclasses.replace(ARCHITECTURES["prefix LM"], dropout_rate=0.0), []
for chosen in (None, strategy):
    with scope(chosen):
        other = make_model(kind)
        other.compile(keras.optimizers.SGD(0.1))
    batch = {"encoder_ids": sources(7, 9), "decoder_ids": sources(7, 6, seed=1)}
    other.fit(tf.data.Dataset.from_tensors((batch, sources(7, 6, seed=2))), shuffle=False, verbose=0)
    trained.append(other.get_weights())
for of_two, of_one in zip(*trained, strict=True):
    np.testing.assert_allclose(of_two, of_one, atol=2e-5)
with scope(strategy):
    dropout = Dropout(V1_1, "dropout", "float32")
masks = strategy.run(lambda: dropout(tf.ones((64, 3, 64)), training=True))
of_replicas = [np.asarray(mask)[:, 0] for mask in strategy.experimental_local_results(masks)]
again = strategy.experimental_local_results(strategy.run(lambda: dropout(tf.ones((64, 3, 64)), training=True)))
of_replicas += [np.asarray(mask)[:, 0] for mask in again]
same = [np.mean((a > 0) == (b > 0)) for i, a in enumerate(of_replicas) for b in of_replicas[:i]]
try:
    open_strategy("mirrored:3")
except ValueError as error:
    print(json.dumps({"compilations": two.compilations, "same": same, "error": str(error)}))
"""


@pytest.mark.tensorflow
def test_two_devices_generate_what_one_does(tensorflow_forks):
    """Greedily, by beam search, sampled and ranked; the dropout masks of the two replicas have nothing in common. A
    decoder alone takes the same step."""
    status, out, err = run(tensorflow_forks, ["-c", GENERATION])
    assert status == 0, err[-3000:]
    found = json.loads(out)
    # Greedy, beam search, sampling and ranking, each once for each device.
    assert found["compilations"] == 8
    # Two independent masks with a rate of 0.1 agree in 82 of 100 places.
    assert all(abs(share - 0.82) < 0.03 for share in found["same"])
    assert "mirrored:3: TensorFlow has started with fewer CPU devices" in found["error"]
