"""Models that transformers does not have: it says so, instead of drawing at random the weights that it misses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from t5eval.predictors import open_model
from task_specs.support.errors import UserError
from tests.keras_model.models import ARCHITECTURES, make_model, sources

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    from keras_model import save_model

    config = ARCHITECTURES[name]
    save_model(make_model(config), tmp_path / "model")
    with pytest.raises(UserError, match=f"{config.model_type}-{config.architecture}"):
        open_model(f"hf:{tmp_path / 'model'}").predictor.prepare(["a"], 4)


def test_a_language_model_is_a_stack_of_transformers() -> None:
    """Its decoder, to which no encoder's output is given, reading source and target one after the other."""
    import torch
    from transformers import T5Config
    from transformers.models.t5.modeling_t5 import T5Stack

    from keras_model.checkpoints.weights import weights

    model = make_model(ARCHITECTURES["language model"])
    config = T5Config(**{**model.config.to_dict(), "is_decoder": True, "use_cache": False, "model_type": "t5"})
    stack = T5Stack(config).eval()
    named = {weight.name: torch.from_numpy(np.array(weight.to_stored())) for weight in weights(model)}
    tensors = {name.removeprefix("decoder."): value for name, value in named.items() if name.startswith("decoder.")}
    # Of its blocks the feed forward is the third layer, whether or not the second, cross-attention, is used.
    tensors = {name.replace(".layer.1.", ".layer.2."): value for name, value in tensors.items()}
    found = stack.load_state_dict({**tensors, "embed_tokens.weight": named["shared.weight"]}, strict=False)
    assert not found.unexpected_keys
    assert all(".layer.1." in name for name in found.missing_keys)
    source, target = sources(4, 11), sources(4, 7, seed=1)
    ours = np.asarray(model({"encoder_ids": source, "decoder_ids": target}, logits=False))
    for row, ids, read in zip(ours, source, target, strict=True):
        sequence = torch.from_numpy(np.concatenate([ids[ids != 0], read])[None].astype(np.int64))
        with torch.no_grad():
            theirs = stack(input_ids=sequence, attention_mask=torch.ones_like(sequence)).last_hidden_state
        np.testing.assert_allclose(row, theirs[0, -len(read) :].numpy(), atol=1e-4)
