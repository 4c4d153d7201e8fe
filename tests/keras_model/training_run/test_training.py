"""Training runs: they learn, save, stop, resume to the same weights, and refuse what cannot be right."""

import dataclasses
import errno
import json
import shutil
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_model.model
from keras_model.config import T5Config
from keras_model.data import batches
from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import Examples, batch_dataset, make_batch
from keras_model.t5 import T5, load_model
from keras_model.training.adafactor import Adafactor
from keras_model.training.dense_gradients import AdamW
from keras_model.training.device_logs import DeviceLogs
from keras_model.training_run.fit import TrainResult, compile_model, fit, make_optimizer, make_plan
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.run_checkpoints import best_checkpoints, best_steps, checkpoints_in, newest_checkpoint
from keras_model.training_run.state import TrainingError, restore, seed_dropout
from keras_model.training_run.step_callback import NonFiniteLossError

SMALL = T5Config(vocab_size=24, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1)
SETTINGS = TrainSettings(steps=12, batch_size=8, learning_rate=0.01, checkpoint_every=4, log_every=3)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    sources = [[*rng.integers(3, 24, size=n).tolist(), 1] for n in rng.integers(1, 9, size=45)]
    return Examples.from_sequences(sources, [[source[0], 1] for source in sources])


def new_model(seed=1, config=SMALL):
    keras.utils.set_random_seed(seed)
    return T5(config)


class At(keras.callbacks.Callback):
    """Does something after one step."""

    def __init__(self, step, action):
        super().__init__()
        self.step, self.action = step, action

    def on_train_batch_end(self, batch, logs=None):
        if logs["step"] == self.step:
            self.action()


class Killed(Exception):
    pass


def raise_(error):
    def action():
        raise error

    return action


