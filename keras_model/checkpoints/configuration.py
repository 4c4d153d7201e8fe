"""The configuration of a checkpoint: from its config.json, or where it has none, from its tensors.

Tensors show every size, the number of buckets, whether the feed-forward layer is gated, whether the output head is the
embedding, and whether each layer has a position bias of its own (then it is a umT5). They do not show, and T5's own
values stand for: the activation (GELU where gated, else ReLU), the largest distance (128), the norms' epsilon (1e-6),
the dropout rate and the special ids. A umT5 of one layer cannot be told from a T5, and computes the same.
"""

import dataclasses
import re
from pathlib import Path

import numpy as np

from keras_model.checkpoints.tensors import Tensors
from keras_model.checkpoints.weights import EMBEDDING, EMBEDDING_COPIES, HEAD
from keras_model.config import ConfigError, T5Config
from keras_model.files.model_folder import CONFIG_FILE, CheckpointError, read_config, read_json

_BLOCK = re.compile(r"(encoder|decoder)\.block\.(\d+)\.")


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


def infer_config(tensors: Tensors) -> T5Config:
    """The configuration that a checkpoint's tensors show.

    Raises:
        CheckpointError: a tensor that would show it is missing or has an impossible shape.
    """
    names = set(tensors.names())
    attention = "encoder.block.0.layer.0.SelfAttention"
    feed_forward = "encoder.block.0.layer.1.DenseReluDense"
    embedding = next((name for name in (EMBEDDING, *EMBEDDING_COPIES) if name in names), EMBEDDING)
    vocab_size, d_model = _matrix(tensors, names, embedding)
    buckets, heads = _matrix(tensors, names, f"{attention}.relative_attention_bias.weight")
    inner, _ = _matrix(tensors, names, f"{attention}.q.weight")
    gated = f"{feed_forward}.wi_0.weight" in names
    d_ff, _ = _matrix(tensors, names, f"{feed_forward}.{'wi_0' if gated else 'wi'}.weight")
    if heads == 0 or inner % heads:
        raise CheckpointError(
            f"{tensors.source}: tensor {attention}.q.weight has {inner} rows, which {heads} heads do not share evenly."
        )
    biases = [
        f"{stack}.block.1.layer.0.SelfAttention.relative_attention_bias.weight" for stack in ("encoder", "decoder")
    ]
    try:
        return T5Config(
            model_type="umt5" if names.intersection(biases) else "t5",
            vocab_size=vocab_size,
            d_model=d_model,
            d_kv=inner // heads,
            d_ff=d_ff,
            num_layers=_layers(names, "encoder"),
            num_decoder_layers=_layers(names, "decoder"),
            num_heads=heads,
            relative_attention_num_buckets=buckets,
            feed_forward_proj="gated-gelu" if gated else "relu",
            tie_word_embeddings=HEAD not in names,
        )
    except ConfigError as error:
        raise CheckpointError(f"{tensors.source}: the tensors are no T5's: {error}") from error


def _matrix(tensors: Tensors, names: set[str], name: str) -> tuple[int, int]:
    if name not in names:
        raise CheckpointError(f"{tensors.source}: no config.json beside it, and no tensor {name} to infer one from.")
    shape = tensors.shape(name)
    if len(shape) != 2:
        raise CheckpointError(f"{tensors.source}: tensor {name}: expected two dimensions, got shape {shape}.")
    return shape


def _layers(names: set[str], stack: str) -> int:
    """How many blocks of a stack there are, counted without a gap."""
    found = {int(match[2]) for name in names if (match := _BLOCK.match(name)) and match[1] == stack}
    return next(number for number in range(len(found) + 1) if number not in found)
