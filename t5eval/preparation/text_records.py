"""Plain text as records: the pairs that an objective makes of text files, written once, in constant memory."""

from __future__ import annotations

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
    from keras_model.data.record_shards import Shard
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

NAME = set_name(TEXT, "train")
SHOWN_EVERY = 1000  # examples


def text_records(text: TextData, tokenizer: Tokenizer, seed: int, display: Display) -> Wanted:
    """Returns what the records of text must be, and how they are made, in a folder of their own.

    Memory holds one shard. The records follow from the files, the objective, the vocabulary and the seed. Making them
    raises UserError where a file cannot be read, there is too little text, or the vocabulary has too few sentinels.
    """
    settings = {
        "objective": text.objective,
        "inputs": text.inputs,
        "seed": seed,
        "vocabulary": tokenizer.fingerprint,
    }

    def write(folder: Path) -> None:
        from keras_model.data.batches import Examples
        from keras_model.data.records import RecordSet, write_manifest

        # A pair has at most the source's length on either side, but for a sentinel or two.
        size = max(1, SHARD_BYTES // (8 * text.inputs + 16))
        shards: list[Shard] = []
        with display(NAME) as progress:
            pairs = _counted(text.pairs(tokenizer, seed), progress)
            while content := list(itertools.islice(pairs, size)):
                sources, targets = zip(*content, strict=True)
                examples = Examples.from_sequences(sources, targets, tokenizer.pad_id)
                shards += write_part(folder, NAME, len(shards), [examples])
        if not shards:
            raise UserError(f"{', '.join(text.files)}: no text to learn from")
        # Hashes without names, which differ from machine to machine.
        about = {**settings, "files": [file_hash(Path(file)) for file in text.files]}
        write_manifest(folder, [RecordSet(NAME, tuple(shards), about)])

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

    return Wanted("train", {TEXT: differences}, lambda folder: fill(folder, write))


def _counted(pairs: Iterator[tuple[Any, Any]], progress: Callable[[int, int], None]) -> Iterator[tuple[Any, Any]]:
    """Passes pairs on and tells how many there were so far; nobody knows how many there will be."""
    done = 0
    for done, pair in enumerate(pairs, 1):
        if done % SHOWN_EVERY == 0:
            progress(done, done)
        yield pair
    progress(done, done)