def assert_same_weights(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def greedy(model, sources, length):
    """Greedy answers by calling the whole model once per token."""
    width = max(len(source) for source in sources)
    encoder_ids = np.array([source + [0] * (width - len(source)) for source in sources])
    ids = np.zeros((len(sources), 1), np.int32)
    for _ in range(length):
        logits = model({"encoder_ids": encoder_ids, "decoder_ids": ids})
        ids = np.concatenate([ids, np.argmax(logits[:, -1:], axis=-1)], axis=1)
    return ids[:, 1:].tolist()


@pytest.mark.parametrize(
    "family", [{}, {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}], ids=["v1.0", "v1.1"]
)
def test_learns_to_answer(tmp_path, family):
    """The answer is the smaller of two numbers, written twice: it takes attention to both, and to what was written."""
    config = T5Config(
        vocab_size=16, d_model=32, d_kv=16, d_ff=64, num_heads=2, num_layers=1, dropout_rate=0.0, **family
    )
    sources = [[a, b, 1] for a in range(3, 16) for b in range(3, 16)]
    targets = [[min(source[:2])] * 2 + [1] for source in sources]
    losses = []
    settings = TrainSettings(steps=300, batch_size=32, learning_rate=0.02, log_every=50)
    model = new_model(config=config)
    log_loss = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    result = fit(model, Examples.from_sequences(sources, targets), settings, tmp_path, callbacks=[log_loss])
    assert losses[0] > 2.0
    assert result.loss == losses[-1] < 0.1
    right = np.mean([answer == target for answer, target in zip(greedy(model, sources, 3), targets, strict=True)])
    assert right > 0.95
    assert greedy(load_model(result.model), sources, 3) == greedy(model, sources, 3)


@dataclasses.dataclass
class Run:
    folder: Path
    model: T5
    result: TrainResult
    logs: list


@pytest.fixture(scope="module")
def whole(tmp_path_factory, examples):
    """A run of 12 steps without a stop; two epochs of 6 batches, the last one not full."""
    folder, model, seen = tmp_path_factory.mktemp("whole"), new_model(), []
    collect = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
    result = fit(model, examples, SETTINGS, folder, validate=score_of, callbacks=[collect])
    return Run(folder, model, result, seen)


@pytest.fixture
def finished(whole, tmp_path):
    """A copy of that run's folder."""
    return shutil.copytree(whole.folder, tmp_path / "finished")


def score_of(step, model):
    return {"glue/rte/accuracy": 10.0 * step}


@pytest.mark.parametrize("killed_at", [5, 11])
def test_killed_run_resumes_to_the_same_weights(tmp_path, examples, whole, killed_at):
    """Dropout included; the batch order too, across the end of an epoch."""
    kill = At(killed_at, raise_(Killed()))
    with pytest.raises(Killed):
        fit(new_model(), examples, SETTINGS, tmp_path, validate=score_of, callbacks=[kill])
    saved = killed_at // 4 * 4
    assert newest_checkpoint(tmp_path / "checkpoints").name == f"step-{saved:08d}"
    remains = tmp_path / "checkpoints" / ".writing-99.tmp"
    remains.mkdir()
    resumed = new_model(seed=99)  # its own weights must not matter
    result = fit(resumed, examples, SETTINGS, tmp_path, validate=score_of)
    assert (result.first_step, result.steps) == (saved, 12)
    assert result.loss == whole.result.loss
    assert result.tokens == whole.result.tokens
    assert result.scores == whole.result.scores == {step: {"glue/rte/accuracy": 10.0 * step} for step in (4, 8, 12)}
    assert_same_weights(resumed, whole.model)
    assert not remains.exists()


def test_every_option_resumes_to_the_same_weights(tmp_path, examples):
    """A schedule that changes with the steps, AdamW, parts, clipping, both additions to the loss, and bfloat16."""
    settings = dataclasses.replace(
        SETTINGS, optimizer="adamw", weight_decay=0.1, schedule="linear", warmup_steps=3, clip_norm=0.5,
        accumulate=3, z_loss=1e-4, label_smoothing=0.1, dtype="mixed_bfloat16",
    )  # fmt: skip

    def train(folder, **options):
        keras.utils.set_random_seed(1)
        model, rates = T5(SMALL, dtype="mixed_bfloat16"), []
        see_rate = At(8, lambda: rates.append(float(model.optimizer.learning_rate)))
        fit(model, examples, settings, folder, callbacks=[see_rate, *options.get("callbacks", ())])
        assert rates in ([], [pytest.approx(0.01 * (12 - 8) / (12 - 3))])
        return model

    whole = train(tmp_path / "whole")
    with pytest.raises(Killed):
        train(tmp_path / "killed", callbacks=[At(5, raise_(Killed()))])
    assert_same_weights(train(tmp_path / "killed"), whole)
    with pytest.raises(TrainingError, match="steps was 12, now 20"):  # where the rate reaches 0
        fit(whole, examples, dataclasses.replace(settings, steps=20), tmp_path / "whole")
    with pytest.raises(ValueError, match=r"settings say dtype='float32', but the model computes in 'mixed_bfloat16'"):
        fit(whole, examples, SETTINGS, tmp_path / "other")


@pytest.mark.parametrize(
    ("options", "kind", "rates"),
    [
        ({}, Adafactor, {0: 1e-3, 10**6: 1e-3}),
        (
            {"schedule": "inverse_square_root", "learning_rate": 0.01},
            Adafactor,
            {0: 0.01, 9999: 0.01, 40_000: 0.005, 10**6: 1e-3},
        ),
        (
            {"schedule": "linear", "warmup_steps": 100, "optimizer": "adamw", "weight_decay": 0.1},
            AdamW,
            {0: 0.0, 50: 5e-4, 100: 1e-3, 550: 5e-4, 1000: 0.0},
        ),
    ],
    ids=["constant", "inverse_square_root", "linear"],
)
def test_optimizer_and_schedule_of_the_settings(options, kind, rates):
    optimizer = make_optimizer(TrainSettings(steps=1000, clip_norm=2.0, **options))
    assert type(optimizer) is kind
    assert optimizer.global_clipnorm == 2.0
    assert optimizer.weight_decay == options.get("weight_decay")
    optimizer.build([keras.Variable(0.0)])
    for step, rate in rates.items():
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(rate, abs=1e-9), step


def test_a_batch_of_a_given_shape_takes_the_step_of_one_without_padding(examples):
    config = T5Config.from_dict({**SMALL.to_dict(), "dropout_rate": 0.0})
    plan = make_plan(examples, dataclasses.replace(SETTINGS, shapes=2))
    models = [new_model(config=config) for _ in range(2)]
    for model in models:
        compile_model(model, SETTINGS)
    padded = 0
    for step in range(4):
        wide, close = plan.batch(examples, step), make_batch(examples, plan.rows(step), 8)
        losses = [m.train_on_batch(b.inputs, b.labels) for m, b in zip(models, (wide, close), strict=True)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-6)
        padded += wide.encoder_ids.size - close.encoder_ids.size + wide.labels.size - close.labels.size
    assert padded > 0
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


@pytest.mark.parametrize("begun", [True, False], ids=["where each is compiled", "where none is"])
def test_a_run_keeps_the_shapes_that_it_was_begun_with(tmp_path, examples, monkeypatch, begun):
    """Wherever it goes on, so that the batches stay the same."""
    settings, said = dataclasses.replace(SETTINGS, shapes=12 if begun else None), []
    other = fit(whole := new_model(), examples, settings, tmp_path / "whole")
    monkeypatch.setattr("keras_model.training_run.fit.compiles_shapes", lambda strategy: begun)
    with pytest.raises(Killed):
        fit(new_model(), examples, SETTINGS, tmp_path / "run", callbacks=[At(5, raise_(Killed()))], say=said.append)
    monkeypatch.setattr("keras_model.training_run.fit.compiles_shapes", lambda strategy: not begun)
    resumed = new_model(seed=99)
    assert fit(resumed, examples, SETTINGS, tmp_path / "run", say=said.append).loss == other.loss
    assert_same_weights(resumed, whole)
    start = "at most 2 shapes of batches to compile, source + target tokens: " if begun else "this run was begun where"
    assert len(said) == 1
    assert said[0].startswith(start)


def test_batches_by_tokens_resume_to_the_same_weights(tmp_path, examples):
    settings = dataclasses.replace(SETTINGS, batch_tokens=60)
    result = fit(whole := new_model(), examples, settings, tmp_path / "whole")
    assert result.filling.source_places + result.filling.target_places <= 12 * 60
    with pytest.raises(Killed):
        fit(new_model(), examples, settings, tmp_path / "run", callbacks=[At(5, raise_(Killed()))])
    fit(resumed := new_model(seed=99), examples, settings, tmp_path / "run")
    assert_same_weights(resumed, whole)
    with pytest.raises(TrainingError, match="batch_tokens was 60, now 90"):
        fit(resumed, examples, dataclasses.replace(settings, batch_tokens=90), tmp_path / "run")
    with pytest.raises(ValueError, match="batch_tokens is for padded batches"):
        dataclasses.replace(settings, packing=(8, 8))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("no reference file")], ids=["Ctrl-C", "fault"])
