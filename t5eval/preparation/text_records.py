"""Plain text as records: the examples that an objective makes of text files, written once, in constant memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.preparation.record_folder import Display, Wanted, file_hash, fill, is_another_file, set_name, write_part
from t5eval.preparation.shares import about_share, is_another_share, manifest_of
from t5eval.preparation.text_data import Blocks, TextData
from t5eval.support.shard import Shard
from task_specs import TEXT
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

TRAIN, HELD_OUT = "train", "validation"


def text_records(
    text: TextData,
    tokenizer: Tokenizer,
    seed: int,
    display: Display,
    split: str = TRAIN,
    shard: Shard | None = None,
) -> Wanted:
    """Returns what the records of text must be, and how they are made, in a folder of their own.

    A folder has the examples to train on, `text/train`, and, where a part is held out, its own, `text/validation`.
    Memory holds one shard. The records follow from the files, the objective, the vocabulary and the seed. Making them
    raises UserError where a file cannot be read or there is too little text.

    Args:
        split: the set that is wanted, `train` or `validation`.
        shard: which of the records' shards are made here; all if None.

    Raises:
        UserError: a setting is out of range or not the objective's, the vocabulary has no sentinels, or a shard is
            asked for together with `limit_tokens`.
    """
    if shard is not None and text.limit_tokens is not None:
        raise UserError(
            "--shard does not go with --limit-tokens: where the limit lies is known only to one that has tokenised all "
            "text before it; leave out one of the two"
        )
    objective, manifest = text.objective_of(tokenizer), manifest_of(shard)
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
        sets = [_write_set(folder, TRAIN, text.blocks(tokenizer, objective, seed), text, about, display, shard)]
        if text.held_out:
            held_out = text.held_out_blocks(tokenizer, objective)
            sets.append(_write_set(folder, HELD_OUT, held_out, text, about, display, shard))
        write_manifest(folder, sets, manifest)

    def differences(made: RecordSet) -> Iterator[str]:
        yield from is_another_share(made, shard)
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

    return Wanted(split, {TEXT: differences}, functools.partial(fill, write=write, manifest=manifest), manifest)


def _write_set(
    folder: Path,
    split: str,
    blocks: Blocks,
    text: TextData,
    about: dict[str, Any],
    display: Display,
    shard: Shard | None,
) -> RecordSet:
    """Writes one set's shards, each of a block of documents: all of them, or those that are a job's share.

    Raises:
        UserError: there is no example, nor a block that is another job's.
    """
    from keras_model.data.records import RecordSet

    name = set_name(TEXT, split)
    done, elsewhere, shards, pieces = 0, False, [], []
    with display(name) as progress:
        for number, examples in blocks:
            if shard is not None and not shard.has(number, name):
                elsewhere = True
                continue
            parts = []
            for part in examples:
                parts.append(part)
                done += len(part)
                progress(done, done)  # nobody knows how many there will be
            written = write_part(folder, name, number, parts)
            shards += written
            pieces.append({"number": number, "files": len(written)})
        progress(done, done)
    if not shards and not elsewhere:
        if split == HELD_OUT:
            raise UserError(f"held_out = {text.held_out} leaves no document to validate on; raise it")
        raise UserError(f"{', '.join(text.files)}: no text to learn from")
    return RecordSet(name, tuple(shards), {**about, **about_share(shard, pieces)})
