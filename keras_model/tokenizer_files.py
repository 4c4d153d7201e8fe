"""The tokenizer that belongs to a checkpoint, found among its files. This module imports no TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path

from keras_model.model_folder import VOCABULARY_FILE, CheckpointError, read_json
from keras_model.tokenizer import T5Tokenizer
from keras_model.tokenizer_base import TOKENIZER_CONFIG_FILE, Tokenizer, TokenizerError


def load_tokenizer(folder: str | os.PathLike[str], vocab: str | None = None) -> Tokenizer:
    """The tokenizer of a model folder: `spiece.model`, with as many sentinels as `tokenizer_config.json` says (or 100).

    Args:
        folder: the model folder.
        vocab: the path of a SentencePiece model to use instead of what is in the folder. Defaults to none.

    Raises:
        CheckpointError: there is no `spiece.model`, or one of the files cannot be read.
    """
    folder = Path(folder)
    try:
        if vocab is not None:
            return T5Tokenizer(vocab)
        path = folder / VOCABULARY_FILE
        if not path.is_file():
            raise CheckpointError(
                f"{path}: not found. T5's tokenizer is read from the SentencePiece model of this name."
            )
        extra_ids: object = 100
        if (folder / TOKENIZER_CONFIG_FILE).is_file():
            extra_ids = read_json(folder / TOKENIZER_CONFIG_FILE).get("extra_ids", extra_ids)
        if isinstance(extra_ids, bool) or not isinstance(extra_ids, int) or extra_ids < 0:
            raise CheckpointError(f"{folder / TOKENIZER_CONFIG_FILE}: extra_ids must be 0 or more, got {extra_ids!r}.")
        return T5Tokenizer(path, extra_ids=extra_ids)
    except TokenizerError as error:
        raise CheckpointError(str(error)) from error
