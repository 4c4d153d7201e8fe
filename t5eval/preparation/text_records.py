"""Plain text as records: the examples that an objective makes of text files, written once, in constant memory."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.preparation.blocks import SHARD_BYTES
from t5eval.preparation.record_folder import Display, Wanted, file_hash, fill, is_another_file, set_name, write_part
from t5eval.preparation.text_data import TextData
from task_specs import TEXT
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

TRAIN, HELD_OUT = "train", "validation"


def text_records(text: TextData, tokenizer: Tokenizer, seed: int, display: Display, split: str = TRAIN) -> Wanted:
    """Returns what the records of text must be, and how they are made, in a folder of their own.

    A folder has the examples to train on, `text/train`, and, where a part is held out, its own, `text/validation`.
    Memory holds one shard. The records follow from the files, the objective, the vocabulary and the seed. Making them
    raises UserError where a file cannot be read or there is too little text.

    Args:
        split: the set that is wanted, `train` or `validation`.

    Raises:
        UserError: a setting is out of range or not the objective's, or the vocabulary has no sentinels.
    """
    objective = text.objective_of(tokenizer)
    settings: dict[str, Any] = {
        "objective": text.objective,
        "noise_density": text.noise_density,
        "mean_span": text.mean_span,
        "inputs": text.inputs,
        "held_out": text.held_out,
        "limit_tokens": text.limit_tokens,
        "seed": seed,
        "vocabulary": tokenizer.fingerprint,
    }

    def write(folder: Path) -> None:
        from keras_model.data.records import write_manifest

        # Hashes without names, which differ from machine to machine.
        about = {**settings, "files": [file_hash(Path(file)) for file in text.files]}
        sets = [_write_set(folder, TRAIN, text.examples(tokenizer, objective, seed), text, about, display)]
        if text.held_out:
            sets.append(
                _write_set(folder, HELD_OUT, text.held_out_examples(tokenizer, objective), text, about, display)
            )
        write_manifest(folder, sets)

    def differences(made: RecordSet) -> Iterator[str]:
        for key, value in settings.items():
            if made.about.get(key) != value:
                yield f"{key} was {made.about.get(key)!r}, now {value!r}"
        before = made.about.get("files", [])
        if len(before) != len(text.files):
            yield f"they were made of {len(before)} files, now {len(text.files)}"
            return
        for file, known in zip(text.files, before, strict=True):
            if is_another_file(Path(file), known):
                yield f"{file} is not the file that they were made of"

    return Wanted(split, {TEXT: differences}, functools.partial(fill, write=write))


def _write_set(
    folder: Path, split: str, blocks: Iterator[Examples], text: TextData, about: dict[str, Any], display: Display
) -> RecordSet:
    """Writes one set's shards.

    Raises:
        UserError: there is no example.
    """
    from keras_model.data.records import RecordSet
    from keras_model.data.text_files import TEXTS_AT_A_TIME

    name = set_name(TEXT, split)
    # A pair has at most about the source's length on either side.
    size = max(1, SHARD_BYTES // ((8 * text.inputs + 16) * TEXTS_AT_A_TIME))
    shards: list[Any] = []
    with display(name) as progress:
        counted = _counted(blocks, progress)
        while content := list(itertools.islice(counted, size)):
            shards += write_part(folder, name, len(shards), content)
    if not shards and split == HELD_OUT:
        raise UserError(f"held_out = {text.held_out} leaves no document to validate on; raise it")
    if not shards:
        raise UserError(f"{', '.join(text.files)}: no text to learn from")
    return RecordSet(name, tuple(shards), about)


def _counted(blocks: Iterator[Examples], progress: Callable[[int, int], None]) -> Iterator[Examples]:
    """Passes blocks on and tells how many examples there were so far; nobody knows how many there will be."""
    done = 0
    for block in blocks:
        done += len(block)
        progress(done, done)
        yield block
    progress(done, done)
