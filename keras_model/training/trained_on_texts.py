"""`fit` and `evaluate` on texts, which a preprocessor makes into batches of ids."""

from __future__ import annotations

import math
from typing import Any

from keras_model.backend import keras
from keras_model.distribution.strategies import compiles_shapes
from keras_model.preprocessing.preprocessor import T5Preprocessor, pair_of
from keras_model.preprocessing.text_data import NO_PREPROCESSOR, is_text, text_batches
from keras_model.training.token_exact_model import TokenExactModel

COMPILED_MULTIPLE = 64
"""What lengths of batches are rounded up to where every shape is compiled."""


class TrainedOnTexts(TokenExactModel):
    """Texts go through `preprocessor`; ids are taken as they are."""

    preprocessor: T5Preprocessor | None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        **options: Any,
    ) -> keras.callbacks.History:
        """See `keras.Model.fit`; x and y may be texts.

        Texts in memory are shuffled into batches of like lengths, in another order in each epoch and each call.

        Args:
            x: of texts, the sources: a list, a NumPy array, a column of pandas or of Hugging Face's datasets. Or both
                sides: a dict, DataFrame or dataset with the columns `encoder_text` and `decoder_text`, or a
                `tf.data.Dataset` of such dicts or of pairs of texts, batched or not.
            y: of texts, the targets.

        Raises:
            ValueError: texts are given, but there is no preprocessor, or there are no targets; or every weight of the
                model is frozen, as after `quantize`.
        """
        if not self.trainable_variables:
            raise ValueError("every weight of the model is frozen: there is nothing to train.")
        if is_text(x):
            if validation_split and validation_data is None:
                (x, y, sample_weight), validation_data = _split(x, y, sample_weight, validation_split)
            # Another one in each call, the same on every worker.
            seed = int(self.optimizer.iterations.numpy()) if shuffle and self.compiled else None
            x = self._batches(x, y, sample_weight, batch_size=batch_size, seed=seed)
            y, sample_weight, validation_split, shuffle = None, None, 0.0, False
        held_out = keras.utils.unpack_x_y_sample_weight(validation_data)
        if is_text(held_out[0]):
            own_size = options.get("validation_batch_size") or batch_size
            validation_data = self._batches(*held_out, batch_size=own_size)
        history = super().fit(
            x,
            y=y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            **options,
        )
        self._tell()
        return history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        **options: Any,
    ) -> Any:
        """See `keras.Model.evaluate`, and `fit` for texts."""
        if is_text(x):
            x = self._batches(x, y, sample_weight, batch_size=batch_size)
            y = sample_weight = None
        results = super().evaluate(
            x, y=y, batch_size=batch_size, verbose=verbose, sample_weight=sample_weight, **options
        )
        self._tell()
        return results

    def _batches(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int | None = None,
        seed: int | None = None,
    ) -> Any:
        if self.preprocessor is None:
            raise ValueError(NO_PREPROCESSOR)
        multiple = COMPILED_MULTIPLE if compiles_shapes(self.distribute_strategy) else 1
        found = text_batches(
            self.preprocessor, x, y, sample_weight, batch_size=batch_size, pad_multiple=multiple, seed=seed
        )
        self._tell()  # before the time is spent; of tf.data, which is tokenised on the way, at the end
        return found

    def _tell(self) -> None:
        if self.preprocessor is not None:
            self.preprocessor.tell()


def _split(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What is trained on, and the last share, which is held out, as Keras splits arrays."""
    if hasattr(x, "cardinality"):
        raise ValueError("validation_split is for texts in memory; give a tf.data.Dataset as validation_data.")
    sources, targets = pair_of(x, y)
    parts = [None if part is None else list(part) for part in (sources, targets, sample_weight)]
    at = math.floor(len(sources) * (1 - share))
    return tuple(part and part[:at] for part in parts), tuple(part and part[at:] for part in parts)
