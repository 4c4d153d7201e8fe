"""A T5 as a SavedModel, which TensorFlow alone runs: the forward pass, and greedy generation."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf

from keras_model.backend import keras
from keras_model.decoding.cross_attention import memory_for
from keras_model.decoding.search import FREE, NOT_FINITE, greedy_choice, search
from keras_model.model import T5Network

Tensor = Any


def export_saved_model(
    model: T5Network,
    filepath: str | os.PathLike[str],
    max_new_tokens: int,
    emit_limit: int,
    verbose: bool | None = None,
) -> None:
    """Writes a SavedModel with the endpoints `serve`, which is `serving_default` too, and `generate`.

    Shapes are left open in both; the inputs are int32 and padded with the model's pad_token_id.

    - `serve({"encoder_ids": [batch, source], "decoder_ids": [batch, target]})` is the forward pass: logits, float32
      [batch, target, vocab_size].
    - `generate(encoder_ids)`, int32 [batch, source], is `model.generate`, greedy: int32 [batch, max_new_tokens], padded
      after the end of sequence. Logits that are not finite are an error there too.

    Args:
        filepath: the folder.
        max_new_tokens: int. Tokens of an output at most, the end-of-sequence id among them.
        emit_limit: integer. Ids from it on are never generated.
        verbose: bool. Whether the endpoints are printed, with every variable. Defaults to no.
    """

    def generate(encoder_ids: Tensor) -> Tensor:
        shape = (tf.shape(encoder_ids)[0], max_new_tokens)
        memory = memory_for(max_new_tokens, model.config, static=False)
        ids = search(
            model, greedy_choice, emit_limit, memory, False, encoder_ids, tf.fill(shape, FREE), tf.zeros(shape)
        )
        finite = tf.debugging.assert_none_equal(ids, NOT_FINITE, message="the model computes NaN or infinity as logits")
        with tf.control_dependencies([finite]):
            return tf.ensure_shape(ids, (None, max_new_tokens))

    def ids(name: str) -> tf.TensorSpec:
        return tf.TensorSpec([None, None], tf.int32, name)

    archive = keras.export.ExportArchive()
    archive.track(model)
    inputs = {"encoder_ids": ids("encoder_ids"), "decoder_ids": ids("decoder_ids")}
    archive.add_endpoint("serve", lambda inputs: model(inputs, training=False), [inputs])
    archive.add_endpoint("generate", generate, [ids("encoder_ids")])
    archive.write_out(os.fspath(filepath), verbose=bool(verbose))
