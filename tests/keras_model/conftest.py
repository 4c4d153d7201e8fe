"""What make_references.py stored, as the tests use it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent / "references"


class References:
    """The stored references, read by name and prefix."""

    def arrays(self, name: str, prefix: str) -> dict[str, np.ndarray]:
        """The arrays of a file under a prefix, without it."""
        with np.load(FOLDER / f"{name}.npz") as file:
            names = [key for key in file.files if key.startswith(f"{prefix}/")]
            return {key.removeprefix(f"{prefix}/"): file[key] for key in names}

    def config(self, family: str) -> dict:
        with np.load(FOLDER / f"{family}.npz") as file:
            return json.loads(str(file["config"]))

    def tensors(self, family: str) -> dict[str, np.ndarray]:
        return self.arrays(family, "weights")

    def write_folder(self, folder: Path, config: dict, weights: dict[str, np.ndarray]) -> Path:
        """A model folder as Hugging Face lays it out, written with safetensors alone."""
        from safetensors.numpy import save_file

        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, folder / "model.safetensors")
        return folder

    def family_folder(self, folder: Path, family: str) -> Path:
        """The random model of a family as a model folder."""
        return self.write_folder(folder, self.config(family), self.tensors(family))


@pytest.fixture(scope="session")
def references() -> References:
    return References()
