"""The held-out part of plain text: its loss against the whole model's logits, and runs that are validated on it."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

import t5eval
from keras_model.config import T5Config
from keras_model.decoding.generator import Generator
from keras_model.t5 import T5
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.training_run.run_checkpoints import read_progress
from t5eval.api.train import Training
from t5eval.predictors import open_model
from t5eval.preparation.text_data import TextData
from t5eval.training.held_out_text import HeldOutText, count_bytes
from task_specs.support.errors import UserError

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]
WORDS = "the film was a fine one and nobody in it ever said so again until rain fell on the old town".split()
TINY = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_heads": 2, "num_layers": 1, "dropout_rate": 0.1}
NAMES = ["text loss", "text perplexity", "text loss per byte", "text perplexity per byte"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 documents of 6 to 30 words."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("".join(" ".join(rng.choice(WORDS, n)) + ".\n" for n in rng.integers(6, 30, 120)))
    return path


@pytest.mark.parametrize("objective", ["spans", "prefix_lm"])
def test_the_loss_is_that_of_the_whole_models_logits(file: Path, objective: str) -> None:
    tokenizer = ByteTokenizer()
    text = TextData((str(file),), objective=objective, inputs=40, held_out=0.1)
    (examples,) = (part for _, block in text.held_out_blocks(tokenizer, text.objective_of(tokenizer)) for part in block)
    model = T5(T5Config(vocab_size=384, **TINY))
    held = HeldOutText.of(examples, 20, tokenizer)
    assert held.numbers == HeldOutText.of(examples, 20, tokenizer).numbers
    nats, tokens = 0.0, 0
    for number in held.numbers:
        source, target = examples.sources[number], examples.targets[number]
        inputs = {"encoder_ids": source[np.newaxis], "decoder_ids": np.array([[0, *target[:-1]]])}
        found = log_softmax(np.asarray(model(inputs), np.float64)[0], axis=-1)
        nats -= found[np.arange(len(target)), target].sum()
        tokens += len(target)
    seen: list[tuple[int, int]] = []
    for places in (50, 300, 10**6):
        for compiled in (False, True) if places == 300 else (False,):
            generator = Generator(model, jit_compile=compiled)
            predicted = held.predicted(generator, lambda *done: seen.append(done), batch_places=places)
            assert predicted.nats == pytest.approx(nats, rel=1e-6)
            assert predicted.tokens == tokens
            assert seen[-1] == (20, 20)
    per_token, perplexity, per_byte, perplexity_per_byte = predicted.scores.values()
    assert list(predicted.scores) == NAMES
    assert per_token == pytest.approx(nats / tokens, rel=1e-6)
    assert per_byte == pytest.approx(nats / held.bytes, rel=1e-6)
    assert [perplexity, perplexity_per_byte] == pytest.approx([math.exp(per_token), math.exp(per_byte)])
    if objective == "prefix_lm":  # targets are ASCII text and the end
        assert held.bytes == tokens - 20


def test_bytes_are_those_of_the_text(tmp_path: Path) -> None:
    pieces = T5Tokenizer.train([" ".join(WORDS) + " Überraschung ends"] * 3, tmp_path / "spiece.model", 60)
    texts = ["the old Überraschung", "rain"]
    ids = pieces.encode(texts)
    first, second = pieces.sentinels(2)
    assert count_bytes([[first, *ids[0][:-1], second, 1], [first, *ids[1]]], pieces) == len("".join(texts).encode())
    assert count_bytes([[258, *ByteTokenizer().encode(["Über"])[0]]], ByteTokenizer()) == 5


def trained(file: Path, out: Path, **settings: Any) -> Training:
    text = {"files": [str(file)], "inputs": 40, "held_out": 0.1}
    given = {
        "task": "text", "text": text, "vocab": "bytes", "config": TINY, "out": out,
        "steps": 4, "batch_size": 4, "validate_every": 2, "checkpoint_every": 4, "keep": 1,
    }  # fmt: skip
    return t5eval.train(**{**given, **settings})


def test_a_run_is_validated_on_it(file: Path, tmp_path: Path) -> None:
    """The best checkpoint is that of the lowest loss, and a run that is taken up again ends as one that was not."""
    run = tmp_path / "run"
    settings = {"learning_rate": 0.3, "validate_limit": 5}
    whole = trained(file, run, **settings).result
    assert list(whole.scores) == [2, 4]
    assert [list(found) for found in whole.scores.values()] == [NAMES, NAMES]
    losses = {step: found["text loss"] for step, found in whole.scores.items()}
    best = min(losses, key=lambda step: losses[step])
    assert {path.name for path in whole.best.values()} == {f"step-{best:08d}"}
    lines = [json.loads(line) for line in (run / "logs/scalars.jsonl").read_text().splitlines()]
    logged = {line["step"]: line for line in lines if "validation/text loss" in line}
    assert logged[4]["validation/text perplexity per byte"] == whole.scores[4]["text perplexity per byte"]
    progress = read_progress(run / "checkpoints" / "step-00000004")
    assert progress.tokens == whole.tokens > 0
    begun = progress.fixed["begun_with"]["held-out text"]
    assert (begun["examples"], begun["sample_seed"]) == (5, 0)
    with pytest.raises(UserError, match="held-out text examples was 5, now 6"):
        trained(file, run, **{**settings, "validate_limit": 6})
    with pytest.raises(UserError, match="no checkpoint with validation scores there"):
        open_model(f"best:{run}")  # no task was validated

    halves = tmp_path / "halves"
    shutil.copytree(run / "prepared_text", halves / "prepared_text")
    trained(file, halves, **settings, steps=2)
    resumed = trained(file, halves, **settings).result
    assert (resumed.first_step, resumed.scores, resumed.tokens) == (2, whole.scores, whole.tokens)


def test_it_does_not_depend_on_the_training(file: Path, tmp_path: Path) -> None:
    """Batches, packing, what the loss adds and the order change the training alone; here it changes no weight."""
    still = {"learning_rate": 1e-20, "steps": 2}
    other = {"pack": [80, 40], "batch_size": 2, "z_loss": 0.1, "label_smoothing": 0.1}
    first, second = (trained(file, tmp_path / str(i), **still, **more).result for i, more in enumerate(({}, other)))
    assert first.scores[2] == second.scores[2]
