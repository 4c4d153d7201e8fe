"""Runs that train a part of the model: adapters, LoRA, and thawing from the top."""

from __future__ import annotations

import contextlib
import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.adaptation import Adapters, LoRA
from keras_model.checkpoints import load_model, save_model
from keras_model.checkpoints.fingerprint import base_at
from keras_model.checkpoints.weights import weights
from keras_model.t5 import T5
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import AdamW
from keras_model.training_run.fit import fit
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.run_checkpoints import checkpoints_in, open_state
from keras_model.training_run.state import TrainingError
from keras_model.training_run.unfreezing import Unfreezing
from tests.keras_model.training_run.test_training import (  # noqa: F401 (a fixture)
    SETTINGS,
    SMALL,
    At,
    Killed,
    assert_same_weights,
    examples,
    new_model,
    raise_,
)

DEEP = dataclasses.replace(SMALL, num_layers=3, num_decoder_layers=2)
UNEVEN = dataclasses.replace(SMALL, num_layers=2, num_decoder_layers=1)
THAWING = dataclasses.replace(SETTINGS, steps=6, checkpoint_every=3, gradual_unfreezing=True)


@pytest.fixture(scope="module")
def eagerly():
    """What runs without tracing, which takes longer than these runs."""

    @contextlib.contextmanager
    def block():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(T5, "compile", functools.partialmethod(T5.compile, run_eagerly=True))
            yield

    return block


@pytest.fixture
def eager(eagerly):
    with eagerly():
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    save_model(new_model(), folder)
    return folder


def adapted(base, adaptation, seed=1):
    model = load_model(base)
    keras.utils.set_random_seed(seed)
    model.adapt(adaptation)
    model.base = base_at(base, str(base))
    return model


@pytest.mark.parametrize(
    ("adaptation", "changes"),
    [
        (LoRA(2, 4.0, ("q", "v", "wo")), {"optimizer": "adamw", "weight_decay": 0.1, "accumulate": 2}),
        (Adapters(4), {"packing": (24, 12), "batch_size": 3}),
    ],
    ids=["lora", "adapters"],
)
def test_a_killed_run_resumes_and_the_base_stays(tmp_path, examples, base, adaptation, changes, request):  # noqa: F811
    """Bit for bit. Adapters without tracing, LoRA with it."""
    if isinstance(adaptation, Adapters):
        request.getfixturevalue("eager")
    settings = dataclasses.replace(SETTINGS, **changes)
    whole = adapted(base, adaptation)
    result = fit(whole, examples, settings, tmp_path / "whole")
    for weight in weights(whole):
        frozen = not (isinstance(adaptation, Adapters) and weight.name.endswith("norm.weight"))
        same = np.array_equal(weight.variable, before(base)[weight.name])
        assert same == frozen, weight.name
    assert all(variable.shape != whole.token_embedding.embedding.shape for variable in whole.optimizer.variables)
    new = [path.name for path in result.model.iterdir()]
    assert sorted(new) == ["adapter_config.json", "adapter_model.safetensors", "base.json"]

    with pytest.raises(Killed):
        fit(adapted(base, adaptation), examples, settings, tmp_path / "killed", callbacks=[At(6, raise_(Killed()))])
    resumed = adapted(base, adaptation, seed=99)
    assert fit(resumed, examples, settings, tmp_path / "killed").first_step == 4
    assert_same_weights(resumed, whole)
    for folder in (result.model, tmp_path / "killed/checkpoints/step-00000012"):
        inputs = {"encoder_ids": np.array([[5, 7, 1]]), "decoder_ids": np.array([[0, 5]])}
        np.testing.assert_allclose(load_model(folder)(inputs), whole(inputs), rtol=1e-4, atol=1e-5)
    other = dataclasses.replace(adaptation, **({"rank": 3} if isinstance(adaptation, LoRA) else {"size": 5}))
    with pytest.raises(TrainingError, match=r"method (rank|size) was \d, now \d"):
        fit(adapted(base, other), examples, dataclasses.replace(settings, steps=20), tmp_path / "whole")


def before(base):
    return {weight.name: np.asarray(weight.variable) for weight in weights(load_model(base))}


def test_what_needs_a_base_is_refused_without(tmp_path, examples):  # noqa: F811
    model = new_model()
    model.enable_lora(2)
    with pytest.raises(ValueError, match=r"what lora trains is written beside a base: set model\.base"):
        fit(model, examples, SETTINGS, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("steps", "per_execution", "starts"),
    [(12, 1, [0, 4, 8]), (10, 1, [0, 3, 6]), (12, 4, [0, 4, 8]), (8, 4, [0, 0, 4])],
)
def test_episodes_are_equal_parts_of_the_steps(steps, per_execution, starts):
    """Section 3.5.1: as many episodes as layers; encoder and decoder in parallel; the embedding throughout."""
    settings = TrainSettings(
        steps=steps, gradual_unfreezing=True, steps_per_execution=per_execution,
        checkpoint_every=steps, log_every=steps,
    )  # fmt: skip
    model = new_model(config=DEEP)
    unfreezing = Unfreezing(model, settings)
    assert unfreezing.starts == starts
    for step in range(0, steps, per_execution):
        unfreezing.enter(step)
        thawed = sum(start <= step for start in starts)
        for stack in (model.encoder, model.decoder):
            count = len(stack.blocks)
            trained = [bool(block.trainable_weights) for block in stack.blocks]
            assert trained == [number >= count - thawed for number in range(count)]
            assert stack.final_norm.scale.trainable
            assert stack.position_biases[0].table.trainable == trained[0]
        assert model.token_embedding.embedding.trainable
        assert unfreezing.end(step) == min([start for start in starts if start > step], default=steps)
    unfreezing.leave()
    assert len(model.trainable_weights) == len(model.weights)


