"""`architecture` in `[train.config]`: one is pre-trained and fine-tuned, packed, and evaluated by its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import t5eval
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.demo.demo import suite_folder
from t5eval.preparation.text_data import TextData
from t5eval.training.config import resolve
from t5eval.training.first_model import first_model
from task_specs.support.errors import UserError

TINY = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_heads": 2, "num_layers": 2}


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_run_on_text_and_a_task(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("A line of text that is long enough to be cut into pieces.\n" * 9)
    numbers: dict[str, Any] = {"steps": 3, "batch_size": 2, "validate_limit": 2, "rates": {"text": 1, "glue/rte": 1}}
    done = t5eval.train(
        task=["text", "glue/rte"],
        data_dir=suite_folder(),
        out=tmp_path / "run",
        vocab="bytes",
        pack=[512, 64],
        config={**TINY, "architecture": "prefix_lm"},
        text={"files": [str(tmp_path / "text.txt")], "objective": "prefix_lm", "inputs": 32},
        **numbers,
    )
    assert done.result.loss is not None
    out = tmp_path / "evaluated"
    found = t5eval.evaluate(
        done.model, "glue/rte", data=suite_folder(), splits="validation", limit=4, decode="rank", out=out
    )
    assert found.splits[0].score.n == 4
    with pytest.raises(UserError, match="has a T5 of architecture='prefix_lm'"):
        t5eval.convert(done.model, tmp_path / "converted")


def test_a_language_models_rows_have_one_token_of_a_source() -> None:
    text = TextData.from_table({"files": ["text.txt"], "objective": "lm", "inputs": 32})
    text.require_fit(ByteTokenizer(), (1, 32))
    with pytest.raises(UserError, match=r"sources of 1 tokens and targets of 32, .* say pack = \[1, 32\]"):
        text.require_fit(ByteTokenizer(), (1, 31))


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("config", "layers", "message"),
    [
        ({"num_layers": 1}, (1, 1), None),
        ({"num_decoder_layers": 1}, (2, 1), None),
        ({"num_layers": 3, "num_decoder_layers": 1}, (3, 1), None),
        ({"num_layers": 1, "architecture": "shared"}, (1, 1), None),
        ({"num_decoder_layers": 1, "architecture": "shared"}, None, "num_decoder_layers must be num_layers=2"),
        ({"architecture": "gpt"}, None, "architecture must be one of encoder_decoder, shared, language_model"),
    ],
)
def test_layers_beside_a_preset(
    config: dict[str, Any], layers: tuple[int, int] | None, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras_model.config import T5Config

    monkeypatch.setattr(T5Config, "preset", lambda name: T5Config(**TINY))
    table = {"task": ["glue/rte"], "data_dir": "d", "out": "o", "preset": "t5-small", "vocab": "bytes"}
    given = resolve({**table, "config": config}, "t")
    if message:
        with pytest.raises(UserError, match=rf"^\[train\.config\]: .*{message}"):
            first_model(given, None)
        return
    model = first_model(given, None).model
    assert (len(model.encoder.blocks), len(model.decoder.blocks)) == layers
