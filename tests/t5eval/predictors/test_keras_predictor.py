"""The Keras T5 as a predictor: long and empty inputs, ranking against its own logits, precision, vocabulary."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import task_specs
from t5eval.evaluation.batches import generate_all
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.predictor import Rank, Sample
from task_specs import Decode, TextPair
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE, opened
from tests.t5eval.tiny_t5 import write_tiny_t5

pytestmark = pytest.mark.slow

CHOICES = ("entailment", "not_entailment")
LONG = "word " * 100_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_t5(tmp_path_factory.mktemp("model") / "t5")


@pytest.fixture(scope="module")
def predictor(folder: Path) -> KerasPredictor:
    return KerasPredictor(folder)


def test_a_hundred_thousand_tokens_are_cut_and_counted(predictor: KerasPredictor, tmp_path: Path) -> None:
    content = f"0\t{LONG}\tB.\tentailment\n1\t\t\tnot_entailment\n2\tA.\tB.\tentailment\n".encode()
    split = opened(tmp_path / "data", "rte", "validation", RTE + content)
    for name, answering in (("greedy", Decode()), ("rank", Rank(CHOICES))):
        settings = RunSettings("test", "model", answering={"glue/rte": answering})
        _, document = evaluate_splits(predictor, [split], tmp_path / name, settings)
        result = document["results"]["glue/rte"]["validation"]
        assert (result["n"], result["truncated_inputs"]) == (3, 1)
        lines = (tmp_path / name / "predictions/glue/rte/validation.jsonl").read_text().splitlines()
        assert ["truncated" in json.loads(line) for line in lines] == [True, False, False]


def test_inputs_of_any_length(predictor: KerasPredictor) -> None:
    prepared = predictor.prepare(["", "A word.", LONG], 512)
    assert [p.length for p in prepared][::2] == [1, 512]
    assert [p.truncated for p in prepared] == [False, False, True]
    assert prepared[0].payload == [1]
    assert prepared[2].payload[-1] == 1
    texts = [g.text for g in predictor.generate(prepared, 5, Decode())]
    assert texts == [predictor.generate([p], 5, Decode())[0].text for p in prepared]
    rankings = predictor.rank(prepared, CHOICES)
    for p, ranking in zip(prepared, rankings, strict=True):
        assert ranking.sums == pytest.approx(predictor.rank([p], CHOICES)[0].sums, rel=1e-5)
    assert predictor.prepare([], 512) == []


@pytest.mark.parametrize("answering", [Decode(), Sample(seed=3), Rank(CHOICES)], ids=["greedy", "sample", "rank"])
def test_few_shapes_where_each_is_compiled(predictor: KerasPredictor, answering: object, monkeypatch) -> None:
    """The same answers, and no other shapes than those that were said."""
    spec = task_specs.get("glue/rte")
    pairs = [TextPair(str(i), "word " * (i % 23 + 1), "") for i in range(75)]

    def predictions(say=lambda line: None, done=()):
        batches = generate_all(
            predictor, spec, pairs, answering, max_new_tokens=3, batch_tokens=1000, say=say, done=done
        )
        return sorted((p.id, p.text, p.ranking and p.ranking.tokens) for batch in batches for p in batch)

    plain, said, seen = predictions(), [], set()
    inside = predictor._loaded
    padded = inside._padded

    def watched(batch):
        ids = padded(batch)
        seen.add(f"{len(ids)} x {ids.shape[1]}")
        return ids

    monkeypatch.setattr(inside, "_padded", watched)
    monkeypatch.setattr(inside, "compiles_shapes", lambda: True)
    assert predictions(said.append) == plain
    (line,) = said
    head, _, shapes = line.partition(" to compile, rows x tokens: ")
    assert head == f"glue/rte: {len(seen)} shapes of batches"
    assert set(shapes.split(", ")) == seen
    assert len(seen) <= 5
    assert predictions(said.append, done=[pair.id for pair in pairs]) == []
    assert len(said) == 1
    predictor.generate(predictor.prepare(["word"] * 3, 512), 3, Decode())  # nobody planned it
    assert "4 x 64" in seen


def test_ranking_against_the_logits_of_the_whole_model(predictor: KerasPredictor, folder: Path) -> None:
    from scipy.special import log_softmax

    from keras_model.checkpoints import load_tokenizer
    from keras_model.t5 import load_model

    model, tokenizer = load_model(folder), load_tokenizer(folder)
    prepared = predictor.prepare(["rte sentence1: A painter. sentence2: A letter."], 512)
    (ranking,) = predictor.rank(prepared, CHOICES)
    for choice, value, tokens in zip(CHOICES, ranking.sums, ranking.tokens, strict=True):
        ids = np.array([*tokenizer.encode([choice])[0]])
        assert ids[-1] == 1  # the end of sequence counts
        assert tokens == len(ids)
        inputs = {"encoder_ids": np.array([prepared[0].payload]), "decoder_ids": np.array([[0, *ids[:-1]]])}
        expected = log_softmax(np.asarray(model(inputs), np.float64)[0], axis=-1)[np.arange(len(ids)), ids].sum()
        assert value == pytest.approx(expected, rel=1e-5)


def test_the_precision_is_the_models(predictor: KerasPredictor, folder: Path) -> None:
    half = KerasPredictor(folder, "bfloat16")
    assert predictor.identity["dtype"] == "float32"
    assert half.identity == {**predictor.identity, "dtype": "bfloat16"}
    prepared = predictor.prepare(["A painter wrote a letter."], 512)
    exact, rounded = (p.rank(prepared, CHOICES)[0].sums for p in (predictor, half))
    assert exact != rounded
    assert rounded == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize(
    "way", [Decode(), Decode(method="beam", beam_size=2), Rank(CHOICES)], ids=["greedy", "beam", "rank"]
)
def test_an_input_whose_logits_are_no_numbers_is_named(folder: Path, tmp_path: Path, way: Decode | Rank) -> None:
    """Numbers that float32 holds, and whose products it does not."""
    from safetensors.numpy import load_file, save_file

    huge = shutil.copytree(folder, tmp_path / "huge")
    weights = load_file(huge / "model.safetensors")
    for name in ("decoder.final_layer_norm.weight", "lm_head.weight"):
        weights[name] = np.sign(weights[name]) * np.float32(3e38)
    save_file(weights, huge / "model.safetensors")
    predictor = KerasPredictor(huge)
    prepared = predictor.prepare(["A painter wrote a letter."], 512)
    message = r"NaN or infinity as logits.*; the input is 'A painter wrote a letter\.'\. .* try --dtype float32"
    ranked = isinstance(way, Rank)
    with pytest.raises(UserError, match=message):
        _ = predictor.rank(prepared, CHOICES) if ranked else predictor.generate(prepared, 4, way)


def test_a_vocabulary_from_elsewhere(predictor: KerasPredictor, folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    vocabulary = (bare / "spiece.model").rename(tmp_path / "vocabulary.model")
    (bare / "tokenizer_config.json").unlink()
    with pytest.raises(UserError, match=r"bare: there is no tokenizer in it.*--vocab FILE names a SentencePiece model"):
        _ = KerasPredictor(bare).identity
    assert KerasPredictor(bare, vocab=str(vocabulary)).identity == predictor.identity
    with pytest.raises(UserError, match="its model has 231 embeddings, fewer than the 384 ids of the vocabulary"):
        _ = KerasPredictor(bare, vocab="bytes").identity


def test_what_is_drawn_is_the_generators_own_whatever_the_batch(predictor: KerasPredictor, folder: Path) -> None:
    from keras_model.checkpoints import load_tokenizer
    from keras_model.decoding.generator import Generator
    from keras_model.t5 import load_model

    texts = [f"rte sentence1: {'word ' * (number % 4)}{number}." for number in range(7)]
    spec = task_specs.get("glue/rte")
    pairs = [TextPair(str(number), text, "") for number, text in enumerate(texts)]
    answering = Sample(temperature=0.7, top_k=40, top_p=0.95, seed=3, samples=2)
    found = {}
    for tokens in (12, 8192):
        batches = generate_all(predictor, spec, pairs, answering, max_new_tokens=6, batch_tokens=tokens)
        found[tokens] = sorted((p.id, p.samples) for batch in batches for p in batch)
    assert found[12] == found[8192]
    # The definition: a call of the generator for all inputs at once, with the seed of each repetition.
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode(texts)
    padded = np.array([[*row, *[0] * (max(map(len, ids)) - len(row))] for row in ids])
    generator = Generator(load_model(folder), emit_limit=tokenizer.vocab_size)
    drawn = [
        tokenizer.decode(generator.sample(padded, 6, temperature=0.7, top_k=40, top_p=0.95, seed=seed).tolist())
        for seed in (3, 4)
    ]
    assert [samples for _, samples in found[8192]] == list(zip(*drawn, strict=True))
    assert drawn[0] != drawn[1]


def test_weights_that_do_not_fit_name_the_way_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    import keras_model.t5

    def load(*_: object, **__: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(keras_model.t5, "load_model", load)
    with pytest.raises(UserError, match=f"do not fit on one device.*--model hf:{folder} --dtype bfloat16"):
        KerasPredictor(folder).compiles_shapes()
