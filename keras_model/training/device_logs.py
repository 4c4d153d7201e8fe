"""What callbacks are told of a step, left on the device until one of them looks at it.

Keras reads every number of every step, whoever asks: on an accelerator the host then waits for each step's end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from keras_model.backend import keras, require_methods

require_methods(keras.callbacks.CallbackList, "on_train_batch_end", "on_test_batch_end")
require_methods(keras.callbacks.ProgbarLogger, "_update_progbar", "_maybe_init_progbar")


class DeviceLogs(dict[str, Any]):
    """A step's numbers by name. Each is read when it is looked at, and is a float from then on.

    A number may also be a function without arguments, which is called when it is looked at.
    """

    def __init__(self, logs: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        for name, value in (logs or {}).items():
            # A metric of several numbers gives a dict of them, which Keras takes apart.
            self.update(value if isinstance(value, Mapping) else {name: value})

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if tf.is_tensor(value):
            value = self[name] = float(value)
        elif callable(value):
            value = self[name] = value()
        return value

    def __iter__(self) -> Iterator[str]:  # makes dict(logs) and {**logs} ask for each number
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 (dict.get gives what was not read)

    def unread(self, name: str) -> Any:
        """A number as it is: a tensor, unless it was read before."""
        return super().__getitem__(name)

    def values(self) -> Any:
        return [self[name] for name in self]

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def copy(self) -> dict[str, Any]:
        return dict(self)


class DeviceCallbacks(keras.callbacks.CallbackList):
    """Keras' list of callbacks, whose batches' logs are `DeviceLogs`."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = DeviceLogs(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        logs = DeviceLogs(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)


class ShownProgress(keras.callbacks.ProgbarLogger):
    """Keras' progress bar, which looks at numbers only when it draws them."""

    def _update_progbar(self, batch: int, logs: Any = None) -> None:
        self._maybe_init_progbar()
        self.seen = batch + 1
        bar = self.progbar
        if self.verbose == 1 and time.time() - bar._last_update >= bar.interval:
            bar.update(self.seen, list((logs or {}).items()), finalize=False)


def device_callbacks(
    model: keras.Model, callbacks: Any, *, verbose: Any, epochs: int, steps: int | None, history: bool
) -> DeviceCallbacks:
    """The list that `fit` (with a history) or `evaluate` would make of its arguments; a list that was made stays.

    Args:
        steps: batches of an epoch, which a progress bar counts up to; None where that is not known.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    found = keras.tree.flatten(callbacks) if callbacks else []
    if verbose != 0 and not any(isinstance(callback, keras.callbacks.ProgbarLogger) for callback in found):
        found.append(ShownProgress())
    return DeviceCallbacks(found, add_history=history, model=model, verbose=verbose, epochs=epochs, steps=steps)


def batches_of(data: Any, batch_size: int | None, validation_split: float = 0.0) -> int | None:
    """How many batches Keras makes of data in an epoch; None where that shows at the end."""
    if isinstance(data, tf.data.Dataset):
        return count if (count := int(data.cardinality())) >= 0 else None
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches
    shape = getattr(next(iter(keras.tree.flatten(data)), None), "shape", None)
    return -(-math.floor(shape[0] * (1 - validation_split)) // (batch_size or 32)) if shape else None
