"""The overview as a table for LaTeX, and all scores as a table for spreadsheets."""

import csv
import io
from collections.abc import Sequence

from t5eval.reports.escaping import cell, latex
from t5eval.reports.overview import average_rows, score_rows
from t5eval.reports.reported_run import Run
from t5eval.scoring.score import Score

CSV_COLUMNS = (
    "run", "task", "split", "score", "value", "ci95_low", "ci95_high", "n", "unreadable", "missing",
    "truncated_inputs", "outputs_at_limit", "limit", "signature",
)  # fmt: skip


def csv_table(runs: Sequence[Run]) -> str:
    """Returns a row for each run, split and score, unrounded; an undefined number is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in score_rows(runs):
        for run, score in zip(runs, row.scores, strict=True):
            if score is None:
                continue
            result = run.results[row.task, row.split]
            low, high = score.ci95 or (None, None)
            writer.writerow([
                cell(run.name), cell(row.task), cell(row.split), cell(row.name), score.value, low, high,
                result.score.n, result.score.unreadable, result.score.missing,
                result.truncated, result.hit_limit, result.limit, cell(score.signature),
            ])  # fmt: skip
    return out.getvalue()


def latex_table(runs: Sequence[Run]) -> str:
    """Returns a `tabular` of the leaderboards' scores with intervals, a column for each run; needs `booktabs`."""
    lines = [
        "% \\usepackage{booktabs}; scores in percent with 95 % intervals",
        f"\\begin{{tabular}}{{lll{'r' * len(runs)}}}",
        "\\toprule",
        " & ".join(["Task", "Split", "Score", *(latex(run.name) for run in runs)]) + " \\\\",
        "\\midrule",
    ]
    for row in score_rows(runs):
        if row.headline:
            names = [latex(row.task), latex(row.split), latex(row.name)]
            lines.append(" & ".join([*names, *map(_latex_score, row.scores)]) + " \\\\")
    averages = average_rows(runs)
    if averages:
        lines.append("\\midrule")
    for average in averages:
        values = ["--" if value is None else f"{value:.2f}" for value in average.values]
        lines.append(" & ".join([latex(average.benchmark), latex(average.split), "average", *values]) + " \\\\")
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _latex_score(score: Score | None) -> str:
    if score is None or score.value is None:
        return "--"
    value = f"{score.value:.2f}".replace("-", "$-$")
    if score.ci95 is None:
        return value
    low, high = (f"{bound:.2f}".replace("-", "$-$") for bound in score.ci95)
    return f"{value} {{\\footnotesize [{low}, {high}]}}"
