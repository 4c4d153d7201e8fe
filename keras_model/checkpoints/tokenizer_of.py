"""The tokenizer of a checkpoint of any format. Imports no TensorFlow."""

import os
from pathlib import Path

from keras_model.checkpoints.adapters import CONFIG_FILE, find_base
from keras_model.tokenizers import loading
from keras_model.tokenizers.loading import NoTokenizerError
from keras_model.tokenizers.tokenizer import Tokenizer


def load_tokenizer(folder: str | os.PathLike[str] | None, vocab: str | os.PathLike[str] | None = None) -> Tokenizer:
    """The tokenizer of a checkpoint; of LoRA or adapters without one of their own, their base's.

    Args:
        folder: see `keras_model.tokenizers.loading.load_tokenizer`.
        vocab: likewise.

    Raises:
        NoTokenizerError: there is no tokenizer.
        CheckpointError: what is there cannot be used, or the base is not there.
    """
    try:
        return loading.load_tokenizer(folder, vocab)
    except NoTokenizerError:
        if folder is None or not (Path(folder) / CONFIG_FILE).is_file():
            raise
        return loading.load_tokenizer(find_base(Path(folder)), vocab)
