"""Reading and writing T5 checkpoints; importing this imports neither TensorFlow nor Keras.

`formats` is the table of the formats that are read, each a module of its own that hands its tensors, under Hugging
Face's names, to `weights.assign`. `huggingface` is also the format that is written.
"""

from keras_model.checkpoints.adapters import save_adapters
from keras_model.checkpoints.checkpoint import Checkpoint
from keras_model.checkpoints.fingerprint import model_fingerprint
from keras_model.checkpoints.formats.huggingface import save_model
from keras_model.checkpoints.opening import load_model, open_checkpoint
from keras_model.checkpoints.tokenizer_of import load_tokenizer
from keras_model.files.model_folder import CheckpointError

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "load_model",
    "load_tokenizer",
    "model_fingerprint",
    "open_checkpoint",
    "save_adapters",
    "save_model",
]
