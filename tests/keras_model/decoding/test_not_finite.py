"""A model whose logits are NaN or infinite: every way of decoding says so, and of which row."""

import numpy as np
import pytest

from keras_model.decoding.generator import Generator, NonFiniteLogitsError
from tests.keras_model.models import V1_1, make_model, sources

STEPS = 5
WAYS = {
    "greedy": lambda generator, ids: generator.greedy(ids, STEPS),
    "sample": lambda generator, ids: generator.sample(ids, STEPS),
    "beam": lambda generator, ids: generator.beam(ids, STEPS, beam_size=2),
    "rank": lambda generator, ids: generator.rank(ids, [[3, 1], [4, 5, 1]]),
}


def model_with(value, row, model=None):
    """A model to which one id is worth NaN or infinity; only this row of the inputs has it."""
    model, ids = model or make_model(V1_1), sources(4, 8)
    ids[ids == 39] = 38
    ids[row, 0] = 39
    table = model.token_embedding.embedding.numpy()
    table[39] = value
    model.token_embedding.embedding.assign(table)
    return model, ids


@pytest.fixture(scope="module")
def generator():
    """One for all values of that id: what it compiles reads the weights at each call."""
    return Generator(make_model(V1_1), emit_limit=39)


@pytest.mark.parametrize(("way", "xla"), [*((way, False) for way in WAYS), ("greedy", True), ("beam", True)])
def test_the_row_is_named(way, xla, generator):
    model, ids = model_with(np.nan, row=2, model=generator.model)
    if xla:
        generator = Generator(model, emit_limit=39, jit_compile=True)
    with pytest.raises(NonFiniteLogitsError, match=r"NaN or infinity as logits.*row 2 of the batch") as caught:
        WAYS[way](generator, ids)
    assert caught.value.row == 2
    sound = np.delete(ids, 2, axis=0)
    WAYS[way](generator, sound)  # the others have texts


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_counts_too(value, generator):
    _, ids = model_with(value, row=1, model=generator.model)
    for decode in WAYS.values():
        with pytest.raises(NonFiniteLogitsError, match="row 1"):
            decode(generator, ids)


def test_the_step_is_named():
    """The given second token makes the third one's logits NaN."""
    model, ids = model_with(np.nan, row=0)
    ids[0, 0] = 3
    generator = Generator(model)
    generator.greedy(ids, 2, prefix=[5])
    with pytest.raises(NonFiniteLogitsError, match="at token 3 of the text"):
        generator.greedy(ids, 4, prefix=[5, 39])
    with pytest.raises(NonFiniteLogitsError, match="row 0"):
        generator.beam(ids, 4, prefix=[5, 39])
