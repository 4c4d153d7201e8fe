"""How a T5 writes: `generate`, from texts or ids."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_model.data.batches import RaggedIds
from keras_model.decoding.generator import Generator
from keras_model.model import T5Network
from keras_model.tokenizers.tokenizer import Tokenizer


class WritingModel(T5Network):
    """The network with `generate`."""

    tokenizer: Tokenizer | None = None
    """Set it, and `generate` takes and returns texts."""
    _generator: Any = None

    def generate(
        self,
        inputs: str | Sequence[str] | np.ndarray,
        max_new_tokens: int = 128,
        *,
        method: str = "greedy",
        batch_size: int = 32,
        **options: Any,
    ) -> str | list[str] | np.ndarray:
        """Generates from texts or ids, with the weights as they are now.

        Args:
            inputs: a text or texts, if there is a `tokenizer`; or int [rows, source], each row ended by the
                end-of-sequence id and padded with pad_token_id.
            max_new_tokens: int. Tokens of an output at most, the end-of-sequence id among them. Defaults to 128.
            method: `"greedy"`, `"sample"` or `"beam"`, which returns its best text. Defaults to "greedy".
            batch_size: int. Rows at a time. Defaults to 32.
            **options: the further arguments of `Generator.greedy`, `sample` or `beam` (`keras_model.decoding`):
                temperature, top_k, top_p, seed; beam_size, alpha; prefix.

        Returns:
            A text for a text, a list for several; int32 [rows, max_new_tokens] for ids, padded after the end.

        Raises:
            ValueError: texts are given, but there is no tokenizer; or an argument is out of range.
        """
        if method not in ("greedy", "sample", "beam"):
            raise ValueError(f"method must be greedy, sample or beam. Received: method={method!r}")
        if isinstance(inputs, str):
            return self.generate([inputs], max_new_tokens, method=method, batch_size=batch_size, **options)[0]
        if isinstance(inputs, np.ndarray) or tf.is_tensor(inputs):
            texts, ids = None, np.asarray(inputs, np.int32)
        elif self.tokenizer is None:
            raise ValueError("to generate from texts, set model.tokenizer; without one, pass int ids [rows, source]")
        else:
            texts = self.tokenizer
            encoded = RaggedIds.from_sequences(texts.encode(list(inputs)))
            ids = encoded.padded(max(encoded.lengths, default=0), texts.pad_id)
        run = getattr(self._current_generator(), method)
        parts = []
        for start in range(0, len(ids), batch_size):
            batch = ids[start : start + batch_size]
            # What a row draws goes by its number among all, whatever the batch.
            numbers = {"rows": range(start, start + len(batch))} if method == "sample" else {}
            generated = run(batch, max_new_tokens, **numbers, **options)
            parts.append(generated[0][:, 0] if method == "beam" else generated)
        result = np.concatenate(parts) if parts else np.zeros((0, max_new_tokens), np.int32)
        return result if texts is None else texts.decode(result)

    def _current_generator(self) -> Any:
        """The compiled decoder, made anew if another tokenizer was set, or weights were added."""
        limit = None if self.tokenizer is None else self.tokenizer.vocab_size
        made_of = (limit, len(self.weights))
        if self._generator is None or self._generator[0] != made_of:
            self._generator = (made_of, Generator(self, emit_limit=limit))
        return self._generator[1]
