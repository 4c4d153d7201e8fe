"""The models that `--model` can name, one module for each kind."""

from t5eval.predictors.named import ModelOptions, NamedModel
from t5eval.predictors.opening import open_model

__all__ = ["ModelOptions", "NamedModel", "open_model"]
