"""The overview as a table for LaTeX, and all scores as a table for spreadsheets."""

import csv
import io
import re
from collections.abc import Sequence

from t5eval.reports.escaping import cell, latex
from t5eval.reports.reported_run import Run
from t5eval.reports.score_table import ALL, DIFFERS, WORDS, Cell, Choice, ScoreTable

CSV_COLUMNS = (
    "run", "task", "split", "score", "value", "ci95_low", "ci95_high", "n", "unreadable", "missing",
    "truncated_inputs", "outputs_at_limit", "limit", "signature",
)  # fmt: skip

_SIGN = re.compile(r"(?<![^\s\[])-(?=\d)")


def csv_table(runs: Sequence[Run], choice: Choice = ALL) -> str:
    """Returns a row for each run, split and chosen score, unrounded; an undefined number is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in choice.rows(runs, headline=False):
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


def latex_table(found: ScoreTable) -> str:
    """Returns a `tabular` of scores and, below a rule, averages, with its notes; needs `booktabs`, `threeparttable`."""
    words = "l" * WORDS + "r" * (len(found.head) - WORDS)
    lines = [
        "% \\usepackage{booktabs,threeparttable}; scores in percent with 95 % intervals",
        "\\begin{threeparttable}",
        f"\\begin{{tabular}}{{{words}}}",
        "\\toprule",
        _latex_row(found.head),
        "\\midrule",
        *map(_latex_row, found.rows),
        *(["\\midrule"] if found.rows and found.averages else []),
        *map(_latex_row, found.averages),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    if found.notes:
        items = [f"\\item[{_LATEX_MARKS.get(mark, mark)}] {latex(text)}" for mark, text in found.notes]
        lines += ["\\begin{tablenotes}[flushleft]\\footnotesize", *items, "\\end{tablenotes}"]
    return "\n".join([*lines, "\\end{threeparttable}", ""])


_LATEX_MARKS = {DIFFERS: "\\textdagger"}


def _latex_row(row: Sequence[Cell]) -> str:
    line = " & ".join(map(_latex_cell, row)) + " \\\\"
    return f"{{}}{line}" if line.startswith(("[", "*")) else line  # which the `\\\\` before it would take for its own


def _latex_cell(cell: Cell) -> str:
    text = _latex_text(cell.text)
    text = f"\\textbf{{{text}}}" if cell.best else text
    marks = ",".join(_LATEX_MARKS.get(mark, mark) for mark in cell.marks)
    interval = f"{{\\footnotesize {_latex_text(cell.interval)}}}" if cell.interval else ""
    return " ".join(filter(None, [text + (f"\\tnote{{{marks}}}" if marks else ""), interval]))


def _latex_text(text: str) -> str:
    """Returns a cell's text, in which a number's sign is a minus and no hyphen."""
    return _SIGN.sub("$-$", latex(text))
