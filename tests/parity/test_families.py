"""T5s with other tokenizers and special ids than T5's: ids, texts, losses and copies as transformers has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parity.families import FAMILIES, write_family
from tests.parity.test_predictors import spaced
from tests.parity.test_tokenizer import real_texts

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

MARKED = ["<2de> Hello there", "a<2fr>b", "one <sep> two<sep>[NAME]", "x <extra_id_0> y <extra_id_1>", "", "def f(x):\n\treturn x"]


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> list[str]:
    return [text for text in real_texts(shared_data)[::9] if text]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("family") / "model"
    return request.param, write_family(request.param, folder, texts[:800])


def theirs(name: str, folder: Path) -> Any:
    import transformers

    kind = transformers.RobertaTokenizer if name == "CodeT5" else transformers.AutoTokenizer
    return kind.from_pretrained(folder)


def test_ids_of_real_text(family: tuple[str, Path], texts: list[str]) -> None:
    from keras_model import load_tokenizer

    name, folder = family
    ours, reference = load_tokenizer(folder), theirs(name, folder)
    assert (ours.pad_id, ours.eos_id) == (reference.pad_token_id, reference.eos_token_id)
    asked = [*texts, *MARKED]
    encoded = ours.encode(asked)
    if name == "MADLAD-400":  # transformers 5 takes the end of sequence for what is unknown, whatever the file says
        known = [i for i, ids in enumerate(encoded) if 0 not in ids]
        assert len(known) > 500
        asked, encoded = [asked[i] for i in known], [encoded[i] for i in known]
    assert len(asked) > 500
    different = [(a, b) for a, b in zip(encoded, reference(asked)["input_ids"], strict=True) if a != b]
    assert len(different) < 3
    # Of two ways to cut a number with the same pieces, `0 00` and `00 0`, the libraries take another one.
    assert all(sorted(a) == sorted(b) for a, b in different)


def test_greedy_texts(family: tuple[str, Path], texts: list[str]) -> None:
    from t5eval.predictors import open_model
    from task_specs import Decode

    name, folder = family
    found = []
    for model in (str(folder), f"hf:{folder}"):
        predictor = open_model(model).predictor
        if name == "CodeT5":
            assert all(p.payload[0] == 1 for p in predictor.prepare(["a"], 9))
        written = predictor.generate(predictor.prepare(texts[:24], 60), 12, Decode())
        found.append([(spaced(one.text), one.hit_limit) for one in written])
    assert len({text for text, _ in found[0]}) > 10
    assert found[0] == found[1]
