"""The graph of a study's runs: each is trained once, however many cells and later runs need it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import data_source
from t5eval.preparation.text_data import TextData
from t5eval.studies.study_file import Cell, StudyFile, laid_over, without_removed
from t5eval.training.config import TrainConfig, resolve
from task_specs import BENCHMARKS, TaskSpec
from task_specs.support.errors import UserError, did_you_mean, quoted

HELD_OUT_LOSS = "held_out_loss"
EACH_TASK, ENSEMBLE, LIKE = "each_task", "ensemble", "like"
"""Keys of a run's table that `t5eval train` does not have: a run for each of these names; so many models that answer
together; the run whose table this one lies over."""
OF_THE_FIRST = ("preset", "config", "vocab", "text")
"""What a run that starts from a model does not take over from `[train]`."""

NO_MATTER = ("out", "wandb", "mlflow")
"""Settings of a training that change nothing in it."""
_ODD = re.compile(r"[^\w.]+")  # what a folder's name goes without


@dataclass(frozen=True)
class Measure:
    """A column of the table.

    Attributes:
        name: as the study has it: a task or a benchmark, one of a task's scores as TASK/SCORE, or `held_out_loss`.
        columns: the tasks that have to be evaluated for it: one, or those of each column of a benchmark's average.
        score: which of the task's scores; empty for the leaderboard's.
    """

    name: str
    columns: tuple[tuple[str, ...], ...] = ()
    score: str = ""

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of all columns."""
        return tuple(task for column in self.columns for task in column)

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better."""
        return self.name != HELD_OUT_LOSS


@dataclass(frozen=True)
class PlannedRun:
    """A run of the study: a training, or the answers of several trained models together.

    Attributes:
        name: its table's name, with the task where the table is for several.
        seed: its seed; of an ensemble the cell's.
        table: the `[train]` table without `out`; None for an ensemble.
        parents: what must be there before: the run that it starts from, or an ensemble's members.
        runs: the folder that all runs lie in.
    """

    name: str
    seed: int
    table: Mapping[str, Any] | None
    parents: tuple[PlannedRun, ...]
    runs: Path

    @cached_property
    def key(self) -> str:
        """What tells its configuration from all others, whatever folder it lies in."""
        own = {} if self.table is None else _distinct(self._resolved(""))
        if self.parents:
            own.pop("model", None)
        known = {**own, "after": [parent.key for parent in self.parents]}
        return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.runs / f"{_ODD.sub('-', self.name)}-{self.key}"

    @property
    def settings(self) -> dict[str, Any]:
        """What `t5eval.train` is called with."""
        return self._settings(str(self.folder))

    def _settings(self, out: str) -> dict[str, Any]:
        start = {"model": str(self.parents[0].folder / "model")} if self.parents else {}
        return {**(self.table or {}), **start, "out": out}

    def _resolved(self, out: str) -> TrainConfig:
        where = f"[runs.{self.name.partition(' ')[0]}]"
        try:
            return resolve(self._settings(out), where)
        except UserError as error:
            told = str(error)
            raise UserError(told if told.startswith(where) else f"{where}: {told}") from None

    @cached_property
    def config(self) -> TrainConfig:
        """The training's configuration."""
        return self._resolved(str(self.folder))

    @property
    def trained(self) -> tuple[PlannedRun, ...]:
        """The runs whose models answer: itself, or an ensemble's members."""
        return (self,) if self.table is not None else self.parents

    @property
    def model(self) -> str:
        """What `evaluate` takes: of each training the best checkpoint for each task."""
        names = [f"best:{run.folder}" for run in self.trained]
        return names[0] if self.table is not None else f"ensemble:{','.join(names)}"


@dataclass
class Plan:
    """Every run of a study once, parents first.

    Attributes:
        runs: by folder.
        measured: folder to what is measured of its run.
        cells: of each cell, measure by measure, the run of each seed.
    """

    runs: dict[Path, PlannedRun] = field(default_factory=dict)
    measured: dict[Path, list[Measure]] = field(default_factory=dict)
    cells: list[dict[str, list[PlannedRun]]] = field(default_factory=list)

    def add(self, run: PlannedRun) -> None:
        """Takes a run in, and those that it needs."""
        for parent in run.parents:
            self.add(parent)
        self.runs.setdefault(run.folder, run)
        self.measured.setdefault(run.folder, [])


