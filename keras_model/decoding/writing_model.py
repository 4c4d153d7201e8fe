"""How a T5 writes: `generate`, from texts or ids."""

import os
from typing import Any

import numpy as np

from keras_model.config import T5Config
from keras_model.decoding.beginning import members_of
from keras_model.decoding.exporting import export_saved_model
from keras_model.decoding.generator import Generator
from keras_model.model import T5Network
from keras_model.preprocessing.preprocessor import T5Preprocessor
from keras_model.preprocessing.text_data import NO_PREPROCESSOR, is_text
from keras_model.tokenizers.loading import require_ids_of
from keras_model.tokenizers.tokenizer import Tokenizer


class Writer:
    """What has `generate`, and a preprocessor: a T5, or an ensemble of several."""

    config: T5Config
    _preprocessor: T5Preprocessor | None = None
    _generator: Any = None

    @property
    def preprocessor(self) -> T5Preprocessor | None:
        """What makes ids of texts and texts of ids; None for a model that takes and returns ids alone.

        Setting it raises a ValueError where its ids are not the model's.
        """
        return self._preprocessor

    @preprocessor.setter
    def preprocessor(self, value: T5Preprocessor | None) -> None:
        if value is not None:
            require_ids_of(self.config, value.tokenizer, "the preprocessor")
            if value.decoder_start_token_id != (start := self.config.decoder_start_token_id):
                raise ValueError(
                    f"the model's decoder starts with id {start}, the preprocessor's with "
                    f"{value.decoder_start_token_id}: T5Preprocessor(..., decoder_start_token_id={start})."
                )
        self._preprocessor = value

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The preprocessor's; setting it sets a `T5Preprocessor` of it, with the usual lengths."""
        return None if self.preprocessor is None else self.preprocessor.tokenizer

    @tokenizer.setter
    def tokenizer(self, value: Tokenizer | None) -> None:
        start = self.config.decoder_start_token_id
        self.preprocessor = None if value is None else T5Preprocessor(value, decoder_start_token_id=start)

    def generate(
        self,
        inputs: Any,
        max_new_tokens: int = 128,
        *,
        method: str = "greedy",
        batch_size: int = 32,
        **options: Any,
    ) -> str | list[str] | np.ndarray:
        """Generates from texts or ids, with the weights as they are now.

        Args:
            inputs: a text or texts, if there is a `preprocessor`, in whatever holds them; or int [rows, source], each
                row ended by the end-of-sequence id and padded with pad_token_id.
            max_new_tokens: int. Tokens of an output at most, the end-of-sequence id among them. Defaults to 128.
            method: `"greedy"`, `"sample"` or `"beam"`, which returns its best text. Defaults to "greedy".
            batch_size: int. Rows at a time. Defaults to 32.
            **options: the further arguments of `Generator.greedy`, `sample` or `beam` (`keras_model.decoding`):
                temperature, top_k, top_p, seed; beam_size, alpha; prefix.

        Returns:
            A text for a text, a list for several; int32 [rows, max_new_tokens] for ids, padded after the end.

        Raises:
            ValueError: texts are given, but there is no preprocessor; or an argument is out of range.
        """
        if method not in ("greedy", "sample", "beam"):
            raise ValueError(f"method must be greedy, sample or beam. Received: method={method!r}")
        if isinstance(inputs, str):
            return self.generate([inputs], max_new_tokens, method=method, batch_size=batch_size, **options)[0]
        texts = self.preprocessor if is_text(inputs) or len(inputs) == 0 else None
        if texts is not None:
            encoded = texts.generate_preprocess(inputs)
            texts.tell()
            longest = max(encoded.lengths, default=0)
            ids = encoded.padded(longest, self.config.pad_token_id)
        elif is_text(inputs):
            raise ValueError(f"{NO_PREPROCESSOR} Without one, pass int ids [rows, source].")
        else:
            ids = np.asarray(inputs, np.int32)
        run = getattr(self._current_generator(), method)
        parts = []
        for start in range(0, len(ids), batch_size):
            batch = ids[start : start + batch_size]
            # What a row draws goes by its number among all, whatever the batch.
            numbers = {"rows": range(start, start + len(batch))} if method == "sample" else {}
            generated = run(batch, max_new_tokens, **numbers, **options)
            parts.append(generated[0][:, 0] if method == "beam" else generated)
        result = np.concatenate(parts) if parts else np.zeros((0, max_new_tokens), np.int32)
        return result if texts is None else texts.generate_postprocess(result)

    def _current_generator(self) -> Any:
        """The compiled decoder, made anew if another tokenizer was set, or weights were added."""
        limit = None if self.tokenizer is None else self.tokenizer.vocab_size
        model: Any = self  # a network, or several
        made_of = (limit, len([weight for member in members_of(model) for weight in member.weights]))
        if self._generator is None or self._generator[0] != made_of:
            self._generator = (made_of, Generator(model, emit_limit=limit))
        return self._generator[1]


class WritingModel(Writer, T5Network):
    """The network with `generate`."""

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        *,
        max_new_tokens: int = 128,
        **options: Any,
    ) -> None:
        """Writes a SavedModel with the forward pass, `serve`, and greedy generation, `generate`, of ids.

        See `keras_model.decoding.exporting`. It needs no call before, and no code of this package afterwards.

        Args:
            filepath: the folder.
            format: `"tf_saved_model"`, the only one.
            verbose: whether the endpoints are printed, with every variable. Defaults to no.
            max_new_tokens: int. Tokens of an output of `generate` at most. Defaults to 128.

        Raises:
            ValueError: something else is asked for.
        """
        if format != "tf_saved_model":
            raise ValueError(
                f'a T5 is exported as a SavedModel alone, format="tf_saved_model": the cached decoder has no {format} '
                "form; save_to_preset writes a folder from which transformers' exporters go on. "
                f"Received: format={format!r}"
            )
        if options:
            raise ValueError(
                "a SavedModel holds the forward pass and greedy generation, from ids to ids: beam search, sampling, "
                f"prefixes and texts are model.generate's. Received: {', '.join(options)}"
            )
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens must be at least 1. Received: max_new_tokens={max_new_tokens}")
        export_saved_model(self, filepath, max_new_tokens, self._current_generator().emit_limit, verbose)
