"""The shards of an evaluation become one run: the run that a single process would have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import DataSource, Split, open_split
from t5eval.evaluation.settings import CREDENTIALS, RunSettings, unsaid
from t5eval.evaluation.split_result import SplitResult
from t5eval.evaluation.splits import Answered, split_result
from t5eval.prompts.asking import as_recorded, asking_of
from t5eval.runs.folder import predictions_path
from t5eval.runs.origin import RAN_ON, SENT, SHARD, read_record
from t5eval.runs.prediction_store import NOTHING_SENT, PredictionStore, differing, stored
from t5eval.runs.results import read_results, require_same_model, write_results
from t5eval.runs.shard_record import ShardRecord
from t5eval.support.errors import RunError
from t5eval.support.shard import require_all_shards
from t5eval.support.stages import timed
from task_specs import Example, TaskSpec
from task_specs.support.errors import SpecError, quoted

_READ = ("specification", "data", "limit", "decode")
"""What is read again of what made predictions; all of it is compared."""


def require_whole(records: Sequence[ShardRecord]) -> None:
    """Raises an error unless the shards are all of one evaluation, and have answered all that is theirs.

    Raises:
        RunError: one is missing, there twice or of another number of shards, or has not finished a split.
    """
    require_all_shards([(record.run, record.shard) for record in records])
    splits = dict.fromkeys((task, split) for record in records for task, of in record.splits.items() for split in of)
    if not splits:
        raise RunError(f"{records[0].run}: shard {records[0].shard} has finished no split; run its command again")
    for task, split in splits:
        for record in records:
            if record.finished(task, split) is None:
                why = record.splits.get(task, {}).get(split, {}).get("unanswered")
                raise RunError(
                    f"{record.run}: shard {record.shard} has not finished {task} {split}"
                    f"{f' ({why})' if why else ''}; run its command again"
                )


@dataclass(frozen=True)
class _Part:
    """A split of which every shard has its share.

    Attributes:
        split: the split, which was read.
        examples: all that were asked for.
        records: its shards.
        made_by: what made the predictions, as a run of one process records it.
        sent: what was sent, counted.
    """

    split: Split
    examples: Sequence[Example]
    records: Sequence[ShardRecord]
    made_by: Mapping[str, Any]
    sent: Mapping[str, Any]

    @property
    def found(self) -> list[Mapping[str, Any]]:
        """What each shard records of it."""
        return [found for r in self.records if (found := r.finished(self.split.spec.name, self.split.split))]

    def into(self, out: Path, command: str) -> tuple[SplitResult, dict[str, Any]]:
        """Writes the predictions into a run that this process holds, and scores them; returns result and document."""
        spec, name = self.split.spec, self.split.split
        calls = _together([found["call"] for found in self.found])
        decode: dict[str, Any] = self.made_by["decode"]
        price = self.found[0].get("price")
        settings = RunSettings(
            command=command,
            model_name=calls["model_name"],
            max_new_tokens=decode.get("max_new_tokens"),
            limit=self.made_by["limit"],
            price=None if price is None else (price[0], price[1]),
            asking=asking_of(self.made_by),
        )
        with PredictionStore(out, spec.name, name, self.made_by, unsaid(spec)) as store:
            for record in self.records:
                predictions = stored(record.run, spec.name, name)
                if other := next((p for p in predictions if store.predictions.get(p.id, p) != p), None):
                    raise RunError(
                        f"{store.path}: has another prediction of {quoted(other.id)} already; give another --out"
                    )
                if predictions:
                    store.noted(_made_by(record, spec.name, name).get(RAN_ON), self.sent)
                    store.append(predictions)
            store.finish([example.id for example in self.examples])
            unwritable = next((n for found in self.found if (n := found["unwritable"]) is not None), None)
            result = split_result(Answered(self.split, self.examples, decode, store), settings, lambda _: unwritable)
        call = {**calls, "command": CREDENTIALS.sub("", command), "device": result.device}
        return result, write_results(out, call, {spec.name: {name: result.to_json()}})


def parts_of(records: Sequence[ShardRecord], data: DataSource) -> list[_Part]:
    """Returns the splits of shards that are whole, after looking whether they fit together.

    Raises:
        UserError: shards were made with different settings, or of other data than this; an example has no answer, or
            answers of two shards; a file is damaged.
    """
    first = records[0]
    return [_part(records, task, split, data) for task, of in first.splits.items() for split in of]


def _part(records: Sequence[ShardRecord], task: str, name: str, data: DataSource) -> _Part:
    alike, sent = _same_settings(records, task, name)
    call = (records[0].finished(task, name) or {})["call"]
    spec = _spec(task, alike, call)
    if alike["specification"] != spec.fingerprint:
        raise RunError(f"{records[0].run}: {task} {name} was predicted under another row of the task than today's")
    split = open_split(spec, name, data, with_labels=True)
    with timed(f"{task} {name}: reading the data"):
        examples = list(split)[: alike["limit"]]
    if split.summary.fingerprint != alike["data"]:
        raise RunError(
            f"{predictions_path(records[0].run, task, name)}: these predictions are of other data than the {task} "
            f"{name} that is read now; name the data that they were made on with --data-dir"
        )
    _require_one_answer_each(records, task, name, [example.id for example in examples])
    return _Part(split, examples, records, alike, sent)


def _spec(task: str, made_by: Mapping[str, Any], call: Mapping[str, Any]) -> TaskSpec:
    row, _, prompt = task.partition("@")
    file = (call.get("task_files") or {}).get(task)
    try:
        return as_recorded(task_specs.get(file or row), {"prompt": prompt, **made_by})
    except SpecError as error:
        raise SpecError(f"{error} The shards have predictions of it.") from None


def _made_by(record: ShardRecord, task: str, split: str) -> dict[str, Any]:
    path = predictions_path(record.run, task, split).with_suffix(".meta.json")
    try:
        found = read_record(path)
        if {*_READ} - {*found} or not isinstance(found["decode"], dict):
            raise ValueError
        return found
    except (OSError, ValueError):
        raise RunError(f"{path}: damaged; remove it and {split}.jsonl, and run the shard's command again") from None


def _same_settings(records: Sequence[ShardRecord], task: str, split: str) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Returns what made the predictions of all shards, and what was sent."""
    first: dict[str, Any] = {}
    sent = NOTHING_SENT
    for record in records:
        made_by = _made_by(record, task, split)
        made_by.pop(RAN_ON, None)
        if made_by.pop(SHARD, None) != str(record.shard):
            raise RunError(f"{record.run}: shard.json and the predictions of {task} {split} are of different shards")
        counted = made_by.pop(SENT, None) or sent
        first = first or made_by
        if other := [key for key in dict.fromkeys([*first, *made_by]) if first.get(key) != made_by.get(key)]:
            raise RunError(
                f"{record.run}: its {task} {split} was made with {differing(other, first, made_by)} than that of "
                f"{records[0].run}"
            )
        if sent not in (NOTHING_SENT, counted):
            raise RunError(f"{record.run}: was sent other inputs of {task} {split} than {records[0].run}")
        sent = counted
    return first, sent


