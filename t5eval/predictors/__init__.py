"""The models that `--model` can name, one module for each kind."""

from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.prefixes import open_model

__all__ = ["ModelOptions", "NamedModel", "open_model"]
