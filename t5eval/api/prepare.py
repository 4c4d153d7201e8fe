"""`t5eval.prepare`: format and tokenise once, into records that training reads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import task_specs
from t5eval.api.arguments import Data, PathName, Silent, names_of, text_of
from t5eval.data import data_source
from t5eval.data.split import split_name
from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.preparation.beam import on_beam
from t5eval.preparation.record_folder import Display
from t5eval.preparation.task_records import in_processes, task_records
from t5eval.preparation.text_data import TextData
from t5eval.preparation.text_records import text_records
from t5eval.support.beam_runners import require_one_engine
from t5eval.support.data_frames import Table
from t5eval.support.shard import Shard
from t5eval.support.stages import saved, timed
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer


@dataclass(frozen=True)
class Preparation(Table):
    """What was prepared.

    Attributes:
        path: the folder of the records, as it was named.
        new: whether they were made now; else they were there, undamaged.
        sets: the sets of records, by name; `about` of each says what it was made of.
    """

    COLUMNS = ("set", "records", "input_tokens", "target_tokens")

    path: str
    new: bool
    sets: Mapping[str, RecordSet]

    @property
    def notes(self) -> list[str]:
        """What there is to know of the data."""
        return [note for made in self.sets.values() for note in made.about.get("data", {}).get("notes", ())]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval prepare --json` prints."""
        sets = {made.name: {"records": len(made), **made.about} for made in self.sets.values()}
        return {"path": self.path, "new": self.new, "sets": sets}

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Returns a row for each set: its name, records, and tokens of inputs and targets."""
        tokens = [made.about["tokens"] for made in self.sets.values()]
        return [(m.name, len(m), t["inputs"], t["targets"]) for m, t in zip(self.sets.values(), tokens, strict=True)]


def prepare(
    tasks: PathName | Sequence[PathName] = (),
    *,
    out: PathName,
    vocab: PathName,
    data: Data = None,
    split: str = "train",
    text: PathName | Sequence[PathName] = (),
    objective: str | None = None,
    noise_density: float | None = None,
    mean_span: float | None = None,
    inputs: int | None = None,
    held_out: float | None = None,
    limit_tokens: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    runner: str | None = None,
    runner_options: Sequence[str] = (),
    shard: str | None = None,
    progress: Display = Silent,
) -> Preparation:
    """Formats and tokenises tasks once, into a folder that `train` takes as `prepared`.

    Args:
        tasks: tasks, benchmarks or mixtures.
        out: the folder of the records; what it holds of the same is kept.
        vocab: a SentencePiece model, a model folder with a tokenizer, `OWNER/NAME` at Hugging Face, or `bytes`.
        data: where the examples are.
        split: `train` or `validation`.
        text: instead of tasks, text files, a document a line; the next seven are for these.
        objective: one of `t5eval.preparation.text_data.OBJECTIVES`; `spans` if None.
        noise_density: the share of the tokens that is noise; the objective's own if None.
        mean_span: the mean length of a run of noise; the objective's own if None.
        inputs: tokens of a source; 512 if None.
        held_out: the share of the documents that is validated on instead; 0 if None.
        limit_tokens: the most tokens of the text to train on; all if None.
        seed: what is made of text follows from it; 0 if None.
        workers: processes; one per core if None.
        runner: prepare on Apache Beam, with this runner.
        runner_options: `KEY=VALUE` for Beam or its runner.
        shard: `I/N`, to make the I-th of N shares of the records, which `merge` joins.
        progress: opens the display of a set, given its name.

    Raises:
        UserError: what was asked does not fit together, the data cannot be read, or the folder holds something else.

    >>> import tempfile
    >>> import t5eval
    >>> out = f"{tempfile.mkdtemp()}/records"
    >>> made = t5eval.prepare("glue/rte", vocab="bytes", data=t5eval.suite_folder(), out=out)
    >>> made.new, len(made.sets["glue/rte/train"])
    (True, 660)
    """
    names, files, split = names_of(tasks), names_of(text), split_name(split)
    if split not in ("train", "validation"):
        raise UserError(f"split {split!r}: what is prepared is train or validation")
    of_text = {
        "objective": objective, "noise_density": noise_density, "mean_span": mean_span, "inputs": inputs,
        "held_out": held_out, "limit_tokens": limit_tokens,
    }  # fmt: skip
    require_one_engine(runner, runner_options, workers)
    share = None if shard is None else Shard.parse(shard)
    if share and runner:
        raise UserError("--shard does not go with --runner: a runner shares the work out itself")
    if bool(names) == bool(files):
        raise UserError("name either --task or --text; each has a folder of its own")
    if files:
        if runner:
            raise UserError("--runner prepares tasks; text is prepared by one process of this machine")
        table = {"files": files, **{key: value for key, value in of_text.items() if value is not None}}
        described = TextData.from_table(table)
        wanted = text_records(described, _tokenizer(os.fspath(vocab)), seed or 0, progress, shard=share)
    else:
        if odd := [key for key, value in {**of_text, "seed": seed}.items() if value is not None]:
            raise UserError(f"--{odd[0].replace('_', '-')} is of --text")
        specs = [spec for spec in task_specs.resolve(names) if split in spec.source.splits]
        if not specs:
            raise UserError(f"{', '.join(names)}: no {split} split")
        make = on_beam(runner, runner_options) if runner else in_processes(workers, progress, share)
        wanted = task_records(specs, split, data_source(text_of(data)), _tokenizer(os.fspath(vocab)), make, share)
    kept = f"{os.fspath(out)} is not complete, and the same command makes it anew"
    with timed("preparing"), saved(kept):
        found, were_there = wanted.prepare_or_keep(Path(out))
    return Preparation(os.fspath(out), not were_there, {made.name: made for made in found.values()})


def _tokenizer(vocab: str) -> Tokenizer:
    from keras_model.checkpoints import load_tokenizer
    from keras_model.tokenizers.loading import BYTES

    try:
        if vocab == BYTES or Path(vocab).is_file():
            return load_tokenizer(None, vocab)
        return load_tokenizer(find_checkpoint(vocab, tokenizer_alone=True).path)
    except ValueError as error:
        raise UserError(str(error)) from None