def test_interrupted_validation_costs_no_steps(tmp_path, examples, whole, error):
    """The steps up to it are saved, and the resumed run makes up for the validation."""
    settings, validated = dataclasses.replace(SETTINGS, validate_every=7), []

    def validate(step, model):
        validated.append(step)
        if validated == [7]:
            raise error
        return {"score": float(step)}

    with pytest.raises(type(error)):
        fit(new_model(), examples, settings, tmp_path, validate=validate)
    assert newest_checkpoint(tmp_path / "checkpoints").name == "step-00000007"
    resumed = new_model(seed=99)
    result = fit(resumed, examples, settings, tmp_path, validate=validate)
    assert result.first_step == 7
    assert result.scores == {7: {"score": 7.0}, 12: {"score": 12.0}}
    assert validated == [7, 7, 12]
    assert_same_weights(resumed, whole.model)


def test_finished_run_can_be_asked_for_again_and_for_more(tmp_path, examples, whole):
    model, shorter = new_model(), dataclasses.replace(SETTINGS, steps=10)
    fit(model, examples, shorter, tmp_path)
    again = new_model(seed=99)
    result = fit(again, examples, shorter, tmp_path)
    assert (result.first_step, result.loss, result.filling.tokens) == (10, None, 0)
    assert_same_weights(model, again)
    assert fit(again, examples, SETTINGS, tmp_path).first_step == 10
    assert_same_weights(again, whole.model)
    with pytest.raises(TrainingError, match="further than the 10 steps"):
        fit(again, examples, shorter, tmp_path)


