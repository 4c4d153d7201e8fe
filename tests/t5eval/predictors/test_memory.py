"""Batches that do not fit into memory are halved, with the same predictions; a single input that does not is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.evaluation.batches import plan_batches
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors.halving import Halving, is_out_of_memory
from t5eval.predictors.predictor import Generation, OutOfMemory, Predictor, Prepared
from t5eval.predictors.transformers.loading import placed
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened


def test_a_model_that_no_device_holds_names_the_way_out() -> None:
    """PyTorch's error is a RuntimeError that says so."""

    class Large:
        def to(self, device: str) -> None:
            raise RuntimeError(f"CUDA out of memory. Tried to allocate 2.00 GiB on {device}." if device else "other")

    with pytest.raises(UserError, match="hf:x: its weights do not fit on one device; with the package accelerate"):
        placed(Large(), "cuda", "hf:x")
    with pytest.raises(RuntimeError, match="other"):
        placed(Large(), "", "hf:x")


class Small(Predictor):
    """Has room for so many tokens at once, padding included; without a number it has room for all."""

    def __init__(self, room: int | None = None) -> None:
        self.room = room
        self.batches: list[int] = []

    identity = {"weights": "small"}

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        return [Prepared(text, len(text.split()) + 1, False) for text in texts]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        if self.room is not None and len(batch) * max(p.length for p in batch) > self.room:
            raise MemoryError
        self.batches.append(len(batch))
        return [Generation(("entailment", "not_entailment")[len(p.payload) % 2], False) for p in batch]


def run(model: Small, tmp_path: Path, said: list[str] | None = None) -> dict[str, bytes]:
    content = RTE + b"".join(b"%d\t%s\tB.\tentailment\n" % (i, b"word " * (i % 40 + 1)) for i in range(100))
    split = opened(tmp_path / "data", "rte", "validation", content)
    out = tmp_path / str(model.room)
    say = said.append if said is not None else lambda line: None
    with mock.patch("gc.collect"):  # it takes seconds in the process of a whole test run
        evaluate_splits(model, [split], out, RunSettings("test", "model", batch_tokens=1000), say=say)
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_halves_give_the_same_bytes(tmp_path: Path) -> None:
    plain, said = Small(), []
    expected = run(plain, tmp_path)
    assert run(Small(200), tmp_path, said) == expected
    assert max(plain.batches) > 20
    # The first batch is tried whole, then in halves; no other is tried that costs as much as one that did not fit.
    assert said[0] == "out of memory with 22 inputs of up to 45 tokens at once; going on with 11"
    assert 1 < len(said) < 5
    assert len(set(said)) == len(said)


def test_one_input_that_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        run(Small(44), tmp_path)
    assert str(raised.value) == (
        "glue/rte: example 39: its 45 tokens alone do not fit into memory with this model; take a smaller model, or a "
        "machine with more memory"
    )
    # What fitted before is kept, and a larger machine goes on from there.
    assert not (tmp_path / "44" / "results.json").exists()


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=80), st.integers(50, 400))
def test_every_input_is_answered_once_and_in_order(lengths: list[int], room: int) -> None:
    halving, attempts = Halving(lengths, str, lambda line: None), []

    def answer(part: Sequence[int]) -> list[int]:
        attempts.append(len(part) * max(lengths[i] for i in part))
        if attempts[-1] > room:
            raise OutOfMemory
        return [lengths[i] for i in part]

    for batch in plan_batches(lengths, 1000):
        with mock.patch("gc.collect"):
            found = list(halving.run(batch, answer))
        assert [i for part, _ in found for i in part] == batch
        assert [length for _, answers in found for length in answers] == [lengths[i] for i in batch]
    failed = [cost for cost in attempts if cost > room]
    assert failed == sorted(failed, reverse=True)
    assert len(set(failed)) == len(failed)


def test_other_errors_are_not_taken_for_it(tmp_path: Path) -> None:
    class Broken(Small):
        def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
            raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        run(Broken(), tmp_path)


def test_real_errors_of_libraries() -> None:
    with pytest.raises(MemoryError) as numpys:
        np.ones(1 << 55, np.int8)
    assert is_out_of_memory(numpys.value)
    assert is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert not is_out_of_memory(ValueError("out of memory"))  # what no library says
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert"))


@pytest.mark.slow
@pytest.mark.tensorflow
def test_real_errors_of_tensorflow() -> None:
    import tensorflow as tf

    with pytest.raises(tf.errors.OpError) as raised:
        tf.function(lambda n: tf.fill([n, n], 1.0))(tf.constant(1 << 23))
    assert is_out_of_memory(raised.value)
    with pytest.raises(tf.errors.OpError) as raised:
        tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])
    assert not is_out_of_memory(raised.value)
