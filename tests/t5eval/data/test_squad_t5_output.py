"""Every SQuAD question of the real file, formatted as t5 0.9.4 formats it.

The hashes are of t5's own output; `make_t5_hashes.py` made the table from it. Questions that t5 drops from the span
form stand there with its inputs and empty targets.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from tests.t5eval.make_t5_hashes import data_hash, text_hash

DATA = "73d2d21e47d63fd179e41581c33ea0dc0399b6655b9717249219287533e1613f"
# task: SHA-256 of what t5 made of the 10,570 questions, and how many of them it drops
T5: dict[str, tuple[str, int]] = {
    "squad/v1.1": ("fdfc241046e10289dd509e9daf6e51c81e0b82c3f322eddaa1a841f4c7b7c61e", 0),
    "squad/v1.1_context_free": ("da626841e2c6eb973c50bf727484954f383bdd0b0def2e439f00a7f8d6c0329b", 0),
    "squad/v1.1_span": ("fdddd1c2b98c1163c631bdd842ddd42bf995b941a263875d6d6824d492305ff1", 451),
}


@pytest.mark.parametrize("task", T5)
def test_every_question_is_formatted_as_t5_formats_it(task: str, shared_data: Path) -> None:
    spec = task_specs.get(task)
    expected, dropped = T5[task]
    if data_hash(spec, "validation", shared_data) != DATA:
        pytest.skip(f"{task}: no files or other files in {shared_data}")
    examples = list(open_split(spec, "validation", shared_data))
    pairs = [pair for example in examples for pair in spec.pairs(example)]
    assert text_hash((p.id, p.inputs, p.targets) for p in pairs) == (10570, expected)
    assert sum(bool(p.problem) for p in pairs) == sum(not p.targets for p in pairs) == dropped
    training = [pair for example in examples for pair in spec.pairs(example, training=True)]
    assert training == [pair for pair in pairs if pair.targets]