def test_dropout_and_order_follow_the_seed(tmp_path, examples, whole):
    other = new_model()
    fit(other, examples, dataclasses.replace(SETTINGS, seed=1), tmp_path)
    assert any((a != b).any() for a, b in zip(other.get_weights(), whole.model.get_weights(), strict=True))


def test_every_dropout_layer_has_its_own_seed():
    model = new_model()
    compile_model(model, SETTINGS)
    seed_dropout(model, 0)
    states = [np.asarray(state).tolist() for state in model.non_trainable_variables]
    assert {count for _, count in states} == {0}
    assert len({seed for seed, _ in states}) == len(states) > 5


def test_keeps_the_newest_checkpoints_each_a_whole_model(tmp_path, examples, whole):
    every = [path.name for path in checkpoints_in(whole.folder / "checkpoints")]
    assert every == ["step-00000004", "step-00000008", "step-00000012"]
    assert_same_weights(load_model(whole.folder / "checkpoints" / every[-1]), whole.model)
    assert_same_weights(load_model(whole.result.model), whole.model)
    earlier = load_model(whole.folder / "checkpoints" / every[0]).get_weights()
    assert any((a != b).any() for a, b in zip(earlier, whole.model.get_weights(), strict=True))
    fit(new_model(), examples, dataclasses.replace(SETTINGS, keep=2, checkpoint_every=2, steps=7), tmp_path)
    left = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert left == ["step-00000006", "step-00000007"]


def test_keeps_the_best_checkpoint_of_each_score(tmp_path, examples):
    """Written when it is the best, between two that are due too, and kept until a better one comes."""
    rte = {2: 50.0, 4: 70.0, 6: 60.0, 8: 70.0, 10: 60.0, 12: 65.0}
    cola = {2: 0.0, 4: -5.0, 6: 10.0, 8: 5.0, 10: 20.0, 12: 1.0}
    settings = dataclasses.replace(SETTINGS, checkpoint_every=5, validate_every=2, keep=1)
    result = fit(
        new_model(), examples, settings, tmp_path, validate=lambda step, _: {"rte": rte[step], "cola": cola[step]}
    )
    checkpoints = tmp_path / "checkpoints"
    assert [path.name for path in checkpoints_in(checkpoints)] == [f"step-{step:08d}" for step in (4, 10, 12)]
    expected = {"rte": checkpoints / "step-00000004", "cola": checkpoints / "step-00000010"}
    assert result.best == best_checkpoints(checkpoints) == expected
    assert best_checkpoints(tmp_path / "none") == {}


def test_a_score_that_is_no_number_is_never_the_best(tmp_path, examples):
    """NaN compares as not lower, so that the first one used to stay the best for ever."""
    nan = float("nan")
    rte = {4: nan, 8: 40.0, 12: 30.0}
    result = fit(
        new_model(), examples, SETTINGS, tmp_path, validate=lambda step, _: {"rte": rte[step], "undefined": nan}
    )
    assert result.best == {"rte": tmp_path / "checkpoints" / "step-00000008"}
    assert best_steps({1: {"rte": 1.0}, 2: {"rte": nan}, 3: {"rte": 2.0}}) == {"rte": 3}
    # Of a loss less is better, and a task may be called so.
    losses = {1: {"text loss": 3.0, "own/loss": 3.0}, 2: {"text loss": 2.0, "own/loss": 2.0}, 3: {"text loss": nan}}
    assert best_steps(losses) == {"text loss": 2, "own/loss": 1}


