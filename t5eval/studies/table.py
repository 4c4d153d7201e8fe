"""A study's table: a row for each cell, a column for each measure, over the seeds; as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.reports.escaping import cell as spreadsheet
from t5eval.reports.escaping import latex, markdown
from t5eval.reports.markdown import table as markdown_table
from t5eval.runs.seed_groups import Spread, within_two_deviations
from t5eval.studies.planned_runs import HELD_OUT_LOSS, Plan, measure_of
from t5eval.studies.study_file import StudyFile
from t5eval.studies.work import measured_of

CSV_COLUMNS = ("measure", "mean", "deviation", "n", "minimum", "maximum", "bold", "baseline")
RULE = "bold: within two standard deviations of the best, the baseline's over its seeds; * the baseline"


@dataclass(frozen=True)
class Entry:
    """One measure of one cell.

    Attributes:
        values: seed to value; None where it is undefined. Seeds that are not done are left out.
        spread: over the seeds that have a value; None if none has.
        bold: whether it is as good as the best, by the paper's rule.
    """

    values: Mapping[int, float | None]
    spread: Spread | None
    bold: bool = False


@dataclass(frozen=True)
class StudyTable:
    """What a study came to so far.

    Attributes:
        title: of the study.
        axes: the names of the axes.
        measures: the columns.
        cells: axis to value, of each cell.
        baseline: the place of the baseline among the cells.
        entries: of each cell, measure to what came out.
        paper: what was published: values of axes, and `scores`.
        source: where.
    """

    title: str
    axes: Sequence[str]
    measures: Sequence[str]
    cells: Sequence[Mapping[str, str]]
    baseline: int
    entries: Sequence[Mapping[str, Entry]]
    paper: Sequence[Mapping[str, Any]]
    source: str

    def to_json(self) -> dict[str, Any]:
        """Returns the table as JSON data."""
        return {
            "title": self.title,
            "axes": list(self.axes),
            "measures": list(self.measures),
            "baseline": dict(self.cells[self.baseline]),
            "rule": RULE,
            "cells": [
                {"values": dict(values), "measures": {name: _entry_json(entry) for name, entry in entries.items()}}
                for values, entries in zip(self.cells, self.entries, strict=True)
            ],
            "paper": [dict(row) for row in self.paper],
            "source": self.source,
        }

    def markdown(self) -> str:
        """Returns the table for a page, the paper's numbers below it."""
        rows = []
        for place, (values, entries) in enumerate(zip(self.cells, self.entries, strict=True)):
            names = [markdown(values[axis]) for axis in self.axes] or ["all"]
            names[-1] += " \\*" if place == self.baseline else ""
            rows.append([*names, *(_markdown_entry(name, entry) for name, entry in entries.items())])
        heads = [*map(markdown, self.axes or ["cell"]), *map(markdown, self.measures)]
        parts = [
            f"# {markdown(self.title)}",
            markdown_table(heads, rows, texts=len(self.axes) or 1),
            f"Mean ± standard deviation (n seeds); {RULE.replace('*', markdown('*'))}.",
        ]
        if self.paper:
            names = self._published()
            rows = [
                [
                    *(markdown(str(row.get(axis, ""))) for axis in self.axes),
                    *(_published(row, name) for name in names),
                ]
                for row in self.paper
            ]
            heads = [*map(markdown, self.axes), *map(markdown, names)]
            parts += [f"## In the paper\n\n{markdown(self.source)}", markdown_table(heads, rows, texts=len(self.axes))]
        return "\n\n".join(parts) + "\n"

    def latex(self) -> str:
        """Returns a `tabular` of the table; needs `booktabs`."""
        names = len(self.axes) or 1
        lines = [
            f"% \\usepackage{{booktabs}}; {RULE}",
            f"\\begin{{tabular}}{{{'l' * names}{'r' * len(self.measures)}}}",
            "\\toprule",
            " & ".join(map(latex, [*(self.axes or ["cell"]), *self.measures])) + " \\\\",
            "\\midrule",
        ]
        for place, (values, entries) in enumerate(zip(self.cells, self.entries, strict=True)):
            labels = [latex(values[axis]) for axis in self.axes] or ["all"]
            labels[-1] += "$^{*}$" if place == self.baseline else ""
            lines.append(" & ".join([*labels, *(_latex_entry(n, e) for n, e in entries.items())]) + " \\\\")
        if self.paper:
            lines += ["\\midrule", f"\\multicolumn{{{names + len(self.measures)}}}{{l}}{{{latex(self.source)}}} \\\\"]
        for row in self.paper:
            labels = [latex(str(row.get(axis, ""))) for axis in self.axes] or ["all"]
            published = [_published(row, name).replace("–", "--") for name in self.measures]
            lines.append(" & ".join([*labels, *published]) + " \\\\")
        return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])

    def csv(self) -> str:
        """Returns a row for each cell and measure, unrounded."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*map(spreadsheet, self.axes), *CSV_COLUMNS])
        for place, (values, entries) in enumerate(zip(self.cells, self.entries, strict=True)):
            for name, entry in entries.items():
                spread = list(vars(entry.spread).values()) if entry.spread else [None, None, 0, None, None]
                marks = [int(entry.bold), int(place == self.baseline)]
                labels = [spreadsheet(values[axis]) for axis in self.axes]
                writer.writerow([*labels, spreadsheet(name), *spread, *marks])
        return out.getvalue()

    def _published(self) -> list[str]:
        """Returns the columns that the paper has: the table's own first."""
        every = dict.fromkeys(name for row in self.paper for name in row.get("scores", {}))
        return [*(name for name in self.measures if name in every), *(n for n in every if n not in self.measures)]


