"""The Keras T5: model, tokenizer, checkpoints, decoding and training.

In come checkpoints, token ids and texts; out come logits, texts and checkpoints. It imports nothing of ours. What a
user imports stands here, and nothing is imported before it is used: a tokenizer needs no TensorFlow. Where Keras is
imported, before or after, `keras.saving.load_model` knows the classes here.
"""

from __future__ import annotations

import os
import platform
from importlib import import_module
from typing import TYPE_CHECKING, Any

from keras_model.registration import register_with_keras

if TYPE_CHECKING:
    from keras_model.checkpoints.adapters import save_adapters as save_adapters
    from keras_model.checkpoints.fingerprint import base_at as base_at
    from keras_model.checkpoints.formats.huggingface import save_model as save_model
    from keras_model.checkpoints.formats.keras_hub_writer import save_preset as save_preset
    from keras_model.checkpoints.tokenizer_of import load_tokenizer as load_tokenizer
    from keras_model.config import ConfigError as ConfigError
    from keras_model.config import T5Config as T5Config
    from keras_model.data.batch_plan import BatchPlan as BatchPlan
    from keras_model.data.batches import batch_dataset as batch_dataset
    from keras_model.data.objectives import Objective as Objective
    from keras_model.data.records import open_records as open_records
    from keras_model.data.records import read_manifest as read_manifest
    from keras_model.data.text_files import text_pairs as text_pairs
    from keras_model.decoding.ensemble import Ensemble as Ensemble
    from keras_model.decoding.generator import Generator as Generator
    from keras_model.distribution.strategies import open_strategy as open_strategy
    from keras_model.files.model_folder import CheckpointError as CheckpointError
    from keras_model.preprocessing.preprocessor import T5Preprocessor as T5Preprocessor
    from keras_model.t5 import T5 as T5
    from keras_model.t5 import load_model as load_model
    from keras_model.tokenizers.byte_tokenizer import ByteTokenizer as ByteTokenizer
    from keras_model.tokenizers.sentencepiece import T5Tokenizer as T5Tokenizer
    from keras_model.training.adafactor import Adafactor as Adafactor
    from keras_model.training.losses import TokenAccuracy as TokenAccuracy
    from keras_model.training.losses import TokenCrossEntropy as TokenCrossEntropy
    from keras_model.training.step_memory import StepMemory as StepMemory
    from keras_model.training.step_memory import step_memory as step_memory
    from keras_model.training_run.fit import fit as fit
    from keras_model.training_run.fit_settings import TrainSettings as TrainSettings

_HOMES = {
    "Adafactor": "keras_model.training.adafactor",
    "BatchPlan": "keras_model.data.batch_plan",
    "ByteTokenizer": "keras_model.tokenizers.byte_tokenizer",
    "CheckpointError": "keras_model.files.model_folder",
    "ConfigError": "keras_model.config",
    "Ensemble": "keras_model.decoding.ensemble",
    "Generator": "keras_model.decoding.generator",
    "Objective": "keras_model.data.objectives",
    "StepMemory": "keras_model.training.step_memory",
    "T5": "keras_model.t5",
    "T5Config": "keras_model.config",
    "T5Preprocessor": "keras_model.preprocessing.preprocessor",
    "T5Tokenizer": "keras_model.tokenizers.sentencepiece",
    "TokenAccuracy": "keras_model.training.losses",
    "TokenCrossEntropy": "keras_model.training.losses",
    "TrainSettings": "keras_model.training_run.fit_settings",
    "base_at": "keras_model.checkpoints.fingerprint",
    "batch_dataset": "keras_model.data.batches",
    "fit": "keras_model.training_run.fit",
    "load_model": "keras_model.t5",
    "load_tokenizer": "keras_model.checkpoints.tokenizer_of",
    "open_records": "keras_model.data.records",
    "open_strategy": "keras_model.distribution.strategies",
    "read_manifest": "keras_model.data.records",
    "save_adapters": "keras_model.checkpoints.adapters",
    "save_model": "keras_model.checkpoints.formats.huggingface",
    "save_preset": "keras_model.checkpoints.formats.keras_hub_writer",
    "step_memory": "keras_model.training.step_memory",
    "text_pairs": "keras_model.data.text_files",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    register_with_keras()
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


if platform.machine().lower() in ("x86_64", "amd64"):
    # TensorFlow looks for this when it is imported. By itself it takes oneDNN's products, and the allocator that keeps
    # what is freed, only on processors with instructions for neural networks; others gain as much.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

register_with_keras()
