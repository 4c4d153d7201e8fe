"""Plain text as records: the pairs that an objective makes of text files, written once, in constant memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.preparation.blocks import SHARD_BYTES
from t5eval.preparation.existing_records import Said, opened, sets_of, sha256, undamaged
from t5eval.preparation.task_records import Display, fill
from t5eval.preparation.text_data import TextData
from task_specs import TEXT
from task_specs.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

NAME = f"{TEXT}/train"
SHOWN_EVERY = 1000  # examples


def prepare_text(text: TextData, tokenizer: Tokenizer, seed: int, folder: Path, display: Display) -> RecordSet:
    """Prepares text into a folder of its own; what the folder held is replaced, as by `preparation.prepare`.

    Memory holds one shard. The records follow from the files, the objective, the vocabulary and the seed.

    Raises:
        UserError: a file cannot be read, there is too little text, the vocabulary has too few sentinels, or the folder
            cannot be written or holds something else.
    """

    def write() -> None:
        from keras_model.data.batches import Examples
        from keras_model.data.record_shards import write_shard
        from keras_model.data.records import RecordSet, shard_file, write_manifest

        shards = []
        with display(NAME) as progress:
            for number, content in enumerate(_in_shards(_counted(text.pairs(tokenizer, seed), progress), text.inputs)):
                sources, targets = zip(*content, strict=True)
                shards.append(write_shard(folder, shard_file(NAME, number), Examples.from_sequences(sources, targets)))
        if not shards:
            raise UserError(f"{', '.join(text.files)}: no text to learn from")
        # Hashes without names, which differ from machine to machine.
        about = {**_settings(text, tokenizer, seed), "files": [sha256(Path(file)) for file in text.files]}
        write_manifest(folder, [RecordSet(NAME, tuple(shards), about)])

    return fill(folder, write)[NAME]


def given_text(folder: Path, text: TextData, tokenizer: Tokenizer, seed: int) -> Examples:
    """Returns the examples of text from a folder that holds them.

    Raises:
        UserError: it does not, or they are damaged or made of or by something else.
    """
    return opened(folder, existing_text(folder, text, tokenizer, seed))


def text_of_run(folder: Path, text: TextData, tokenizer: Tokenizer, seed: int, say: Callable[[str], None]) -> Examples:
    """Returns the examples of text from a folder of the run's own, which is prepared if it is not yet.

    Raises:
        UserError: see `prepare_text`.
    """
    try:
        return given_text(folder, text, tokenizer, seed)
    except UserError:  # absent, damaged, or of a run that was begun with something else
        return opened(folder, prepare_text(text, tokenizer, seed, folder, lambda name: Said(name, say)))


def prepare_or_keep_text(
    text: TextData, tokenizer: Tokenizer, seed: int, folder: Path, display: Display
) -> tuple[RecordSet, bool]:
    """Prepares text into a folder, unless it holds it already, undamaged.

    Returns:
        The records, and whether they were there.

    Raises:
        UserError: see `prepare_text`; or the folder holds other or damaged records.
    """
    from keras_model.data.records import is_complete

    if not is_complete(folder):
        return prepare_text(text, tokenizer, seed, folder, display), False
    return undamaged(folder, existing_text(folder, text, tokenizer, seed)), True


def existing_text(folder: Path, text: TextData, tokenizer: Tokenizer, seed: int) -> RecordSet:
    """Returns the records of text that a complete folder holds.

    Raises:
        UserError: the folder is not complete, or its records were made of or by something else.
    """
    sets = sets_of(folder)
    if NAME not in sets:
        raise UserError(f"{folder}: holds no records of plain text; it has {', '.join(sets)}")
    made, wanted = sets[NAME].about, _settings(text, tokenizer, seed)
    different = [
        f"{key} was {made.get(key)!r}, now {value!r}" for key, value in wanted.items() if made.get(key) != value
    ]
    before = made.get("files", [])
    if len(before) != len(text.files):
        different.append(f"they were made of {len(before)} files, now {len(text.files)}")
    else:
        # What is not at hand, as on another machine, is not compared.
        at_hand = [(Path(file), known) for file, known in zip(text.files, before, strict=True) if Path(file).is_file()]
        different += [
            f"{file} is not the file that they were made of" for file, known in at_hand if sha256(file) != known
        ]
    if different:
        raise UserError(f"{folder}: its records are not this run's: {'; '.join(different)}. Prepare them again")
    return sets[NAME]


def _settings(text: TextData, tokenizer: Tokenizer, seed: int) -> dict[str, Any]:
    return {
        "objective": text.objective,
        "inputs": text.inputs,
        "seed": seed,
        "vocabulary": tokenizer.fingerprint,
    }


Pair = tuple[Any, Any]
"""Ids of a source and of a target."""


def _in_shards(pairs: Iterator[Pair], inputs: int) -> Iterator[list[Pair]]:
    # A pair has at most the source's length on either side, but for a sentinel or two.
    size = max(1, SHARD_BYTES // (8 * inputs + 16))
    while content := list(itertools.islice(pairs, size)):
        yield content


def _counted(pairs: Iterator[Pair], progress: Callable[[int, int], None]) -> Iterator[Pair]:
    """Passes pairs on and tells how many there were so far; nobody knows how many there will be."""
    done = 0
    for pair in pairs:
        yield pair
        done += 1
        if done % SHOWN_EVERY == 0:
            progress(done, done)
    progress(done, done)