def plan_of(study: StudyFile) -> Plan:
    """Returns the runs that a study's cells need.

    Raises:
        UserError: a run's settings are not possible, a base run is missing, nothing has what is measured, an axis
            changes nothing, or two cells are the same.
    """
    measures = [measure_of(name, str(study.path)) for name in study.measures]
    plan = Plan()
    starts = [table.get("model") for cell in study.cells for table in _tables(study, cell).values()]
    for cell in study.cells:
        found: dict[str, list[PlannedRun]] = {measure.name: [] for measure in measures}
        for seed in study.seeds:
            runs = list(_measured(study, cell, seed, starts))
            for measure in measures:
                run = _run_of(measure, runs, f"{study.path}: {cell.name}")
                if run is None:
                    continue
                plan.add(run)
                found[measure.name].append(run)
                if measure not in plan.measured[run.folder]:
                    plan.measured[run.folder].append(measure)
        plan.cells.append(found)
    if HELD_OUT_LOSS in study.measures and not any(found[HELD_OUT_LOSS] for found in plan.cells):
        raise UserError(f"{study.path}: {HELD_OUT_LOSS} cannot be measured: no run has a [text] with held_out")
    _require_different(study, plan)
    return plan


def measure_of(name: str, where: str) -> Measure:
    """Returns a column of the table by its name.

    Raises:
        UserError: there is no such task, benchmark or score.
    """
    if name == HELD_OUT_LOSS:
        return Measure(name)
    if name in BENCHMARKS and BENCHMARKS[name].average:
        benchmark = BENCHMARKS[name]
        return Measure(name, tuple(c for c in benchmark.average if not {*c} & {*benchmark.not_validated}))
    task, _, score = name.rpartition("/")
    try:
        return Measure(name, ((task_specs.get(name).name,),))
    except UserError as error:
        try:
            spec = task_specs.get(task)
        except UserError:
            raise UserError(f"{where}: measures: {error}") from None
    if score not in spec.metrics:
        raise UserError(f"{where}: measures: {spec.name} has no score {score!r}; it has {', '.join(spec.metrics)}")
    return Measure(name, ((spec.name,),), score)


def _measured(study: StudyFile, cell: Cell, seed: int, starts: Sequence[Any]) -> Iterator[PlannedRun]:
    """Yields the runs of a cell that are measured: those that are named, else those that no other one starts from.

    Args:
        starts: what the runs of any cell start from. A run among them is not measured where its model is left out.
    """
    tables = _tables(study, cell)
    named = cell.document["study"].get("measured")
    last = [name for name in tables if name not in starts]
    if not last:
        raise UserError(f"{study.path}: the runs start from one another in a circle: {', '.join(tables)}")
    for name in named or last:
        if name not in tables:
            raise UserError(
                f"{study.path}: measured: there is no run {quoted(name)}; the runs are {', '.join(tables)}."
                f"{did_you_mean(name, [*tables])}"
            )
        tasks = tables[name].get(EACH_TASK)
        if tasks is not None and (not isinstance(tasks, list) or not all(isinstance(task, str) for task in tasks)):
            raise UserError(f"{study.path}: [runs.{name}]: {EACH_TASK} is a list of names")
        for task in tasks or [None]:
            yield _planned(study, cell, name, task, seed, ())


def _tables(study: StudyFile, cell: Cell) -> dict[str, Mapping[str, Any]]:
    """Returns the runs' tables, each over the one that it is like."""
    every: Mapping[str, Mapping[str, Any]] = cell.document["runs"]

    def whole(name: str, after: tuple[str, ...]) -> dict[str, Any]:
        own = dict(every[name])
        like = own.pop(LIKE, None)
        if like is None:
            return own
        if not isinstance(like, str) or like not in every or like in (name, *after):
            raise UserError(f"{study.path}: [runs.{name}]: {LIKE} names another run, got {quoted(repr(like))}")
        return laid_over(whole(like, (*after, name)), own)

    return {name: whole(name, ()) for name in every}