def test_frozen_layers_stay_as_they_are_and_the_run_resumes(tmp_path, examples):
    def half_frozen():
        model = new_model()
        model.encoder.trainable = False
        return model

    start = half_frozen().encoder.get_weights()
    whole = half_frozen()
    fit(whole, examples, SETTINGS, tmp_path / "whole")
    for before, after in zip(start, whole.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    trained = zip(new_model().decoder.get_weights(), whole.decoder.get_weights(), strict=True)
    assert any((before != after).any() for before, after in trained)

    with pytest.raises(Killed):
        fit(half_frozen(), examples, SETTINGS, tmp_path / "killed", callbacks=[At(6, raise_(Killed()))])
    resumed = half_frozen()
    assert fit(resumed, examples, SETTINGS, tmp_path / "killed").first_step == 4
    assert_same_weights(resumed, whole)

    with pytest.raises(TrainingError, match=r"frozen was \['encoder"):
        fit(new_model(), examples, dataclasses.replace(SETTINGS, steps=20), tmp_path / "whole")


def test_a_model_that_is_frozen_as_a_whole_is_refused(tmp_path, examples):
    model = new_model()
    model.trainable = False
    with pytest.raises(ValueError, match="every weight of the model is frozen"):
        fit(model, examples, SETTINGS, tmp_path)


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("foreign", [24, -3])
def test_an_id_that_the_model_has_not_is_found_before_the_first_step(tmp_path, side, foreign):
    sides = {"source": [[3, 1], [4, 5, 1]], "target": [[3, 1], [4, 1]]}
    sides[side][1][0] = foreign
    examples = Examples.from_sequences(sides["source"], sides["target"])
    with pytest.raises(ValueError, match=rf"The {side} of example 1 holds id {foreign}, .* the 24 ids"):
        fit(new_model(), examples, SETTINGS, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_weights_of_few_digits_are_warned_of():
    """With a pure bfloat16 policy a model trained to 2.78 that reaches 0.11 in float32."""
    with pytest.warns(UserWarning, match=r'the weights are bfloat16.*dtype="mixed_bfloat16"'):
        T5(SMALL, dtype="bfloat16").compile(AdamW())
    for sound in ("float32", "mixed_bfloat16"):
        T5(SMALL, dtype=sound).compile(AdamW())  # warnings are errors here
    T5(SMALL, dtype="bfloat16").compile()  # Adafactor rounds at random
    with pytest.raises(ValueError, match="bfloat16 weights have too few digits for optimizer=adamw's updates"):
        dataclasses.replace(SETTINGS, dtype="bfloat16", optimizer="adamw")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 5}, "seed was 0, now 5"),
        ({"batch_size": 4, "learning_rate": 0.02}, r"batch_size was 8, now 4; learning_rate was 0\.01, now 0\.02"),
    ],
)
def test_resuming_with_other_settings_is_refused(finished, examples, change, message):
    with pytest.raises(TrainingError, match=message):
        fit(new_model(), examples, dataclasses.replace(SETTINGS, steps=20, **change), finished)


def test_resuming_with_other_data_or_model_is_refused(finished, examples):
    with pytest.raises(TrainingError, match="data was"):
        fit(new_model(), Examples.concatenate([examples, examples]), SETTINGS, finished)
    with pytest.raises(TrainingError, match=r"d_ff was \d+, now 16"):
        fit(new_model(config=dataclasses.replace(SMALL, d_ff=16)), examples, SETTINGS, finished)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feed_forward_proj", "silu"),
        ("layer_norm_epsilon", 1e-3),
        ("relative_attention_max_distance", 64),
        ("dropout_rate", 0.3),
    ],
)
def test_resuming_with_a_model_that_computes_otherwise_is_refused(finished, examples, name, value):
    other = new_model(config=dataclasses.replace(SMALL, **{name: value}))
    with pytest.raises(TrainingError, match=f"{name} was .*, now {value}"):
        fit(other, examples, dataclasses.replace(SETTINGS, steps=20), finished)


def test_what_a_run_was_begun_with_is_compared_where_it_is_recorded(tmp_path, examples, finished):
    settings, once = (
        dataclasses.replace(SETTINGS, steps=4),
        {"starting checkpoint": "a", "validation": {"t": {"of": 3}}},
    )
    fit(new_model(), examples, settings, tmp_path, begun_with=once)
    fit(new_model(), examples, settings, tmp_path, begun_with=once)
    for other, message in (
        ({**once, "starting checkpoint": "b"}, "starting checkpoint was a, now b"),
        ({**once, "validation": {"t": {"of": 4}}}, "validation t of was 3, now 4"),
        ({**once, "validation": {}}, "validation t was .*, now None"),
    ):
        with pytest.raises(TrainingError, match=message):
            fit(new_model(), examples, settings, tmp_path, begun_with=other)
    fit(new_model(), examples, SETTINGS, finished, begun_with=once)  # made before anything of it was recorded


