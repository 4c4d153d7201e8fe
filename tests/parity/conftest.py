"""Live comparison with transformers: how a folder of ours is run there, with as little noise as possible."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

MAKE_REFERENCES = Path(__file__).parents[1] / "keras_model" / "make_references.py"


class Transformers:
    """A model folder run by transformers on NumPy arrays.

    Args:
        folder: a folder with config.json and model.safetensors.
        dtype: "float32" or "float64".
    """

    def __init__(self, folder: Path, dtype: str = "float32") -> None:
        import torch
        import transformers

        torch.set_num_threads(1)  # many times faster for models of this size
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        model = transformers.T5ForConditionalGeneration.from_pretrained(folder, dtype=getattr(torch, dtype))
        self.model = model.eval()

    def _inputs(self, encoder_ids: np.ndarray) -> dict:
        import torch

        mask = (encoder_ids != self.model.config.pad_token_id).astype(np.int64)
        return {"input_ids": torch.tensor(encoder_ids.astype(np.int64)), "attention_mask": torch.tensor(mask)}

    def logits(self, encoder_ids: np.ndarray, decoder_ids: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            decoder_ids = torch.tensor(decoder_ids.astype(np.int64))
            return self.model(**self._inputs(encoder_ids), decoder_input_ids=decoder_ids).logits.numpy()

    def greedy(self, encoder_ids: np.ndarray, steps: int) -> np.ndarray:
        """Greedy ids without the start token, padded to `steps`."""
        import torch

        with torch.no_grad():
            ids = self.model.generate(
                **self._inputs(encoder_ids),
                do_sample=False,
                num_beams=1,
                decoder_start_token_id=0,
                max_new_tokens=steps,
            ).numpy()[:, 1:]
        return np.pad(ids, ((0, 0), (0, steps - ids.shape[1])))


@pytest.fixture(scope="session", autouse=True)
def _quiet_imports():
    """torch and transformers warn of their own internals when they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch  # noqa: F401
        import transformers  # noqa: F401


@pytest.fixture(scope="session")
def transformers_model() -> type[Transformers]:
    return Transformers


@pytest.fixture(scope="session")
def make_references():
    """The module that makes the stored references, for its random models."""
    spec = importlib.util.spec_from_file_location("make_references", MAKE_REFERENCES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def random_folder(make_references, tmp_path_factory):
    """Random models of both families that transformers wrote: `random_folder(family, seed)` -> folder."""
    written: dict[tuple[str, int], Path] = {}

    def folder(family: str, seed: int) -> Path:
        if (family, seed) not in written:
            path = tmp_path_factory.mktemp(family)
            make_references.random_folder(family, path, seed)
            written[family, seed] = path
        return written[family, seed]

    return folder