def _planned(
    study: StudyFile, cell: Cell, name: str, task: str | None, seed: int, after: tuple[str, ...]
) -> PlannedRun:
    """Returns a run of a cell, with those that it needs.

    Args:
        name: its table's name.
        task: what it is trained on, where the table is for several.
        seed: of all runs that have none of their own.
        after: the runs that start from it, each from the next.
    """
    where = f"{study.path}: [runs.{name}]"
    tables = _tables(study, cell)
    own = dict(tables[name])
    own.pop(EACH_TASK, None)
    members = own.pop(ENSEMBLE, 1)
    if type(members) is not int or members < 1:
        raise UserError(f"{where}: {ENSEMBLE} is how many models answer together, got {quoted(repr(members))}")
    if members > 1 and after:
        raise UserError(f"{where}: {after[-1]} cannot start from an ensemble")
    if members > 1:
        single = {**cell.document, "runs": {**tables, name: {**tables[name], ENSEMBLE: 1}}}
        each = [
            _planned(study, Cell(cell.values, single), name, task, seed * members + number, after)
            for number in range(members)
        ]
        if len({run.key for run in each}) < members:
            raise UserError(f"{where}: {ENSEMBLE}: its models are all the same, since the run has a seed of its own")
        return PlannedRun(f"{_named(name, task)} ensemble", seed, None, tuple(each), study.runs)
    start = own.get("model") or None
    base = dict(cell.document.get("train", {}))
    parents: tuple[PlannedRun, ...] = ()
    if start is not None:
        base = {key: value for key, value in base.items() if key not in OF_THE_FIRST}
    if isinstance(start, str) and start in tables:
        if start in (name, *after):
            raise UserError(f"{where}: runs start from one another in a circle: {' from '.join((*after, name, start))}")
        parents = (_planned(study, cell, start, None, seed, (*after, name)),)
        own.pop("model")
    elif isinstance(start, str) and "/" not in start and not Path(start).exists():
        others = [other for other in tables if other != name]
        raise UserError(
            f"{where}: it starts from {quoted(start)}, which is neither a run of the study ({', '.join(others)}) nor a "
            f"model's folder.{did_you_mean(start, others)}"
        )
    table = without_removed({**laid_over(base, own), **({"task": [task]} if task else {})})
    if task and "task" in own:
        raise UserError(f"{where}: it has both task and {EACH_TASK}; name one of them")
    table.setdefault("seed", seed)
    if "data_dir" not in table:
        table["data_dir"] = data_source(None).option
    return PlannedRun(_named(name, task), table["seed"], table, parents, study.runs)


def _named(name: str, task: str | None) -> str:
    return f"{name} {task}" if task else name


def _run_of(measure: Measure, runs: Sequence[PlannedRun], where: str) -> PlannedRun | None:
    """Returns the one run of a cell that has what is measured; None where no held-out text leads to what is measured.

    Raises:
        UserError: there is none, or there are several.
    """
    if measure.name == HELD_OUT_LOSS:
        every = {run.folder: run for measured in runs for run in _and_before(measured)}
        found = [run for run in every.values() if run.table is not None and run.table.get("text", {}).get("held_out")]
        if not found:
            return None
    else:
        found = [run for run in runs if {*measure.tasks} <= _answered(run)]
    if len(found) == 1:
        return found[0]
    several = f"several runs have it: {', '.join(run.name for run in found)}"
    lacking = f"no measured run is trained on {' and '.join(sorted(measure.tasks))}"
    raise UserError(f"{where}: {measure.name} cannot be measured: {several if found else lacking}")


def _distinct(config: TrainConfig) -> dict[str, Any]:
    """Returns what a configuration says other than the defaults, which may be said or left out."""
    text = config.text_data
    plain = TextData(("",))
    table = {
        **config.to_table(),
        "method": asdict(config.trained),
        "text": text and {key: value for key, value in asdict(text).items() if value != getattr(plain, key)},
    }
    usual = TrainConfig(("",), "", "", model="-")
    defaults = {**usual.to_table(), "method": asdict(usual.trained), "text": None}
    return {key: value for key, value in table.items() if key not in NO_MATTER and value != defaults[key]}


def _and_before(run: PlannedRun) -> Iterator[PlannedRun]:
    yield run
    for parent in run.parents:
        yield from _and_before(parent)


def _answered(run: PlannedRun) -> set[str]:
    """Returns the tasks that a run validates, and so has a best checkpoint for."""
    return {spec.name for one in run.trained for spec in validated_tasks(one.config)}


def validated_tasks(config: TrainConfig) -> list[TaskSpec]:
    """Returns the tasks of a run's mixture that have a validation split."""
    return [spec for spec in task_specs.tasks_of(config.mixture) if "validation" in spec.source.splits]


def _require_different(study: StudyFile, plan: Plan) -> None:
    """Raises a UserError if a part of the grid is the same runs as another one."""
    cells = [
        (cell, {name: [run.key for run in runs] for name, runs in found.items()})
        for cell, found in zip(study.cells, plan.cells, strict=True)
    ]
    for axis in study.axes:
        groups: dict[tuple[str, ...], list[dict[str, list[str]]]] = {}
        for cell, keys in cells:
            groups.setdefault(tuple(v for a, v in cell.values.items() if a != axis), []).append(keys)
        if all(keys == group[0] for group in groups.values() for keys in group):
            raise UserError(
                f"{study.path}: axis {quoted(axis)} changes nothing: with {' and '.join(study.axes[axis])} the same "
                "runs are measured"
            )
    for place, (cell, keys) in enumerate(cells):
        for other, others in cells[:place]:
            if keys == others:
                raise UserError(f"{study.path}: two cells are the same configuration: {other.name}, and {cell.name}")
    if len(study.seeds) > 1 and all(len(set(keys)) <= 1 for _, found in cells for keys in found.values()):
        raise UserError(f"{study.path}: seeds change nothing: every run has a seed of its own")
