"""Given texts' log-probabilities in one pass: of the same answers to each input, which share what they begin with, or
of each input's own text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_model.config import T5Config
from keras_model.decoding.beginning import Network, members_of
from keras_model.decoding.cached_decoder import head_input, head_matrix
from keras_model.decoding.encoding import SLICE_TOKENS, encode, padding_first, source_mask
from keras_model.decoding.slices import in_slices
from keras_model.model import T5Network

Tensor = Any

SLICE_LOGITS = 256
"""Decoder positions whose logits are in memory together."""


class AnswerTree(NamedTuple):
    """Answers as a tree of their beginnings: each node is what the decoder reads after one of them.

    Three labels of four tokens have at most ten different beginnings, the empty one among them, instead of twelve; the
    classes of most tasks share more.
    """

    ids: np.ndarray
    """int32 [nodes], the token that each node reads; the first is the root, which reads the start token."""
    depths: np.ndarray
    """int32 [nodes], its position."""
    sees: np.ndarray
    """bool [nodes, nodes], whether a node (first) attends to another: to those on its way from the root, and itself."""
    nodes: np.ndarray
    """int32 [answers, tokens], the node that predicts each token of each answer."""
    tokens: np.ndarray
    """int32 [answers, tokens], the tokens; -1 after the end of a shorter answer."""

    @classmethod
    def of(cls, answers: Sequence[Sequence[int]], config: T5Config) -> AnswerTree:
        """The tree of some answers.

        Raises:
            ValueError: there is no answer, one is empty, or one has an id that the model does not have.
        """
        if not answers or not all(len(answer) for answer in answers):
            raise ValueError(f"rank needs at least one answer, none of them empty. Received: {list(answers)}")
        longest = max(map(len, answers))
        nodes, tokens = np.zeros((len(answers), longest), np.int32), np.full((len(answers), longest), -1, np.int32)
        places: dict[tuple[int, ...], int] = {(): 0}
        for row, answer in enumerate(answers):
            for i, token in enumerate(answer):
                if not 0 <= token < config.vocab_size:
                    raise ValueError(f"an answer's ids are in [0, {config.vocab_size}). Received: {token}")
                nodes[row, i] = places.setdefault(tuple(answer[:i]), len(places))
                tokens[row, i] = token
        sees = np.zeros((len(places), len(places)), bool)
        for beginning, place in places.items():
            for length in range(len(beginning) + 1):
                sees[place, places[beginning[:length]]] = True
        ids = [config.decoder_start_token_id, *(beginning[-1] for beginning in places if beginning)]
        return cls(np.array(ids, np.int32), np.array([*map(len, places)], np.int32), sees, nodes, tokens)


def _hidden(model: T5Network, encoder_ids: Tensor, tree: AnswerTree, static: bool) -> Tensor:
    """The decoder's output for each node of a tree, [batch, nodes, d_model]."""
    mask = model.padding_mask(encoder_ids)
    if not model.config.has_encoder:
        return _read_on(model, encoder_ids, mask, tree, static)
    encoded = encode(model, encoder_ids, mask, static)
    embedded = model.token_embedding(tf.tile(tree.ids[tf.newaxis], (tf.shape(encoder_ids)[0], 1)))
    return model.decoder(embedded, tree.depths[tf.newaxis], tree.sees[tf.newaxis], encoded, mask[:, tf.newaxis])


