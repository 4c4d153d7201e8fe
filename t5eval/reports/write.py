"""Writes a report: reads the runs, finds their data, and puts the files where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.data import DataSource
from t5eval.reports.markdown import markdown_report
from t5eval.reports.page import html_report
from t5eval.reports.paper_tables import csv_table, latex_table
from t5eval.reports.reported_run import Run, names_of, read_run, source_of
from t5eval.runs.folder import locked
from t5eval.support.files import write_text
from t5eval.support.stages import each


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        files: the files.
        runs: the runs as they were read.
        notes: what the reports do not have, and why.
    """

    files: Sequence[Path]
    runs: Sequence[Run]
    notes: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval report --json` prints."""
        return {"files": [str(path) for path in self.files], "notes": list(self.notes)}


def write_report(
    runs: Sequence[Path],
    *,
    out: Path | None = None,
    data_dir: str | None = None,
    data: DataSource | None = None,
    latex: Path | None = None,
    csv: Path | None = None,
) -> Report:
    """Writes report.md and report.html. What is at the same place before stays until the new file is whole.

    Args:
        runs: the runs' folders; several stand side by side.
        out: the folder to write into; the first run's if None.
        data_dir: where examples are, as `--data-dir` says it; where the runs say they were, if None.
        data: the source itself, instead of `data_dir`.
        latex: also a LaTeX table of the overview, in this file.
        csv: also a table of all scores, in this file.

    Raises:
        UserError: a run has nothing to report or cannot be read, the data that was named is not there, or another
            process is writing a report into the folder.
    """
    lack = ""
    if data is None:
        data, lack = source_of(data_dir, runs)
    named = list(zip(runs, names_of(runs), strict=True))
    read = [read_run(path, name, data) for path, name in each(named, "reading the runs", "runs")]
    notes = [f"scores only, no examples: {lack}"] if data is None and any(run.results for run in read) else []
    folder = out or runs[0]
    # Not the run's own lock: a run may be reported while it is evaluated or trained.
    with locked(folder, ".report.lock", "writing a report into this folder"):
        texts = {
            folder / "report.md": markdown_report(read, notes),
            folder / "report.html": html_report(read, data, notes),
        }
        if latex is not None:
            texts[latex] = latex_table(read)
        if csv is not None:
            texts[csv] = csv_table(read)
        for path, text in texts.items():
            write_text(path, text)
    of_runs = [f"{run.name}: {note}" for run in read for note in run.notes]
    return Report(list(texts), read, [*notes, *of_runs])