def _require_one_answer_each(records: Sequence[ShardRecord], task: str, split: str, ids: Sequence[str]) -> None:
    known, answered = set(ids), dict[str, Path]()
    for record in records:
        for prediction in stored(record.run, task, split):
            if prediction.id not in known:
                raise RunError(f"{record.run}: {task} {split} has no example {quoted(prediction.id)}")
            if (other := answered.setdefault(prediction.id, record.run)) != record.run:
                raise RunError(
                    f"{other} and {record.run}: both have an answer to {quoted(prediction.id)} of {task} {split}: "
                    "one ran on other hardware, where batches are made otherwise"
                )
    if missing := [example_id for example_id in ids if example_id not in answered]:
        raise RunError(
            f"no shard has an answer to {len(missing):,} examples of {task} {split}, the first being "
            f"{quoted(missing[0])}: a file of predictions was cut, or shards ran on different hardware"
        )


def _together(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns what several tables say: what differs is `ONE / ANOTHER` if it is text, else left out."""
    found: dict[str, Any] = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        values: list[Any] = []
        for value in (table[key] for table in tables if key in table):
            if value not in values:
                values.append(value)
        if len(values) == 1:
            found[key] = values[0]
        elif all(isinstance(value, Mapping) for value in values):
            found[key] = _together(values)
        elif all(isinstance(value, str | None) for value in values):
            found[key] = " / ".join(filter(None, values))
    return found


def merge_parts(parts: Sequence[_Part], out: Path, command: str) -> tuple[list[SplitResult], dict[str, Any]]:
    """Writes splits that all shards have into one run that this process holds, and scores them.

    Args:
        parts: what `parts_of` returned.
        out: the run's folder.
        command: what results.json says made it.

    Returns:
        The results of the splits, and the whole results document.

    Raises:
        RunError: the run has other predictions, or results of another model.
    """
    for part in parts:
        require_same_model(out, read_results(out), part.found[0]["call"]["model"])
    found: list[SplitResult] = []
    document: dict[str, Any] = {}
    for part in parts:
        result, document = part.into(out, command)
        found.append(result)
    return found, document
