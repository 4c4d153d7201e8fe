"""`T5`, the Keras model that a user builds, compiles, fits and generates with."""

from keras_model.adapted_model import AdaptedModel
from keras_model.backend import keras
from keras_model.decoding.writing_model import WritingModel
from keras_model.training.token_exact_model import TokenExactModel


@keras.saving.register_keras_serializable("t5eval")
class T5(TokenExactModel, WritingModel, AdaptedModel):
    """The network (`T5Network` tells its arguments and calls), with its training step and its way to write."""
