"""A model that nobody has any more leaves memory, whatever was done with it."""

import gc
import weakref

import numpy as np
import pytest
from tensorflow.python.framework.ops import gradient_registry

import t5eval
from keras_model import T5, T5Config
from t5eval.support.tensorflow_import import begin_another_model

TINY = {"d_model": 8, "d_kv": 4, "d_ff": 8, "num_heads": 2, "num_layers": 1}
INPUTS = {"encoder_ids": np.full((4, 5), 7), "decoder_ids": np.full((4, 3), 7)}
LABELS = np.full((4, 3), 7)


def registered():
    """TensorFlow's entries of traced gradients, each of which keeps a graph and its weights."""
    return {name for name in gradient_registry._registry if name.startswith("CustomGradient-")}


@pytest.mark.parametrize("use", ["generate", "evaluate", "predict", "fit"])
def test_nothing_keeps_a_model(use):
    before = registered()
    model = T5(T5Config(vocab_size=40, **TINY))
    model.compile()
    if use == "generate":
        model.generate(INPUTS["encoder_ids"], max_new_tokens=2)
    elif use == "predict":
        model.predict(INPUTS, verbose=0)
    elif use == "evaluate":
        model.evaluate(INPUTS, LABELS, verbose=0)
    else:
        for rows in (4, 4, 3):  # the last is another shape, which is traced anew
            model.fit({name: ids[:rows] for name, ids in INPUTS.items()}, LABELS[:rows], verbose=0)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert registered() == before


@pytest.mark.slow
def test_a_process_that_trains_one_model_after_another_holds_one(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("".join(f"the film number {i} was fine, and nobody said so again.\n" for i in range(40)))
    begin_another_model()
    others = models()
    for seed in range(2):
        t5eval.train(
            task="text",
            text={"files": [str(text)], "inputs": 40, "held_out": 0.2},
            vocab="bytes",
            config=TINY,
            out=tmp_path / str(seed),
            steps=2,
            batch_size=4,
            checkpoint_every=2,
        )
        begin_another_model()
        assert models() <= others


def models():
    return {id(each) for each in gc.get_objects() if type(each) is T5}
