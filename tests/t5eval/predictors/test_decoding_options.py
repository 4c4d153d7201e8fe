"""What options of decoding mean for each task, which of them contradict each other, and a model's own file as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.predictors import open_model
from t5eval.predictors.decoding_options import DecodingOptions
from t5eval.predictors.predictor import Rank, Sample
from task_specs import Decode
from task_specs.support.errors import UserError

RTE, CNN, WNLI = map(task_specs.get, ("glue/rte", "cnn_dailymail", "glue/wnli"))


@pytest.mark.parametrize(
    ("asked", "greedy_row", "beam_row"),
    [
        ({}, Decode(), Decode("beam", 4, 0.6)),
        ({"max_new_tokens": 7}, Decode(), Decode("beam", 4, 0.6)),
        ({"decode": "greedy"}, Decode(), Decode()),
        ({"beam_size": 8}, Decode("beam", 8, 0.6), Decode("beam", 8, 0.6)),
        ({"alpha": 0}, Decode("beam", 4, 0.0), Decode("beam", 4, 0.0)),
        ({"decode": "beam", "beam_size": 2, "alpha": 1.0}, Decode("beam", 2, 1.0), Decode("beam", 2, 1.0)),
        ({"beam_size": 1}, Decode(), Decode()),
        ({"decode": "sample"}, Sample(), Sample()),
        ({"seed": 3}, Sample(seed=3), Sample(seed=3)),
        ({"temperature": 0.5, "top_k": 9, "samples": 4}, Sample(0.5, 9, samples=4), Sample(0.5, 9, samples=4)),
        ({"top_p": 0.9}, Sample(top_p=0.9), Sample(top_p=0.9)),
    ],
)  # fmt: skip
def test_options_of_all_tasks(asked: dict[str, Any], greedy_row: Decode | Sample, beam_row: Decode | Sample) -> None:
    options = DecodingOptions(**asked)
    assert options.answering(RTE) == greedy_row
    assert options.answering(CNN) == beam_row


def test_ranking() -> None:
    assert DecodingOptions("rank").answering(RTE) == Rank(("entailment", "not_entailment"))
    assert DecodingOptions("rank").answering(WNLI) is None


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"decode": "fast"}, "decode 'fast': it is None, greedy, beam, sample or rank"),
        ({"generation": "mine"}, "generation 'mine': it is row or model"),
        ({"decode": "greedy", "seed": 0}, "--seed belongs to --decode sample and does not go with --decode greedy"),
        ({"decode": "sample", "alpha": 0.6}, "--alpha belongs to --decode beam and does not go with --decode sample"),
        ({"decode": "rank", "top_k": 5}, "--top-k belongs to --decode sample and does not go with --decode rank"),
        ({"beam_size": 2, "top_p": 0.5}, "--top-p belongs to --decode sample and does not go with --beam-size"),
        ({"decode": "rank", "max_new_tokens": 5}, "--max-new-tokens says nothing of --decode rank"),
        ({"beam_size": 1, "alpha": 0.6}, "--beam-size 1 is greedy"),
        ({"beam_size": 0}, "--beam-size 0: it is 1 or more"),
        ({"alpha": float("nan")}, "--alpha nan: it is 0 or more"),
        ({"max_new_tokens": 0}, "--max-new-tokens 0: it is 1 or more"),
        ({"temperature": 0}, "--temperature 0: it is above 0 .--decode greedy"),
        ({"top_k": 0}, "--top-k 0: it is 1 or more"),
        ({"top_p": 1.5}, "--top-p 1.5: it is above 0 and at most 1"),
        ({"seed": -1}, "--seed -1: it is from 0 to"),
        ({"samples": 0}, "--samples 0: it is 1 or more"),
    ],
)
def test_contradictions_and_ranges(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        DecodingOptions(**asked)


@pytest.mark.parametrize(
    ("own", "asked", "expected"),
    [
        ({}, {}, Decode()),
        ({"min_length": 5}, {}, Decode()),
        ({"num_beams": 3}, {}, Decode("beam", 3, 1.0)),
        ({"num_beams": 3, "length_penalty": 2.0}, {}, Decode("beam", 3, 2.0)),
        ({"num_beams": 3}, {"decode": "greedy"}, Decode()),
        ({"do_sample": True}, {}, Sample(top_k=50)),  # transformers' own default
        ({"do_sample": True, "temperature": 0.6, "top_k": 0, "top_p": 0.9}, {}, Sample(0.6, None, 0.9)),
        ({"do_sample": True, "temperature": 0.6}, {"seed": 2}, Sample(seed=2)),
    ],
)
def test_what_a_models_own_file_asks_for(own: dict[str, Any], asked: dict[str, Any], expected: Decode | Sample) -> None:
    assert DecodingOptions(**asked, generation="model").as_model_says(own).answering(RTE) == expected


@pytest.mark.parametrize("prefix", ["keras_hub:none", "predictions:FILE"])
def test_who_cannot_draw_says_so_before_the_first_prediction(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("entailment\n")
    predictor = open_model(prefix.replace("FILE", str(tmp_path / "file"))).predictor
    with pytest.raises(UserError, match=r"(draws for all rows of a batch together|cannot draw answers)"):
        predictor.decoding(Sample())
