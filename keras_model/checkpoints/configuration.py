"""The configuration of a checkpoint: from its config.json, or where it has none, from its tensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from keras_model.checkpoints.infer_config import infer_config
from keras_model.checkpoints.tensors import Tensors
from keras_model.checkpoints.weights import EMBEDDING, HEAD
from keras_model.config import T5Config
from keras_model.files.model_folder import CONFIG_FILE, read_config, read_json


def config_beside(checkpoint: Path) -> Path | None:
    """The config.json in a checkpoint's folder or else beside the checkpoint, or None."""
    candidates = (checkpoint / CONFIG_FILE, checkpoint.parent / CONFIG_FILE)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def configuration(config_file: Path | None, tensors: Tensors) -> T5Config:
    """The configuration in a file, which then has to fit the tensors, or the one that the tensors show.

    Raises:
        CheckpointError: the file is damaged or no T5's, or the tensors are no T5's.
    """
    if config_file is None:
        return infer_config(tensors)
    return settle_head(read_config(config_file), config_file, tensors)


def settle_head(config: T5Config, config_file: Path, tensors: Tensors) -> T5Config:
    """The configuration in a file, with what only the tensors tell where transformers 5 wrote it.

    It writes tie_word_embeddings=true for every model; whether there is a head of its own then shows in the tensors.
    """
    says_nothing = config.model_type != "t5" or read_json(config_file).get("scale_decoder_outputs") is not None
    if not (says_nothing and config.tie_word_embeddings and HEAD in tensors.names()):
        return config
    head_is_embedding = EMBEDDING in tensors.names() and np.array_equal(tensors.read(HEAD), tensors.read(EMBEDDING))
    # Version 5 drops the scaling of every mT5 and scales every umT5, tied or not; with a head there is none.
    scaled = config.scale_decoder_outputs if config.model_type == "t5" else head_is_embedding
    return dataclasses.replace(config, tie_word_embeddings=head_is_embedding, scale_decoder_outputs=scaled)