def _read_on(model: T5Network, encoder_ids: Tensor, mask: Tensor, tree: AnswerTree, static: bool) -> Tensor:
    """The same, of a decoder alone, which reads the tree after the source; padding stands before both."""
    source, nodes = tf.shape(encoder_ids)[1], tf.size(tree.ids)
    places = tf.range(source)[tf.newaxis]
    positions = tf.concat([places, source + tree.depths[tf.newaxis]], axis=1)

    def read(ids: Tensor, mask: Tensor) -> Tensor:
        batch = tf.shape(ids)[0]
        ids, mask = padding_first(ids, mask)
        ids = tf.concat([ids, tf.tile(tree.ids[tf.newaxis], (batch, 1))], axis=1)
        of_source = tf.pad(source_mask(model, places, mask), [[0, 0], [0, 0], [0, nodes]])
        of_nodes = [tf.tile(mask[:, tf.newaxis], (1, nodes, 1)), tf.tile(tree.sees[tf.newaxis], (batch, 1, 1))]
        sees = tf.concat([of_source, tf.concat(of_nodes, axis=2)], axis=1)  # [batch, source + nodes, source + nodes]
        return model.decoder(model.token_embedding(ids), positions, sees)[:, source:]

    if static:
        return read(encoder_ids, mask)
    hidden = in_slices(read, (encoder_ids, mask), tf.maximum(1, SLICE_TOKENS // (source + nodes)), model.compute_dtype)
    return tf.ensure_shape(hidden, (None, None, model.config.d_model))


def log_likelihoods(model: Network, encoder_ids: Tensor, tree: AnswerTree, static: bool) -> Tensor:
    """The log-probability of each answer of a tree; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        tree: the answers, as tensors.
        static: whether XLA compiles the function.

    Returns:
        float32 [batch, answers].
    """
    batch, size = tf.shape(encoder_ids)[0], tf.size(tree.ids)
    members = members_of(model)
    # The mean of the members' logits is one product: of their states side by side with their heads below one another.
    states = [head_input(member, _hidden(member, encoder_ids, tree, static)) / len(members) for member in members]
    hidden = tf.concat(states, axis=-1)  # [batch, nodes, d_model of all]
    head = tf.concat([head_matrix(member, model.config.vocab_size) for member in members], axis=0)

    def normaliser(rows: Tensor) -> Tensor:
        return tf.reduce_logsumexp(tf.matmul(rows, head), axis=-1)

    flat = tf.reshape(hidden, (batch * size, head.shape[0]))
    normalisers = normaliser(flat) if static else in_slices(normaliser, (flat,), SLICE_LOGITS, tf.float32)
    normalisers = tf.gather(tf.reshape(normalisers, (batch, size)), tree.nodes, axis=1)  # [batch, answers, tokens]

    states = tf.gather(hidden, tree.nodes, axis=1)  # [batch, answers, tokens, d_model of all]
    columns = tf.transpose(tf.gather(head, tf.maximum(tree.tokens, 0), axis=1), (1, 2, 0))  # [answers, tokens, ...]
    found = tf.reduce_sum(states * columns, axis=-1) - normalisers
    return tf.reduce_sum(tf.where(tree.tokens >= 0, found, 0.0), axis=-1)


def own_log_likelihoods(model: Network, encoder_ids: Tensor, targets: Tensor, static: bool) -> Tensor:
    """The log-probability of each input's own text; to be called inside a `tf.function`.

    Args:
        encoder_ids: int [batch, source], padded.
        targets: int [batch, target], padded, the end of sequence included.
        static: whether XLA compiles the function.

    Returns:
        float32 [batch].
    """
    config, members = model.config, members_of(model)
    start = tf.fill((tf.shape(targets)[0], 1), config.decoder_start_token_id)
    decoder_ids = tf.concat([start, targets[:, :-1]], axis=1)

    def decoded(member: T5Network) -> Tensor:
        mask = member.padding_mask(encoder_ids)
        if member.config.has_encoder:
            hidden = member.decode(decoder_ids, encode(member, encoder_ids, mask, static), mask, logits=False)
        else:
            hidden = member({"encoder_ids": encoder_ids, "decoder_ids": decoder_ids}, logits=False)
        return head_input(member, hidden) / len(members)

    hidden = tf.concat([decoded(member) for member in members], axis=-1)
    head = tf.concat([head_matrix(member, config.vocab_size) for member in members], axis=0)

    def found(rows: Tensor, ids: Tensor) -> Tensor:
        logits = tf.matmul(rows, head)
        return tf.gather(logits, ids, batch_dims=1) - tf.reduce_logsumexp(logits, axis=-1)

    flat = tf.reshape(hidden, (-1, head.shape[0])), tf.reshape(targets, (-1,))
    tokens = found(*flat) if static else in_slices(found, flat, SLICE_LOGITS, tf.float32)
    tokens = tf.reshape(tokens, tf.shape(targets))
    return tf.reduce_sum(tf.where(targets == config.pad_token_id, 0.0, tokens), axis=1)
