"""`t5eval.convert`: a checkpoint of any format as a folder of another."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.api.arguments import PathName, text_of
from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.support.stages import stage
from t5eval.support.tensorflow_import import import_keras_model
from task_specs.support.errors import UserError

FORMATS = {"huggingface": "Hugging Face folder", "keras_hub": "KerasHub preset"}
"""The formats that are written, with what they are called."""
DTYPES = ("float32", "bfloat16")


@dataclass(frozen=True)
class Conversion:
    """What was converted.

    Attributes:
        source: the checkpoint, as it was named; of a repository at Hugging Face with its commit.
        source_format: its format.
        path: the new folder, as it was named.
        format: the new format.
        dtype: of the written weights.
        parameters: their number.
        tensors: how many tensors were read back and found equal to the source's.
        vocab_size: the tokenizer's number of ids; None where there is no tokenizer.
        new: whether the folder was written now; else it held all of this from an earlier conversion.
    """

    source: str
    source_format: str
    path: str
    format: str
    dtype: str
    parameters: int
    tensors: int
    vocab_size: int | None
    new: bool

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval convert --json` prints."""
        return dict(vars(self))


def convert(
    source: PathName, dest: PathName, *, to: str = "huggingface", vocab: PathName | None = None, dtype: str = "float32"
) -> Conversion:
    """Converts a checkpoint to a new folder, which appears when every tensor in it is the source's.

    Args:
        source: a folder or file of any format that is read here, or `OWNER/NAME` at Hugging Face.
        dest: the new folder.
        to: a key of `FORMATS`.
        vocab: a SentencePiece model, or `bytes`, instead of the source's own tokenizer.
        dtype: one of `DTYPES`, of the written weights.

    Raises:
        UserError: the source cannot be read, the folder is there already, or the format has no place for this model.
    """
    for name, given, known in (("to", to, FORMATS), ("dtype", dtype, DTYPES)):
        if given not in known:
            raise UserError(f"{name} {given!r}: it is {' or '.join(known)}")
    import_keras_model()
    from keras_model.checkpoints import CheckpointError, load_tokenizer
    from keras_model.checkpoints.converting import convert as convert_folder
    from keras_model.checkpoints.converting import require_new_or_model
    from keras_model.tokenizers.loading import NoTokenizerError

    name = os.fspath(source)
    try:
        require_new_or_model(Path(dest), to)  # before much is fetched
        folder, name = find_checkpoint(name)
        try:
            tokenizer = load_tokenizer(folder, text_of(vocab))
        except NoTokenizerError:
            tokenizer = None
        done = convert_folder(folder, Path(dest), to, tokenizer, dtype, stage)
    except CheckpointError as error:
        raise UserError(str(error)) from None
    return Conversion(
        source=name,
        source_format=done.format,
        path=os.fspath(dest),
        format=FORMATS[to],
        dtype=dtype,
        parameters=done.parameters,
        tensors=done.tensors,
        vocab_size=tokenizer.vocab_size if tokenizer else None,
        new=done.new,
    )