def test_damaged_checkpoint_is_named(finished, examples):
    state = finished / "checkpoints" / "step-00000012" / "training_state.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"step-00000012.*cannot be read .* Remove .*step-00000012 to resume"):
        fit(new_model(), examples, SETTINGS, finished)


def test_optimizer_state_of_another_optimizer_is_refused(finished):
    model = new_model()
    model.compile(keras.optimizers.SGD())
    model.optimizer.build(model.trainable_variables)
    with pytest.raises(TrainingError, match=r"has shape .* made with another optimizer"):
        restore(newest_checkpoint(finished / "checkpoints"), model)


def test_loss_that_is_not_finite_stops_the_run(tmp_path, examples):
    model = new_model()
    wreck = At(6, lambda: model.encoder.final_norm.scale.assign(np.full(16, np.nan)))
    with pytest.raises(NonFiniteLossError, match=r"step 7 is nan.* last good checkpoint is .*step-00000004") as caught:
        fit(model, examples, SETTINGS, tmp_path, callbacks=[wreck])
    assert caught.value.step == 7
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 8, bucket_width=4)
    np.testing.assert_array_equal(caught.value.examples, plan.rows(6))


def test_gradient_that_is_not_finite_stops_the_run(tmp_path, examples, monkeypatch):
    """The loss of that step is a number still; the weights after it would be none."""

    def wreck():  # of all variables together; float32 overflows where each square is a number
        found = DeviceLogs.unread
        monkeypatch.setattr(
            DeviceLogs, "unread", lambda logs, name: np.inf if name == "gradient_norm" else found(logs, name)
        )

    with pytest.raises(NonFiniteLossError, match=r"The gradient's norm of step 7 is inf\. .*step-00000004"):
        fit(new_model(), examples, SETTINGS, tmp_path, callbacks=[At(6, wreck)])


def test_weights_that_are_not_finite_are_never_saved(tmp_path, examples):
    def validate(step, model):  # runs between the step and the checkpoint
        if step == 8:
            model.decoder.final_norm.scale.assign(np.full(16, np.inf))
        return {}

    with pytest.raises(TrainingError, match=r"After step 8 the weight .*scale is no longer .*step-00000004\."):
        fit(new_model(), examples, SETTINGS, tmp_path, validate=validate)


def test_full_disk_loses_nothing(tmp_path, examples, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    fill = At(5, lambda: monkeypatch.setattr("safetensors.numpy.save_file", full))
    with pytest.raises(OSError, match="No space left"):
        fit(new_model(), examples, dataclasses.replace(SETTINGS, keep=1), tmp_path, callbacks=[fill])
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000004"]


def test_callbacks_and_tensorboard_see_the_run(whole, examples):
    from tensorflow.core.util import event_pb2

    assert [logs["step"] for logs in whole.logs] == list(range(1, 13))
    assert all(logs["loss"] > 0 and logs["tokens_per_second"] > 0 for logs in whole.logs)
    assert all(0 <= logs["waiting"] < 1 for logs in whole.logs)
    logged = {}
    for file in (whole.folder / "logs").glob("events.out.tfevents.*"):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                logged.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    lines = [json.loads(line) for line in (whole.folder / "logs" / "scalars.jsonl").read_text().splitlines()]
    written = [(name, line["step"], value) for line in lines for name, value in line.items() if name != "step"]
    told = [(name, step, value) for name, values in logged.items() for step, value in values.items()]
    assert sorted((name, step, float(np.float32(value))) for name, step, value in written) == sorted(told)
    assert logged["loss"] == {step: pytest.approx(whole.logs[step - 1]["loss"]) for step in (3, 6, 9, 12)}
    norms = {step: pytest.approx(whole.logs[step - 1]["gradient_norm"]) for step in (3, 6, 9, 12)}
    assert logged["gradient_norm"] == norms
    assert logged["validation/glue/rte/accuracy"] == {4: 40.0, 8: 80.0, 12: 120.0}
    assert list(logged["learning_rate"].values()) == pytest.approx([0.01] * 4)
    assert whole.result.loss == pytest.approx(logged["loss"][12])
    # Two epochs: every token of every example twice.
    assert whole.result.filling.tokens == 2 * (examples.sources.lengths.sum() + examples.targets.lengths.sum())
    assert whole.result.tokens == whole.result.filling.tokens == logged["tokens"][12] == whole.logs[-1]["tokens"]
    assert [logs["learning_rate"] for logs in whole.logs] == pytest.approx([0.01] * 12)


def test_time_waiting_for_data_is_told(tmp_path, examples, monkeypatch):
    """Batches that take much longer than the steps."""
    lay_out = batches.laid_out

    def slow(*args, **options):
        time.sleep(0.5)
        return lay_out(*args, **options)

    monkeypatch.setattr(batches, "laid_out", slow)
    monkeypatch.setattr(batches, "STRETCH_BATCHES", 1)
    seen = []
    collect = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["waiting"]))
    fit(new_model(), examples, dataclasses.replace(SETTINGS, log_every=6), tmp_path, callbacks=[collect])
    assert all(0 <= share <= 1 for share in seen)
    assert seen[-1] > 0.5