def table_of(study: StudyFile, plan: Plan) -> StudyTable:
    """Returns what a study came to so far.

    Raises:
        RunError: what was measured of a run cannot be read.
    """
    found: list[dict[str, Entry]] = []
    for runs_of in plan.cells:
        entries = {}
        for name, runs in runs_of.items():
            # A run that has a seed of its own is one run, however many seeds the study has.
            several = {run.folder: (seed, run) for seed, run in zip(study.seeds, runs, strict=bool(runs))}
            read = {seed: measured_of(run) for seed, run in several.values()}
            values = {seed: measured[name] for seed, measured in read.items() if name in measured}
            entries[name] = Entry(values, Spread.of([value for value in values.values() if value is not None]))
        found.append(entries)
    baseline = [cell.values for cell in study.cells].index(study.baseline)
    for name in study.measures:
        spreads = [entries[name].spread for entries in found]
        bold = within_two_deviations(spreads, spreads[baseline], measure_of(name, "").higher_is_better)
        for entries, is_bold in zip(found, bold, strict=True):
            entries[name] = Entry(entries[name].values, entries[name].spread, is_bold)
    return StudyTable(
        title=study.study.get("title", study.path.stem),
        axes=[*study.axes],
        measures=study.measures,
        cells=[cell.values for cell in study.cells],
        baseline=baseline,
        entries=found,
        paper=study.paper,
        source=study.study.get("source", ""),
    )


def _entry_json(entry: Entry) -> dict[str, Any]:
    spread = entry.spread.to_json() if entry.spread else None
    return {"spread": spread, "values": {str(k): v for k, v in entry.values.items()}, "bold": entry.bold}


def _number(name: str, value: float) -> str:
    return f"{value:.4f}" if name == HELD_OUT_LOSS else f"{value:.2f}"


def _markdown_entry(name: str, entry: Entry) -> str:
    if entry.spread is None:
        return "–"
    mean = _number(name, entry.spread.mean)
    mean = f"**{mean}**" if entry.bold else mean
    deviation = "" if entry.spread.deviation is None else f" ± {_number(name, entry.spread.deviation)}"
    return f"{mean}{deviation} ({entry.spread.n})"


def _latex_entry(name: str, entry: Entry) -> str:
    if entry.spread is None:
        return "--"
    mean = _number(name, entry.spread.mean).replace("-", "$-$")
    mean = f"\\textbf{{{mean}}}" if entry.bold else mean
    deviation = "" if entry.spread.deviation is None else f" $\\pm$ {_number(name, entry.spread.deviation)}"
    return f"{mean}{deviation} ({entry.spread.n})"


def _published(row: Mapping[str, Any], name: str) -> str:
    value = row.get("scores", {}).get(name)
    return "–" if value is None else f"{value:.2f}" if isinstance(value, int | float) else str(value)
