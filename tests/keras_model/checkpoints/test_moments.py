"""Adafactor's moments in checkpoints of T5 and T5X: each belongs to the side of the matrix that its program says."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model.checkpoints import CheckpointError, open_checkpoint
from keras_model.checkpoints.moments import assign_moments
from keras_model.checkpoints.opening import filled
from keras_model.checkpoints.weights import weights
from keras_model.config import T5Config
from keras_model.data.batches import Examples
from keras_model.t5 import T5
from keras_model.training.adafactor import Adafactor
from keras_model.training_run.fit import fit
from keras_model.training_run.fit_settings import TrainSettings
from keras_model.training_run.state import TrainingError
from tests.keras_model.foreign_checkpoints import flax_bytes, mesh_variables, nested, t5x_parameters

# Square matrices in attention, others tall or wide, the embedding taller than wide, the bias too small to be factored.
V1_0 = T5Config(vocab_size=200, d_model=128, d_kv=64, d_ff=256, num_heads=2, num_layers=1, dropout_rate=0.0)
V1_1 = dataclasses.replace(
    V1_0, feed_forward_proj="gated-gelu", tie_word_embeddings=False, scale_decoder_outputs=False
)  # fmt: skip
STEP = 1000


def random_tensors(config, seed):
    """Positive numbers of many sizes, as a checkpoint's tensors under Hugging Face's names."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    return {
        weight.name: rng.gamma(0.5, size=weight.to_stored().shape).astype(np.float32) for weight in weights(T5(config))
    }


def mesh_slots(name, square):
    """As `mesh_tensorflow/optimize.py` factors: over the two largest dimensions, of equal ones the first first."""
    sizes = sorted(range(square.ndim), key=lambda axis: -square.shape[axis])
    if square.ndim < 2 or square.shape[sizes[1]] < 128:
        return {f"{name}_slot_v": square}
    return {f"{name}_slot_vr": square.mean(sizes[0]), f"{name}_slot_vc": square.mean(sizes[1])}


def t5x_slots(name, square):
    """As `t5x/adafactor.py` factors: by numpy.argsort; what is not used has a place of one number."""
    slots = {slot: np.zeros(1, np.float32) for slot in ("v_row", "v_col", "v", "m")}
    order = np.argsort(square.shape, kind="stable")
    if square.ndim < 2 or square.shape[order[-2]] < 128:
        slots["v"] = square
    else:
        slots |= {"v_row": square.mean(order[-1]), "v_col": square.mean(order[-2])}
    return {f"{name}/{slot}": value for slot, value in slots.items()}


def write_mesh(folder, tensors, squares):
    values = {**mesh_variables(tensors), "global_step": np.int64(STEP)}
    for name, square in mesh_variables(squares).items():
        values |= mesh_slots(name, square)
    folder.mkdir()
    tf.raw_ops.SaveV2(
        prefix=str(folder / "model.ckpt-1000"), tensor_names=list(values), shape_and_slices=[""] * len(values),
        tensors=[tf.constant(value) for value in values.values()],
    )  # fmt: skip
    return folder


def t5x_tree(squares):
    states = {}
    for name, square in t5x_parameters(squares).items():
        states |= t5x_slots(name, square)
    return {"step": np.int32(STEP), "param_states": nested(states)}


def write_t5x_file(folder, tensors, squares):
    folder.mkdir()
    tree = {"optimizer": {"target": nested(t5x_parameters(tensors)), "state": t5x_tree(squares)}}
    path = folder / f"checkpoint_{STEP}"
    path.write_bytes(flax_bytes(tree))
    return path


def write_t5x_folder(folder, tensors, squares):
    """Row and column means as zarr arrays, all else in the tree."""
    import tensorstore

    folder.mkdir()
    states = {}
    for name, square in t5x_parameters(squares).items():
        for slot, value in t5x_slots(name, square).items():
            if value.ndim == 1 and len(value) > 1 and not slot.endswith("/v"):
                place = "state.param_states." + slot.replace("/", ".")
                spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{folder}/{place}"}}
                array = tensorstore.open(spec, create=True, dtype=tensorstore.float32, shape=value.shape).result()
                array.write(value).result()
                states[slot] = {**spec, "kvstore": {"driver": "gfile", "path": f"/elsewhere/{place}"}}
            else:
                states[slot] = value
    state = {"step": np.int32(STEP), "param_states": nested(states)}
    (folder / "checkpoint").write_bytes(flax_bytes({"target": nested(t5x_parameters(tensors)), "state": state}))
    return folder


