"""The Keras T5 as a predictor. TensorFlow is imported when the first batch is generated, not before."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.predictors.halving import is_out_of_memory
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Sample, same_ids
from t5eval.runs.prediction import Ranking
from t5eval.support.stages import stage
from t5eval.support.strategy import open_strategy
from t5eval.support.tensorflow_import import import_keras_model
from t5eval.support.unchanged import Unchanged
from task_specs import Decode
from task_specs.support.errors import UserError, quoted

if TYPE_CHECKING:
    from keras_model.config import T5Config
    from keras_model.decoding.generator import Generator
    from keras_model.t5 import T5
    from keras_model.tokenizers.tokenizer import Tokenizer

DTYPES = ("float32", "bfloat16")
"""The precisions that can be asked for, by which Keras calls them, too: of the arithmetic, and of what is kept of the
weights. Normalisation, softmax and logits are computed in float32."""

UNPLANNED_LENGTHS = 64
"""What lengths are multiples of where shapes are compiled and nobody has planned them, as behind a cache."""


class KerasGenerator:
    """A Keras T5 in memory, with its tokenizer."""

    def __init__(self, generator: Generator, tokenizer: Tokenizer) -> None:
        self.generator = generator
        self.tokenizer = tokenizer

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        return _prepared(self.tokenizer, texts, max_tokens)

    def compiles_shapes(self) -> bool:
        """See `Compiling.compiles_shapes`."""
        return self.generator.jit_compile

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        ids = self._padded(batch)
        filled = [*batch, *[batch[-1]] * (len(ids) - len(batch))]
        with self._finite(batch):
            if isinstance(decode, Sample):
                generated = self.generator.sample(
                    ids,
                    max_new_tokens,
                    temperature=decode.temperature,
                    top_k=decode.top_k,
                    top_p=decode.top_p,
                    seed=decode.seed,
                    rows=[prepared.number for prepared in filled],
                )
            elif decode.method == "beam":
                found, _ = self.generator.beam(ids, max_new_tokens, decode.beam_size, decode.alpha)
                generated = found[:, 0]
            else:
                generated = self.generator.greedy(ids, max_new_tokens)
        generated = generated[: len(batch)]
        ended = (generated == self.tokenizer.eos_id).any(axis=1)
        texts = self.tokenizer.decode(generated.tolist())
        return [Generation(text, not bool(end)) for text, end in zip(texts, ended, strict=True)]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`."""
        ids = self.tokenizer.encode(answers)
        tokens = tuple(map(len, ids))
        with self._finite(batch):
            sums = self.generator.rank(self._padded(batch), ids)  # float32 [batch, answers]
        return [Ranking(tuple(row), tokens) for row in sums[: len(batch)].tolist()]

    def _padded(self, batch: Sequence[Prepared]) -> Any:
        """Returns the token ids of a batch, int32 [batch, longest], padded.

        Where shapes are compiled, [a power of two from the batch on, its room], with the last row again below it.
        """
        import numpy as np

        longest = max(p.length for p in batch)
        if self.compiles_shapes():
            longest = max(p.room or -(-p.length // UNPLANNED_LENGTHS) * UNPLANNED_LENGTHS for p in batch)
        ids = np.full((len(batch), longest), self.tokenizer.pad_id, dtype=np.int32)
        for row, prepared in zip(ids, batch, strict=True):
            row[: prepared.length] = prepared.payload
        if self.compiles_shapes():
            ids = np.pad(ids, [[0, compiled_rows(len(batch)) - len(batch)], [0, 0]], mode="edge")
        return ids

    @contextmanager
    def _finite(self, batch: Sequence[Prepared]) -> Iterator[None]:
        """Names the input for which the model's logits are NaN or infinite."""
        from keras_model.decoding.generator import NonFiniteLogitsError

        try:
            yield
        except NonFiniteLogitsError as error:
            text = self.tokenizer.decode([list(batch[error.row].payload)])[0]
            raise UserError(
                f"{error}; the input is {quoted(text)}. Its weights are damaged, or too large for the precision: "
                "try --dtype float32"
            ) from None


def compiled_rows(rows: int) -> int:
    """Returns how many rows a batch has where shapes are compiled: the next power of two."""
    return 1 << (rows - 1).bit_length()


def _prepared(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
    encoded, lengths = tokenizer.encode_with_lengths(texts, max_tokens)
    return [
        Prepared(ids, len(ids), length > max_tokens, same=same_ids(ids))
        for ids, length in zip(encoded, lengths, strict=True)
    ]


@contextmanager
def _room_for(checkpoint: Path) -> Iterator[None]:
    """Says of weights that do not fit on a device what else takes them."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{checkpoint}: its weights do not fit on one device, and no strategy of TensorFlow's shares weights out: "
            f"--model hf:{checkpoint} --dtype bfloat16, with the package accelerate, lays them over all GPUs here"
        ) from None


def tensorflow_devices() -> str:
    """Returns the names of the devices that TensorFlow runs on."""
    import tensorflow as tf

    devices: list[Any] = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU")
    return ", ".join(device.name for device in devices)


class KerasPredictor(Predictor):
    """A T5 from a checkpoint; the weights are loaded when they are needed.

    Args:
        checkpoint: a checkpoint of any format that `keras_model.checkpoints` reads.
        dtype: the precision of weights and arithmetic, one of `DTYPES`.
        vocab: the vocabulary, as `load_tokenizer` takes it; None for the one that lies in the checkpoint's folder.
        strategy: where it runs, as `--strategy` names it: each replica takes its share of each batch.
    """

    def __init__(
        self, checkpoint: Path, dtype: str = "float32", vocab: str | None = None, strategy: str = "none"
    ) -> None:
        self.checkpoint = checkpoint
        self.dtype = dtype
        self.vocab = vocab
        self.strategy = strategy

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Hashes of the model and of its vocabulary, and the precision.

        Raises:
            UserError: one of them cannot be read.
        """
        from keras_model.checkpoints.fingerprint import files_of_model, model_fingerprint
        from keras_model.tokenizers.loading import require_ids_of

        try:
            self._hashed = Unchanged(str(self.checkpoint), files_of_model(self.checkpoint))
            model, config = model_fingerprint(self.checkpoint), self.stated_config
            if config is not None:  # else it follows from the weights, when they are loaded
                require_ids_of(config, self.tokenizer, str(self.checkpoint))
        except ValueError as error:
            raise UserError(str(error)) from None
        return {"model": model, "vocabulary": self.tokenizer.fingerprint, "dtype": self.dtype}

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer. Raises UserError if there is none."""
        from keras_model.checkpoints import load_tokenizer

        try:
            return load_tokenizer(self.checkpoint, self.vocab)
        except ValueError as error:
            raise UserError(str(error)) from None

    @property
    def current(self) -> KerasPredictor:
        """What answers the split begun: itself."""
        return self

    @property
    def stated_config(self) -> T5Config | None:
        """The configuration in the checkpoint's file; None where it follows from the weights."""
        from keras_model.checkpoints.fingerprint import stated_config

        return stated_config(self.checkpoint)

    def load(self, strategy: Any) -> T5:
        """Returns the model, made under a strategy that was opened.

        Raises:
            UserError: it cannot be read, or is not the one whose hash is known.
        """
        self.identity  # noqa: B018  (what is loaded has to be what is hashed)
        import_keras_model()
        gc.collect()  # models that nobody has any more: circles, which Python would free some time
        from keras_model.distribution.strategies import scope
        from keras_model.t5 import load_model
        from keras_model.tokenizers.loading import require_ids_of

        try:
            with stage("loading the model"), scope(strategy), _room_for(self.checkpoint):
                model = load_model(self.checkpoint, dtype=self.dtype)
            require_ids_of(model.config, self.tokenizer, str(self.checkpoint))
        except ValueError as error:
            raise UserError(str(error)) from None
        self._hashed.require()
        return model

    @cached_property
    def _loaded(self) -> KerasGenerator:
        import_keras_model()  # before a strategy is opened
        model = self.load(open_strategy(self.strategy))
        from keras_model.decoding.generator import Generator

        return KerasGenerator(Generator(model, emit_limit=self.tokenizer.vocab_size), self.tokenizer)

    def release(self) -> None:
        """Lets go of the weights; they are loaded again when they are needed, and have to be the same."""
        self.__dict__.pop("_loaded", None)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`; where a cache has all answers, the weights are not needed."""
        return _prepared(self.tokenizer, texts, max_tokens)

    def compiles_shapes(self) -> bool:
        """See `Compiling.compiles_shapes`."""
        return self._loaded.compiles_shapes()

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        return self._loaded.generate(batch, max_new_tokens, decode)

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`."""
        return self._loaded.rank(batch, answers)

    def count_unwritable(self, texts: Sequence[str]) -> int:
        """See `Predictor.count_unwritable`."""
        return self.tokenizer.count_unknown(texts)

    def device(self) -> str | None:
        """Returns the devices that TensorFlow ran on, None if the model was not needed."""
        return tensorflow_devices() if "_loaded" in self.__dict__ else None