def test_lookups_train_like_one_hot_products(examples, monkeypatch):
    """Every variable, after Adafactor steps over batches full of repeated ids (SGD would hide rows not summed)."""
    config = dataclasses.replace(SMALL, dropout_rate=0.0, tie_word_embeddings=False)
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 8)

    def train():
        model = new_model(config=config)
        compile_model(model, TrainSettings(steps=4, learning_rate=0.05))
        model.fit(batch_dataset(examples, plan), steps_per_epoch=4, verbose=0, shuffle=False)
        return model

    looked_up = train()
    monkeypatch.setattr(keras_model.model, "lookup", lambda table, ids: tf.one_hot(ids, config.vocab_size) @ table)
    for variable, reference in zip(looked_up.trainable_variables, train().trainable_variables, strict=True):
        np.testing.assert_allclose(variable, reference, atol=2e-5, err_msg=variable.path)


def test_one_trace_serves_every_length(examples):
    traces = []

    class Counting(T5):
        def call(self, inputs, **options):
            traces.append(inputs["encoder_ids"].shape)
            return super().call(inputs, **options)

    keras.utils.set_random_seed(0)
    model = Counting(SMALL)
    compile_model(model, TrainSettings(steps=12))
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 8, bucket_width=1)
    assert len({int(examples.sources.lengths[plan.rows(step)].max()) for step in range(12)}) > 3
    model.fit(batch_dataset(examples, plan), steps_per_epoch=12, verbose=0, shuffle=False)
    assert len(traces) == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": 1, "keep": 0}, "keep must be at least 1"),
        ({"steps": 1, "validate_every": 0}, "validate_every must be at least 1"),
        ({"steps": 1, "seed": -1}, "seed must not be negative"),
        ({"steps": 1, "learning_rate": 0.0}, "learning_rate must be positive"),
        ({"steps": 1, "clip_norm": 0.0}, "clip_norm must be positive"),
        ({"steps": 1, "accumulate": 0}, "accumulate must be at least 1"),
        ({"steps": 1, "z_loss": -1.0}, "z_loss must not be negative"),
        ({"steps": 1, "label_smoothing": 1.0}, r"label_smoothing must lie in \[0, 1\)"),
        ({"steps": 1, "optimizer": "sgd"}, "optimizer must be one of adafactor, adamw"),
        ({"steps": 1, "schedule": "cosine"}, "schedule must be one of constant, inverse_square_root, linear"),
        ({"steps": 1, "dtype": "float16"}, "dtype must be one of float32, mixed_bfloat16"),
        ({"steps": 1, "weight_decay": 0.1}, "weight_decay is for optimizer=adamw"),
        ({"steps": 9, "schedule": "linear", "warmup_steps": 9}, "linear schedule needs warmup_steps below steps"),
        ({"steps": 9, "schedule": "inverse_square_root", "warmup_steps": 0}, "warmup_steps of at least 1"),
        ({"steps": 1, "learning_rate": float("nan")}, "learning_rate must be positive"),
    ],
)
def test_settings_out_of_range(bad, message):
    with pytest.raises(ValueError, match=message):
        TrainSettings(**bad)
