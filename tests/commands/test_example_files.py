"""The files in examples/ that `train` takes, run as they stand but for their places and their number of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t5eval.demo.demo import suite_folder

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--steps", 2, "--warmup-steps", 1, "--checkpoint-every", 2)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_model_pre_trained_on_text_is_fine_tuned(t5eval: Any, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"Film {n} is good to see, and has words in it.\n" for n in range(800)), encoding="utf-8")
    file = tmp_path / "pretrain.toml"
    told = (ROOT / "examples/transfer/pretrain.toml").read_text(encoding="utf-8")
    file.write_text(told.replace('"VOCAB"', '"bytes"').replace('"TEXT"', f'"{text}"'), encoding="utf-8")
    first, second = tmp_path / "pretrained", tmp_path / "transfer"
    done = t5eval("train", "--config", file, "--out", first, *FEW)
    assert done.status == 0, done.err
    assert "text loss per byte validation at step 2" in done.out
    places = ("--model", first / "model", "--data-dir", suite_folder(), "--out", second)
    done = t5eval("train", "--config", ROOT / "examples/transfer/fine_tune.toml", *places, *FEW)
    assert done.status == 0, done.err
    assert "glue/sst2 validation at step 2" in done.out
