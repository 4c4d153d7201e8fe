"""From a checkpoint of any format to a folder of another, compared with the source tensor by tensor."""

import contextlib
import dataclasses
import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_model.checkpoints.checkpoint import Checkpoint
from keras_model.checkpoints.formats.huggingface import HUGGING_FACE, save_model
from keras_model.checkpoints.formats.keras_hub import KERAS_HUB
from keras_model.checkpoints.formats.keras_hub_writer import require_expressible, save_preset
from keras_model.checkpoints.opening import filled, format_of, open_checkpoint
from keras_model.checkpoints.tokenizer_of import load_tokenizer
from keras_model.checkpoints.weights import places, values
from keras_model.config import ENCODER_DECODER, T5Config
from keras_model.files.atomic import new_folder
from keras_model.files.model_folder import CheckpointError
from keras_model.tokenizers.loading import NoTokenizerError, require_ids_of
from keras_model.tokenizers.tokenizer import Tokenizer

Stage = Callable[[str, str], contextlib.AbstractContextManager[Callable[[int, int], None]]]


def _unseen(name: str, unit: str) -> contextlib.AbstractContextManager[Callable[[int, int], None]]:
    return contextlib.nullcontext(lambda done, total: None)


WRITERS: dict[str, Callable[..., None]] = {"huggingface": save_model, "keras_hub": save_preset}
"""The formats that are written, each with what writes a model and its tokenizer into a folder."""
WRITTEN = {"huggingface": HUGGING_FACE.name, "keras_hub": KERAS_HUB.name}
"""What each is called when it is read."""


@dataclasses.dataclass(frozen=True)
class Converted:
    """What was converted."""

    format: str
    """The source's format."""
    config: T5Config
    tensors: int
    """How many tensors were read back and found equal to the source's."""
    parameters: int
    new: bool = True
    """Whether it was written now; else the folder held it already."""


def convert(
    source: Path,
    destination: Path,
    to: str = "huggingface",
    tokenizer: Tokenizer | None = None,
    dtype: str = "float32",
    stage: Stage = _unseen,
) -> Converted:
    """Writes a checkpoint as a folder of another format.

    The folder is written under a temporary name beside `destination`, read back, and renamed when every tensor is the
    source's: bit for bit, or rounded to `dtype` where the source has more digits.

    Args:
        source: a checkpoint of any format.
        destination: must not exist, be an empty folder, or hold what would be written, from an earlier conversion.
        to: the format, a key of `WRITERS`.
        tokenizer: written beside the model. Defaults to none.
        dtype: of the written weights, `float32` or `bfloat16`.
        stage: shows each stage of the work, given its name and what it counts; told how many are done, of how many.
            Defaults to nothing.

    Raises:
        CheckpointError: the source cannot be read, the format cannot have what it is, or the destination is in use.
            Nothing is written then.
    """
    checkpoint = open_checkpoint(source)
    if checkpoint.adapt is not None:
        raise CheckpointError(f"{source}: adapter layers cannot be merged into a T5; they stay beside their base.")
    config = checkpoint.config
    if config.architecture != ENCODER_DECODER:
        raise CheckpointError(
            f"{source}: neither transformers nor KerasHub has a T5 of architecture={config.architecture!r}; "
            "evaluate and train take its folder as it is."
        )
    if tokenizer is not None:
        require_ids_of(config, tokenizer, str(source))
    if to == "keras_hub":
        require_expressible(config, tokenizer)
    if _is_new(destination):
        with _new_folder(destination) as folder:
            with stage("loading the source", ""):
                from keras_model.adapted_model import AdaptedModel

                model = filled(checkpoint, AdaptedModel, dtype)
            with stage("writing", ""):
                WRITERS[to](model, folder, tokenizer)
            with stage("comparing with the source", "tensors") as advance:
                counts = _require_equal(checkpoint, open_checkpoint(folder), dtype, advance)
        return Converted(checkpoint.format, config, *counts)
    require_new_or_model(destination, to)
    with stage("comparing with what is there", "tensors") as advance:
        try:
            counts = _require_equal(checkpoint, open_checkpoint(destination), dtype, advance)
            if _texts_of_ids(_tokenizer_of(destination)) != _texts_of_ids(tokenizer):
                raise CheckpointError(f"{destination}: its tokenizer is another than the source's.")
        except CheckpointError as error:
            raise CheckpointError(f"{_occupied(destination)} It holds something else: {error}") from None
    return Converted(checkpoint.format, config, *counts, new=False)


def require_new_or_model(destination: Path, to: str) -> None:
    """Raises CheckpointError if there is anything but an empty folder or a model of the format."""
    if not _is_new(destination):
        try:
            found = format_of(destination).name
        except CheckpointError:
            found = None
        if not destination.is_dir() or found != WRITTEN[to]:
            raise CheckpointError(_occupied(destination))


def _is_new(destination: Path) -> bool:
    return not destination.exists() or (destination.is_dir() and not any(destination.iterdir()))


def _occupied(destination: Path) -> str:
    return f"{destination}: is there already; name a folder that is new or empty."


def _tokenizer_of(folder: Path) -> Tokenizer | None:
    try:
        return load_tokenizer(folder)
    except NoTokenizerError:
        return None


def _texts_of_ids(tokenizer: Tokenizer | None) -> list[str]:
    """What each id stands for, by which a tokenizer is known in any format's file; nothing without a tokenizer."""
    return [] if tokenizer is None else tokenizer.decode([[i] for i in range(tokenizer.vocab_size)])


@contextlib.contextmanager
def _new_folder(destination: Path) -> Iterator[Path]:
    """A temporary folder, renamed to `destination` if the block ends well and removed if not."""
    destination = destination.resolve()
    try:
        with new_folder(destination) as temporary:
            try:
                yield temporary
            except CheckpointError as error:
                raise CheckpointError(str(error).replace(str(temporary), str(destination))) from error
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):  # another process was quicker
            raise CheckpointError(_occupied(destination)) from error
        raise


def _require_equal(
    source: Checkpoint, written: Checkpoint, dtype: str, advance: Callable[[int, int], None]
) -> tuple[int, int]:
    """Raises CheckpointError if what was written is not the source; returns the number of tensors and parameters."""
    if _arithmetic(source.config) != _arithmetic(written.config):
        raise CheckpointError(f"{written.tensors.source}: another configuration was written than the source's.")
    count, parameters, total = 0, 0, sum(1 for _ in places(source.config))
    advance(count, total)
    pairs = zip(values(source.config, source.tensors), values(written.config, written.tensors), strict=True)
    for (name, expected), (_, value) in pairs:
        count, parameters = count + 1, parameters + value.size
        if not np.array_equal(expected.astype(dtype).astype("float32"), value.astype("float32"), equal_nan=True):
            raise CheckpointError(f"{written.tensors.source}: tensor {name} was written otherwise than the source's.")
        advance(count, total)
    return count, parameters


def _arithmetic(config: T5Config) -> dict[str, Any]:
    """What a configuration means, whatever it calls it."""
    return {
        **dataclasses.asdict(config),
        "model_type": config.position_bias_per_layer,
        "feed_forward_proj": (config.is_gated, config.activation),
        "initializer_factor": None,  # of no account once there are weights
    }
