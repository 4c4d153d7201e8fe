"""`t5eval.study`: the runs of a grid, each once, and the table of what came out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.api.arguments import PathName, text_of
from t5eval.studies.checks import require_possible
from t5eval.studies.planned_runs import Plan, plan_of
from t5eval.studies.study_file import StudyFile, read_study
from t5eval.studies.table import StudyTable, table_of
from t5eval.studies.work import Worker, states, tokens_of, work
from t5eval.support.data_frames import Table
from t5eval.support.files import write_json, write_text


@dataclass(frozen=True)
class Study(Table):
    """What a study came to.

    Attributes:
        file: the study as its file has it.
        plan: its runs.
        table: what came out so far.
        files: the table's files; none of a dry run.
    """

    COLUMNS = ("cell", "measure", "mean", "deviation", "n", "minimum", "maximum", "bold")

    file: StudyFile
    plan: Plan
    table: StudyTable
    files: tuple[Path, ...]

    def runs(self) -> list[dict[str, Any]]:
        """Returns each run with its state and the most tokens that it trains on, as JSON data."""
        return [
            {
                "run": run.name,
                "seed": run.seed,
                "folder": str(run.folder),
                "state": state,
                "steps": 0 if run.table is None else run.config.settings.steps,
                "tokens": tokens_of(run),
                "after": [str(parent.folder) for parent in run.parents],
                "measures": [measure.name for measure in self.plan.measured[run.folder]],
            }
            for run, state in states(self.plan)
        ]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval study --json` prints."""
        return {**self.table.to_json(), "runs": self.runs(), "files": [str(path) for path in self.files]}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yields a row for each cell and measure that has a value."""
        for values, entries in zip(self.table.cells, self.table.entries, strict=True):
            cell = ", ".join(values.values())
            for name, entry in entries.items():
                if entry.spread is not None:
                    yield cell, name, *vars(entry.spread).values(), entry.bold


def study(
    file: PathName,
    *,
    size: str | None = None,
    out: PathName | None = None,
    data: PathName | None = None,
    dry_run: bool = False,
    worker: Worker | None = None,
) -> Study:
    """Does what is missing of a study's runs, and writes its table; a study that was stopped goes on.

    Several processes may do so at once, on all machines that see the folder: each takes a run that no other one holds.

    Args:
        file: the study's TOML file (`docs/study.md`).
        size: one of its `[sizes]`; the file's own if None.
        out: the folder for the table; the file's if None.
        data: where the examples are; as the file says if None.
        dry_run: whether only to look at what there is to do.
        worker: is told what happens.

    Raises:
        UserError: the file, or a run that it asks for, is not possible, which is said before the first step; or runs
            failed, when all others are done.
    """
    found = read_study(Path(file), size=size, out=None if out is None else Path(out), data_dir=text_of(data))
    plan = plan_of(found)
    require_possible(plan)
    if dry_run:
        return Study(found, plan, table_of(found, plan), ())
    try:
        work(plan, worker or Worker())
    finally:
        table = table_of(found, plan)
        files = _write(found, table)
    return Study(found, plan, table, files)


def _write(found: StudyFile, table: StudyTable) -> tuple[Path, ...]:
    """Writes the table's files, each in one step."""
    texts = {"table.md": table.markdown(), "table.tex": table.latex(), "table.csv": table.csv()}
    for name, text in texts.items():
        write_text(found.out / name, text)
    write_json(found.out / "table.json", table.to_json())
    return tuple(found.out / name for name in (*texts, "table.json"))
