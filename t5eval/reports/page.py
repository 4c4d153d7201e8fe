"""`report.html`: one page that needs no network, with charts and the examples behind the scores."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5eval.data import DataSource
from t5eval.reports import overview
from t5eval.reports.charts import Chart, curve_chart, histogram_chart, length_chart, said, ticks
from t5eval.reports.distributions import Confusion, confusion, histogram, length_parts, means_by_length
from t5eval.reports.escaping import script_json, visible
from t5eval.reports.joined_examples import JudgedSplit, judge_split
from t5eval.reports.measures import ERROR, RIGHT
from t5eval.reports.page_examples import PAGE_BYTES, Examples, fitting, held_examples, ranked_examples
from t5eval.reports.reported_run import Run
from t5eval.support.stages import each, stage
from task_specs import TaskSpec

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
COLOURS = 6  # of runs; they repeat after that, beside the names


@dataclass(frozen=True)
class Section:
    """What the page says of one split.

    Attributes:
        anchor: its name in links.
        spec: the task, None where it is not known here.
        how: of each run its name, how many examples, how they were answered, and the data's hash.
        matrices: of each run its name and confusion matrix.
        charts: the others.
        examples: the worst examples, None where there are none to show.
        notes: why something is not there.
    """

    anchor: str
    task: str
    split: str
    spec: TaskSpec | None
    rows: Sequence[overview.ScoreRow]
    cautions: Sequence[overview.Caution]
    how: Sequence[tuple[str, int, str, str]]
    matrices: Sequence[tuple[str, Confusion]]
    charts: Sequence[Chart]
    examples: Examples | None
    notes: Sequence[str]

    def json(self) -> str:
        """Returns the examples for a script element."""
        return script_json([example.to_json() for example in self.examples.shown] if self.examples else [])


def html_report(runs: Sequence[Run], data: DataSource | None, notes: Sequence[str]) -> str:
    """Returns the page of runs, which stand side by side; without `data` it has no examples. `notes` are on it, too."""
    from markupsafe import Markup

    sections = _sections(runs, data)
    curves, once = _curve_charts(runs)
    script = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template("report.html").render(
        runs=runs,
        several=len(runs) > 1,
        colours=COLOURS,
        rows=overview.score_rows(runs),
        averages=overview.average_rows(runs),
        prompts=overview.prompt_rows(runs),
        cautions=overview.warnings_of(runs),
        unlabelled=overview.unlabelled(runs),
        anchors={(section.task, section.split): section.anchor for section in sections},
        sections=sections,
        contents={
            section.task: [other for other in sections if other.task == section.task] for section in sections
        },
        curves=curves,
        once=once,
        settings=overview.setting_rows(runs),
        versions=overview.setting_rows(runs, "versions"),
        notes=notes,
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=digest,
        page=10,
    )  # fmt: skip


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:.2f}".replace("-", "−")
    environment.filters["breakable"] = lambda name: Markup("<wbr>").join(re.split(r"(?<=[/_])", visible(name)))
    environment.filters["raw"] = Markup
    return environment


def _sections(runs: Sequence[Run], data: DataSource | None) -> list[Section]:
    keys = overview.keys_of(runs)
    rows, cautions = overview.score_rows(runs), overview.warnings_of(runs)
    judged = [
        judge_split(key, runs, data) if data is not None else None
        for key in each(keys, "reading the examples", "splits")
    ]
    ranked = [
        ranked_examples(split) if split is not None and any(split.answers) else []
        for split in each(judged, "ranking the examples", "splits")
    ]
    with stage("choosing the examples"):
        kept_in_all = fitting(ranked, PAGE_BYTES)
    return [
        Section(
            f"split-{number}",
            *key,
            split.spec if split else None,
            [row for row in rows if (row.task, row.split) == key],
            [caution for caution in cautions if caution.key == key],
            overview.how_rows(key, runs),
            _matrices(split, runs) if split else [],
            _charts(split, runs) if split else [],
            held_examples(split, ranked[number], kept) if split and ranked[number] else None,
            split.notes if split else [],
        )
        for number, (key, split, kept) in each(
            list(enumerate(zip(keys, judged, kept_in_all, strict=True))), "drawing the page", "splits"
        )
    ]


def _matrices(judged: JudgedSplit, runs: Sequence[Run]) -> list[tuple[str, Confusion]]:
    classes = tuple(getattr(judged.spec and judged.spec.answer, "classes", ()))
    if not classes:
        return []
    return [
        (run.name, confusion(answers.judged, classes, answers.labelled))
        for run, answers in zip(runs, judged.answers, strict=True)
        if answers is not None
    ]


def _charts(judged: JudgedSplit, runs: Sequence[Run]) -> list[Chart]:
    """Returns histograms of scores that are not just right or wrong, and how the scores depend on length."""
    measured = [
        (number, run.name, answers, answers.measure)
        for number, (run, answers) in enumerate(zip(runs, judged.answers, strict=True))
        if answers is not None and answers.measure is not None and answers.judged
    ]
    if not measured:
        return []
    charts = []
    for number, name, _, measure in measured:
        values = [value for value in measure.values if value is not None]
        if measure.kind != RIGHT and values:
            high = ticks(0, max(values) or 1)[-1] if measure.kind == ERROR else 100.0
            title = f"Spread of {measure.name}" + (f": {name}" if len(runs) > 1 else "")
            bars = histogram(values, high)
            charts.append(histogram_chart(title, measure.name, bars, len(measure.values) - len(values), number))
    words = {key: len(text.split()) for key, text in judged.inputs.items()}
    parts = length_parts([words[example.id] for _, _, answers, _ in measured for example in answers.judged])
    means = [
        (number, name, means_by_length(parts, [words[example.id] for example in answers.judged], measure.values))
        for number, name, answers, measure in measured
    ]
    kind, name = measured[0][3].kind, measured[0][3].name
    charts.append(length_chart(f"Length against {name}", name, parts, means, None if kind == ERROR else 100.0))
    return charts


def _curve_charts(runs: Sequence[Run]) -> tuple[list[Chart], list[tuple[str, list[str]]]]:
    """Returns the charts of what was measured repeatedly in training, and in words what was measured once."""
    names = dict.fromkeys(name for run in runs for name in run.curves)
    charts, once = [], []
    for name in sorted(names, key=lambda name: (name != "loss", name.startswith("validation/"), name)):
        curves = [(number, run.name, run.curves[name]) for number, run in enumerate(runs) if run.curves.get(name)]
        if any(len(curve) > 1 for _, _, curve in curves):
            charts.append(curve_chart(name, curves))
        else:
            points = [run.curves.get(name, []) for run in runs]
            once.append((name, [f"{said(curve[0][1])} at step {curve[0][0]:,}" if curve else "–" for curve in points]))
    return charts, once
