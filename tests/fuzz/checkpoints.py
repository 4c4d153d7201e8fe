"""One small T5 in every form whose files need neither TensorFlow nor PyTorch to be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

from keras_model.checkpoints.formats.keras_hub import ARGUMENTS, H5_FILE, SHARDS_FILE
from keras_model.checkpoints.formats.keras_hub import places as preset_places
from keras_model.checkpoints.opening import open_checkpoint
from keras_model.checkpoints.weights import check, places, values
from keras_model.config import T5Config
from keras_model.files.model_folder import CheckpointError
from tests.fuzz.subjects import Subject
from tests.keras_model.foreign_checkpoints import t5x_parameters, write_t5x_file, write_t5x_folder

CONFIG = T5Config(
    vocab_size=16, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, feed_forward_proj="gated-gelu",
    tie_word_embeddings=False,
)  # fmt: skip


def weights(path: Path) -> dict[str, bytes]:
    checkpoint = open_checkpoint(path)
    check(checkpoint.config, checkpoint.tensors)
    return {name: value.astype(np.float32).tobytes() for name, value in values(checkpoint.config, checkpoint.tensors)}


def of_checkpoints(folder: Path) -> dict[str, Subject]:
    rng = np.random.default_rng(0)
    tensors = {place.name: rng.standard_normal(place.shape).astype(np.float32) for place in places(CONFIG)}
    arrays = t5x_parameters(tensors, heads=2)
    array = "target.encoder.layers_0.attention.query.kernel"

    def whole(place: Path) -> None:
        save_file(tensors, place / "model.safetensors")
        (place / "config.json").write_text(json.dumps(CONFIG.to_dict()))

    def shards(place: Path) -> None:
        (place / "config.json").write_text(json.dumps(CONFIG.to_dict()))
        held = {name: f"model-{number % 2}.safetensors" for number, name in enumerate(tensors)}
        for shard in set(held.values()):
            save_file({name: tensors[name] for name in held if held[name] == shard}, place / shard)
        (place / "model.safetensors.index.json").write_text(json.dumps({"weight_map": held}))

    def preset(place: Path, name: str) -> None:
        with h5py.File(place / name, "w") as file:
            for ours, theirs, transposed in preset_places(CONFIG):
                file[theirs] = tensors[ours].T if transposed else tensors[ours]
        arguments = {theirs: getattr(CONFIG, ours) for theirs, ours in ARGUMENTS.items()}
        arguments |= {"activation": "keras_hub>gelu_approximate", "use_gated_activation": True}
        backbone = {"class_name": "T5Backbone", "registered_name": "keras_hub>T5Backbone", "config": arguments}
        (place / "config.json").write_text(json.dumps(backbone))
        if name != H5_FILE:
            (place / SHARDS_FILE).write_text(json.dumps({"weight_map": {"a": name, "b": [name]}}))

    writers: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
        "safetensors": (whole, ("config.json", "model.safetensors")),
        "shards": (shards, ("model.safetensors.index.json", "model-1.safetensors")),
        "T5X file": (lambda place: write_t5x_file(place / "checkpoint_1", arrays), ("checkpoint_1",)),
        "T5X folder": (
            lambda place: write_t5x_folder(place / "checkpoint_1", arrays),
            tuple(f"checkpoint_1/{name}" for name in ("checkpoint", f"{array}/.zarray", f"{array}/1.0.0")),
        ),
        "T5X with blosc": (
            lambda place: write_t5x_folder(place / "checkpoint_1", arrays, "blosc"),
            (f"checkpoint_1/{array}/.zarray", f"checkpoint_1/{array}/0.0.0"),
        ),
        "KerasHub": (lambda place: preset(place, H5_FILE), ("config.json", H5_FILE)),
        "KerasHub's shards": (lambda place: preset(place, "model_00000.weights.h5"), (SHARDS_FILE,)),
    }
    expected = {name: value.tobytes() for name, value in tensors.items()}
    found = {}
    for form, (write, files) in writers.items():
        (folder / form).mkdir(parents=True)
        write(folder / form)
        for file in files:
            found[f"{form}: {file}"] = Subject(folder / form, (file,), weights, (CheckpointError,), expected)
    return found