WRITERS = {"mesh": (write_mesh, V1_0), "t5x file": (write_t5x_file, V1_1), "t5x folder": (write_t5x_folder, V1_1)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint of each form with its model, and its squares as a model's weights."""
    found = {}
    for form, (write, config) in WRITERS.items():
        tensors, squares = random_tensors(config, 1), random_tensors(config, 2)
        path = write(tmp_path_factory.mktemp("written") / "run", tensors, squares)
        plain = T5(config)
        for weight in weights(plain):
            stored = squares[weight.name]
            weight.variable.assign(stored.T if weight.transposed else stored)
        checkpoint = open_checkpoint(path)
        found[form] = checkpoint, filled(checkpoint, T5), plain
    return found


@pytest.mark.parametrize("form", WRITERS)
def test_moments_belong_to_their_side(written, form):
    checkpoint, model, squares = written[form]
    moments = checkpoint.moments()
    assert moments.step == STEP
    optimizer = Adafactor(steps_before=moments.step)
    optimizer.build(model.trainable_variables)
    assign_moments(model, optimizer, moments)
    kinds = set()
    for weight, square in zip(weights(model), weights(squares), strict=True):
        value, found = np.asarray(square.variable), optimizer.slots(weight.variable)
        kinds.add((value.ndim, len(found)))
        expected = [value] if len(found) == 1 else [value.mean(1), value.mean(0)]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, err_msg=weight.name)
    assert kinds == {(1, 1), (2, 1), (2, 2)}


def test_the_first_step_weighs_them_by_the_steps_before(written):
    """By the definition, in float64: the moments hardly move at step 1,001."""
    checkpoint, model, squares = written["mesh"]
    optimizer = Adafactor(1e-3, steps_before=STEP)
    variable = model.decoder.blocks[0].feed_forward.wi
    optimizer.build(model.trainable_variables)
    assign_moments(model, optimizer, checkpoint.moments())
    before = np.asarray(variable, np.float64)
    square = np.asarray(squares.decoder.blocks[0].feed_forward.wi, np.float64)
    gradient = np.random.default_rng(0).standard_normal(before.shape)
    optimizer.apply(
        [
            tf.constant(gradient, tf.float32) if one is variable else tf.zeros(one.shape)
            for one in model.trainable_variables
        ]
    )
    mixing = (STEP + 1) ** -0.8
    row, column = ((1 - mixing) * square.mean(a) + mixing * (gradient**2).mean(a) for a in (1, 0))
    update = gradient / np.sqrt(np.outer(row, column) / row.mean())
    update /= max(1, np.sqrt((update**2).mean()))
    expected = -1e-3 * np.sqrt((before**2).mean()) * update
    np.testing.assert_allclose(np.asarray(variable, np.float64) - before, expected, atol=2e-3 * np.abs(expected).max())


def test_a_run_goes_on_from_them_and_resumes(written, tmp_path):
    """The same steps whether it was stopped or not; a run that began without them is another run."""
    checkpoint = written["mesh"][0]
    examples = Examples.from_sequences([[5, 6, 1], [7, 1], [8, 9, 1], [3, 1]], [[5, 1], [7, 1], [8, 1], [3, 1]])
    settings = TrainSettings(steps=4, batch_size=2, checkpoint_every=2)

    def run(folder, steps, **options):
        model = filled(checkpoint, T5)
        fit(model, examples, dataclasses.replace(settings, steps=steps), folder, **options)
        return model.get_weights()

    moments = checkpoint.moments()
    whole = run(tmp_path / "whole", 4, moments=moments)
    run(tmp_path / "parts", 2, moments=moments)
    for one, other in zip(run(tmp_path / "parts", 4, moments=moments), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    fresh = run(tmp_path / "fresh", 4)
    assert max(np.abs(one - other).max() for one, other in zip(fresh, whole, strict=True)) > 1e-3
    with pytest.raises(TrainingError, match="moments of step was 1000, now None"):
        run(tmp_path / "parts", 6)
    with pytest.raises(ValueError, match="the moments are Adafactor's"):
        fit(
            filled(checkpoint, T5),
            examples,
            dataclasses.replace(settings, optimizer="adamw"),
            tmp_path / "x",
            moments=moments,
        )


def test_what_cannot_be_used_is_named(written, tmp_path):
    tensors, squares = random_tensors(V1_1, 1), random_tensors(V1_1, 2)
    name = "encoder.block.0.layer.1.DenseReluDense.wo.weight"
    for change, message in (
        ({name: squares[name][:, :-1]}, r"mlp/wo/kernel/v_\w+ has shape \(255,\), where \(256,\) is kept"),
        ({name: -squares[name]}, "holds numbers that are no means of squares"),
        ({name: squares[name] * np.nan}, "holds numbers that are no means of squares"),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        checkpoint = open_checkpoint(write_t5x_file(folder, tensors, {**squares, **change}))
        model = filled(checkpoint, T5)
        optimizer = Adafactor()
        optimizer.build(model.trainable_variables)
        with pytest.raises(CheckpointError, match=rf"{message}; --fresh-optimizer starts without them"):
            assign_moments(model, optimizer, checkpoint.moments())


def test_a_checkpoint_without_them(references, tmp_path, shared_data):
    assert open_checkpoint(references.family_folder(tmp_path / "plain", "v1_0")).moments() is None
    assert open_checkpoint(shared_data / "checkpoints/t5x_tiny_v1_1/checkpoint_0").moments() is None
