"""Reading and writing T5 checkpoints.

`huggingface` holds the one folder layout there is so far, which is also our own; another format is a module beside it
that hands its tensors to `weights.assign`.
"""

from keras_model.checkpoints.huggingface import load_model, save_model
from keras_model.model_folder import CheckpointError, model_fingerprint
from keras_model.tokenizer_files import load_tokenizer

__all__ = ["CheckpointError", "load_model", "load_tokenizer", "model_fingerprint", "save_model"]
