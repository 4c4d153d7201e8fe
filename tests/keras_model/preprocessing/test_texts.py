"""A T5 that is given texts: what each form of them becomes, what is cut, presets, and `.keras` files."""

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_model import T5, ByteTokenizer, CheckpointError, T5Config, T5Preprocessor, T5Tokenizer, save_preset
from keras_model.checkpoints import hub_names
from keras_model.training.losses import TokenAccuracy

CONFIG = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1, dropout_rate=0.0)
SOURCES = ["a fine film", "a dull film", "fine", "dull and dull and dull"] * 3
TARGETS = ["positive", "negative", "positive", "negative"] * 3


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    T5Tokenizer.train(["a fine film", "a dull film", "positive", "negative"], path, 30, extra_ids=4)
    return T5Tokenizer(path, extra_ids=4)


@pytest.fixture
def model(tokenizer):
    keras.utils.set_random_seed(1)
    model = T5(CONFIG)
    model.preprocessor = T5Preprocessor(tokenizer, encoder_sequence_length=32, decoder_sequence_length=12)
    model.compile(keras.optimizers.SGD(0.1), weighted_metrics=[TokenAccuracy()])
    return model


def by_hand(tokenizer, sources, targets):
    """Ids, padded and shifted, without the preprocessor."""
    encoder_ids = tf.ragged.constant(tokenizer.encode(sources)).to_tensor().numpy()
    labels = tf.ragged.constant(tokenizer.encode(targets)).to_tensor().numpy()
    return {"encoder_ids": encoder_ids, "decoder_ids": np.pad(labels, ((0, 0), (1, 0)))[:, :-1]}, labels


def test_a_call_gives_ids_labels_and_weights(tokenizer):
    preprocessor = T5Preprocessor(tokenizer, 32, 12)
    expected, labels = by_hand(tokenizer, SOURCES, TARGETS)
    weight = np.arange(12.0)
    for made in (
        preprocessor(SOURCES, TARGETS, weight),
        preprocessor({"encoder_text": SOURCES, "decoder_text": np.array(TARGETS)}, sample_weight=weight),
        next(iter(tf.data.Dataset.from_tensor_slices((SOURCES, TARGETS, weight)).batch(12).map(preprocessor))),
    ):
        inputs, found, weights = made
        for name, ids in expected.items():
            np.testing.assert_array_equal(inputs[name], ids)
        np.testing.assert_array_equal(found, labels)
        np.testing.assert_array_equal(weights, (labels != 0) * weight[:, None])


def test_every_form_of_texts_is_trained_on_alike(model, tokenizer):
    """One step on all pairs, and an evaluation, are those of the ids, made by hand."""
    pandas, datasets = pytest.importorskip("pandas"), pytest.importorskip("datasets")
    columns = {"encoder_text": SOURCES, "decoder_text": TARGETS}
    pairs = tf.data.Dataset.from_tensor_slices((SOURCES, TARGETS))
    frame, hub = pandas.DataFrame(columns, index=range(5, 17)), datasets.Dataset.from_dict(columns)
    first = model.get_weights()

    def trained(*data):
        model.set_weights(first)
        before = model.evaluate(*data, batch_size=12, verbose=0)
        history = model.fit(*data, batch_size=12, shuffle=False, verbose=0).history
        return [*before, *(value[0] for value in history.values())], model.get_weights()

    expected, weights = trained(*by_hand(tokenizer, SOURCES, TARGETS))
    for data in (
        (SOURCES, TARGETS),
        (np.array(SOURCES), tf.constant(TARGETS)),
        (columns,),
        (frame,),
        (frame.encoder_text, frame.decoder_text),
        (hub,),
        (hub["encoder_text"], hub["decoder_text"]),
        (pairs,),
        (pairs.batch(12),),
        (tf.data.Dataset.from_tensor_slices(columns).batch(12),),
    ):
        numbers, found = trained(*data)
        assert numbers == pytest.approx(expected, rel=1e-5)
        for a, b in zip(weights, found, strict=True):
            np.testing.assert_allclose(b, a, atol=1e-6)


def test_epochs_shuffle_and_hold_out_as_keras_does(model):
    seen = []
    weights = np.arange(1, 13)
    options = {"batch_size": 5, "epochs": 2, "validation_split": 0.25, "sample_weight": weights, "verbose": 0}
    encode = model.preprocessor.examples

    def examples(sources, targets):
        seen.append(list(sources))
        return encode(sources, targets)

    model.preprocessor.examples = examples
    history = model.fit(SOURCES, TARGETS, **options).history
    assert seen == [SOURCES[:9], SOURCES[9:]]
    assert len(history["val_loss"]) == 2
    steps = int(model.optimizer.iterations)
    assert steps == 4
    held_out = model.evaluate(SOURCES[9:], TARGETS[9:], sample_weight=weights[9:], verbose=0, return_dict=True)
    assert history["val_loss"][-1] == pytest.approx(held_out["loss"], rel=1e-5)


def test_what_is_cut_is_counted_and_told(model):
    preprocessor = model.preprocessor = T5Preprocessor(model.tokenizer, 8, 4)
    long = sum(len(ids) > 8 for ids in model.tokenizer.encode(SOURCES))
    assert 0 < long < 12
    told = f"{long} of 12 source texts were cut to 8 tokens, 12 of 12 target texts were cut to 4"
    with pytest.warns(UserWarning, match=told):
        model.evaluate(SOURCES, TARGETS, verbose=0)
    assert preprocessor.cut == {"encoder": long, "decoder": 12}
    assert preprocessor.texts == {"encoder": 12, "decoder": 12}
    inputs, labels, _ = preprocessor(SOURCES, TARGETS)
    assert inputs["encoder_ids"].shape == (12, 8)
    assert (labels[:, 3] == 1).all()
    with pytest.warns(UserWarning, match="source texts were cut"):
        model.generate("dull and dull and dull", 3)