@pytest.fixture(scope="module")
def thawed(tmp_path_factory, examples, eagerly):  # noqa: F811
    """A whole run of thawing, by its optimizer; and after which steps which of the encoder's blocks had moved."""

    @functools.cache
    def run(optimizer):
        model, start, moved = new_model(config=UNEVEN), new_model(config=UNEVEN), []

        def look():
            pairs = zip(model.encoder.blocks, start.encoder.blocks, strict=True)
            moved.append([not np.array_equal(a.feed_forward.wo, b.feed_forward.wo) for a, b in pairs])

        folder = tmp_path_factory.mktemp(optimizer)
        with eagerly():
            fit(model, examples, thawing(optimizer), folder, callbacks=[At(step, look) for step in (3, 6)])
        return folder, model, moved

    return run


def thawing(optimizer, **changes):
    decay = 0.1 if optimizer == "adamw" else 0.0
    return dataclasses.replace(THAWING, optimizer=optimizer, weight_decay=decay, **changes)


class AsEpisodeBegins(keras.callbacks.Callback):
    """Ctrl-C after the second episode's blocks were unfrozen and before their first step."""

    begun = 0

    def on_train_begin(self, logs=None):
        self.begun += 1
        if self.begun == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("optimizer", "every", "stop", "saved"),
    [
        ("adamw", 3, At(5, raise_(Killed())), 3),
        ("adafactor", 2, At(5, raise_(Killed())), 4),
        ("adafactor", 5, AsEpisodeBegins(), 3),
    ],
    ids=["from the end of an episode", "from inside one", "as one begins"],
)
@pytest.mark.usefixtures("eager")
def test_thawing_resumes_to_the_same_weights(tmp_path, examples, thawed, optimizer, every, stop, saved):  # noqa: F811
    settings = thawing(optimizer, checkpoint_every=every)
    with pytest.raises((Killed, KeyboardInterrupt)):
        fit(new_model(config=UNEVEN), examples, settings, tmp_path, callbacks=[stop])
    resumed = new_model(seed=99, config=UNEVEN)
    assert fit(resumed, examples, settings, tmp_path).first_step == saved
    assert_same_weights(resumed, thawed(optimizer)[1])


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
@pytest.mark.usefixtures("eager")
def test_blocks_below_stay_bit_for_bit_until_their_episode(examples, thawed, optimizer):  # noqa: F811
    folder, model, moved = thawed(optimizer)
    assert moved == [[False, True], [True, True]]
    state = {path.name: open_state(path).keys() for path in checkpoints_in(folder / "checkpoints")}
    sizes = [sum(name.startswith("optimizer") for name in names) for names in state.values()]
    of_each = 2 if optimizer == "adamw" else 1
    lowest = len(model.encoder.blocks[0].weights) + len(model.encoder.position_biases[0].weights)
    assert sizes[1] - sizes[0] == of_each * lowest  # after 3 and 6 steps; the decoder has one block
    with pytest.raises(TrainingError, match="steps was 6, now 20"):
        fit(new_model(config=UNEVEN), examples, thawing(optimizer, steps=20), folder)


@pytest.mark.parametrize("kind", [Adafactor, AdamW])
def test_a_variable_that_comes_later_is_optimised_as_from_its_own_first_step(kind):
    """Against an optimizer that never saw the steps before."""
    gradients = [np.random.default_rng(step).normal(size=(2, 130, 128)).astype(np.float32) for step in range(7)]
    first, late, alone = (keras.Variable(np.full((130, 128), 0.5, np.float32)) for _ in range(3))
    before, grown, fresh = kind(0.01), kind(0.01), kind(0.01)
    before.build([first])
    for gradient in gradients[:3]:
        before.apply([tf.constant(gradient[0])])
    grown.build([late, first])
    grown.take_over(before)
    grown.began = [3, 0]
    fresh.build([alone])
    for gradient in gradients[3:]:
        grown.apply([tf.constant(gradient[1]), tf.constant(gradient[0])])
        fresh.apply([tf.constant(gradient[1])])
    np.testing.assert_allclose(late, alone, rtol=1e-5)

    never_stopped, same = kind(0.01), keras.Variable(np.full((130, 128), 0.5, np.float32))
    never_stopped.build([same])
    for gradient in gradients:
        never_stopped.apply([tf.constant(gradient[0])])
    np.testing.assert_allclose(first, same, rtol=1e-6)