def test_predict_writes_for_texts_and_gives_logits_of_pairs(model, tokenizer):
    written = model.generate(SOURCES)
    assert model.predict(SOURCES) == model.predict({"encoder_text": SOURCES}) == written
    assert model.predict(tf.data.Dataset.from_tensor_slices(SOURCES).batch(5)) == written
    inputs, _ = by_hand(tokenizer, SOURCES, TARGETS)
    found = model.predict({"encoder_text": SOURCES, "decoder_text": TARGETS}, batch_size=5, verbose=0)
    np.testing.assert_allclose(found, model(inputs), atol=1e-5)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), found, atol=1e-5)


def test_what_is_not_right_is_one_line(model, tokenizer):
    for half in (SOURCES, {"encoder_text": SOURCES}, {"decoder_text": TARGETS}):
        with pytest.raises(ValueError, match="texts are trained on in pairs"):
            model.fit(half)
    with pytest.raises(ValueError, match="You must call `compile"):
        T5(CONFIG).fit(model.preprocessor(SOURCES, TARGETS)[0])
    with pytest.raises(ValueError, match=r"source 1 is no text\. Received: nan"):
        model.fit(["a film", float("nan")], TARGETS[:2])
    with pytest.raises(ValueError, match="Every example has a source and a target"):
        model.fit(SOURCES, TARGETS[:2])
    with pytest.raises(ValueError, match="validation_split is for texts in memory"):
        model.fit(tf.data.Dataset.from_tensor_slices((SOURCES, TARGETS)), validation_split=0.1)
    with pytest.raises(ValueError, match="encoder_sequence_length must be an integer with room"):
        T5Preprocessor(tokenizer, encoder_sequence_length=1)
    with pytest.raises(ValueError, match="fewer than the 384 ids of the vocabulary"):
        model.preprocessor = T5Preprocessor(ByteTokenizer())
    with pytest.raises(ValueError, match="decoder starts with id 0, the preprocessor's with 5"):
        model.preprocessor = T5Preprocessor(tokenizer, decoder_start_token_id=5)
    model.preprocessor = None
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"the model has no preprocessor: T5\.from_preset sets it"):
            call(SOURCES, TARGETS)
    with pytest.raises(ValueError, match="the model has no preprocessor"):
        model.predict(SOURCES)


def test_a_preset_brings_its_preprocessor(model, tmp_path, monkeypatch):
    expected = model.generate(SOURCES, 6)
    model.save_to_preset(tmp_path / "own")
    save_preset(model, tmp_path / "hub", model.tokenizer)
    (tmp_path / "hub" / "preprocessor.json").write_text(json.dumps({"config": {"encoder_sequence_length": 77}}))
    monkeypatch.setattr(hub_names, "resolve", lambda name, weights: (tmp_path / "own", f"{name}@commit"))
    for name, lengths in ((tmp_path / "own", (32, 12)), (str(tmp_path / "hub"), (77, 512)), ("some/model", (32, 12))):
        again = T5.from_preset(name)
        found = again.preprocessor
        assert (found.encoder_sequence_length, found.decoder_sequence_length) == lengths
        assert again.generate(SOURCES, 6) == expected
    model.preprocessor = None
    model.save_to_preset(tmp_path / "bare")
    assert T5.from_preset(tmp_path / "bare").preprocessor is None
    with pytest.raises(CheckpointError, match="no such file or folder; a model at the hub is OWNER/NAME"):
        T5.from_preset("t5-small")


@pytest.mark.slow
@pytest.mark.parametrize("imports", ["keras_model, keras", "keras, keras_model"])
def test_a_keras_file_needs_no_other_import(model, tmp_path, imports):
    model.fit(SOURCES, TARGETS, verbose=0)
    model.save(tmp_path / "t5.keras")
    np.save(tmp_path / "expected.npy", model.generate(SOURCES, 6))
    code = f"""
import {imports}, numpy, sys
assert "keras_model.decoding.writing_model" in sys.modules
model = keras.saving.load_model("t5.keras")
assert model.generate({SOURCES!r}, 6) == numpy.load("expected.npy").tolist()
assert model.preprocessor.decoder_sequence_length == 12 and int(model.optimizer.iterations.numpy()) == 1
model.fit({SOURCES!r}, {TARGETS!r}, verbose=0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_damaged_keras_file_is_named(model, tmp_path):
    model.save(tmp_path / "t5.keras")
    with zipfile.ZipFile(tmp_path / "t5.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    for name, content, message in (
        ("assets/spiece.model", members["assets/spiece.model"][:50], "not a SentencePiece model"),
        ("assets/preprocessor.json", b'{"encoder_sequence_length": "many"}', "encoder_sequence_length must be"),
        ("assets/tokenizer_config.json", b'{"extra_ids": 90}', "fewer than the .* ids of the vocabulary"),
    ):
        with zipfile.ZipFile(tmp_path / "damaged.keras", "w") as file:
            for member, own in members.items():
                file.writestr(member, content if member == name else own)
        with pytest.raises(ValueError, match=message):
            keras.saving.load_model(tmp_path / "damaged.keras")
