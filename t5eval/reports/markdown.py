"""`report.md`: what pastes into a paper's appendix or a pull request."""

from collections.abc import Sequence

from t5eval.reports import overview
from t5eval.reports.escaping import markdown, markdown_code
from t5eval.reports.over_seeds import spread_cells, spread_rows
from t5eval.reports.reported_run import Run
from t5eval.reports.score_table import ALL, WORDS, Cell, Choice, Notes, ScoreTable, score_table
from t5eval.reports.significance import UNTESTED, Significance


def markdown_report(
    runs: Sequence[Run], notes: Sequence[str], choice: Choice = ALL, tests: Significance = UNTESTED
) -> str:
    """Returns the report of runs, which stand side by side, as GitHub's Markdown.

    Args:
        notes: what its reader should know besides the runs' warnings.
        choice: which scores its tables have.
        tests: which differences between the runs are more than chance.
    """
    letters = Notes()
    parts = [
        "# Evaluation: " + ", ".join(markdown(run.name) for run in runs),
        *_overview(runs, choice, score_table(runs, choice, tests, notes=letters)),
        *_over_seeds(runs),
        *_warnings(runs, notes),
        *_all_scores(runs, choice, tests, letters),
        *_settings(runs),
    ]
    return "\n\n".join(parts) + "\n"


def markdown_table(found: ScoreTable) -> str:
    """Returns a table of scores, the averages at its end, and below it a line for each of its notes."""
    rows = [[_cell(cell) for cell in row] for row in (found.head, *found.rows, *found.averages)]
    notes = [f"- {f'<sup>{mark}</sup> ' if mark else ''}{markdown(text)}" for mark, text in found.notes]
    return "\n\n".join([table(rows[0], rows[1:], texts=WORDS), *(["\n".join(notes)] if notes else [])])


def _cell(cell: Cell) -> str:
    text = markdown(cell.text)
    marks = f"<sup>{','.join(cell.marks)}</sup>" if cell.marks else ""
    return " ".join(filter(None, [(f"**{text}**" if cell.best else text) + marks, cell.interval]))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> str:
    """Returns a table of cells that are Markdown already; columns after the first `texts` are aligned to the right."""
    rule = ["---" if place < texts else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def _heads(runs: Sequence[Run], alone: str) -> list[str]:
    return [markdown(run.name) for run in runs] if len(runs) > 1 else [alone]


def _overview(runs: Sequence[Run], choice: Choice, scores: ScoreTable) -> list[str]:
    parts = []
    if scores.rows or scores.averages:
        parts.append(markdown_table(scores))
        parts.append("Scores in percent, with 95 % intervals.")
    if prompts := overview.prompt_rows(runs):
        cells = []
        for over in prompts:
            side = [markdown(over.run)] if len(runs) > 1 else []
            labels = [*side, markdown(over.task), markdown(over.split), markdown(over.name), f"{len(over.values)}"]
            low, high = map(choice.number, (min(over.values.values()), max(over.values.values())))
            spread = f"{low} to {high}, sd {choice.number(over.deviation)}"
            cells.append([*labels, choice.number(over.mean), spread, markdown(over.best)])
        head = [*(["run"] if len(runs) > 1 else []), "task", "split", "score", "prompts", "mean", "spread", "best"]
        parts.append(table(head, cells, texts=4 if len(runs) > 1 else 3))
    if without := overview.unlabelled(runs):
        names = ", ".join(markdown(" ".join(key)) for key in without)
        parts.append(f"Predicted without labels to score against: {names}.")
    return parts


def _over_seeds(runs: Sequence[Run]) -> list[str]:
    rows = list(spread_rows(runs))
    return ["## Over seeds", table(*spread_cells(rows), texts=4)] if rows else []


def _warnings(runs: Sequence[Run], notes: Sequence[str]) -> list[str]:
    lines = [f"- {markdown(note)}" for note in notes]
    for caution in overview.warnings_of(runs):
        where = " ".join(markdown(part) for part in (caution.run if len(runs) > 1 else "", caution.where) if part)
        reasons = "; ".join(markdown_code(reason) for reason in caution.reasons)
        lines.append(f"- {where + ': ' if where else ''}{markdown(caution.text)}{': ' + reasons if reasons else ''}")
    return ["## Warnings", "\n".join(lines or ["None."])]


def _all_scores(runs: Sequence[Run], choice: Choice, tests: Significance, letters: Notes) -> list[str]:
    rows = choice.rows(runs, headline=False)
    if not rows:
        return []
    lines = []
    for row in rows:
        where = markdown(f"{row.task} {row.split} {row.name}")
        same = row.signature()
        if same is not None:
            lines.append(f"- {where}: {markdown_code(same)}")
            continue
        for run, score in zip(runs, row.scores, strict=True):
            if score is not None:
                lines.append(f"- {where}, {markdown(run.name)}: {markdown_code(score.signature)}")
    found = score_table(runs, choice, tests, headline=False, notes=letters)
    return ["## All scores", markdown_table(found), "## Signatures", "\n".join(lines)]


def _setting_table(runs: Sequence[Run], rows: Sequence[overview.SettingRow]) -> str:
    cells = [[markdown(row.name), *(markdown_code(value, cell=True) for value in row.values)] for row in rows]
    return table(["setting", *_heads(runs, "value")], cells, texts=1 + len(runs))


def _settings(runs: Sequence[Run]) -> list[str]:
    parts = []
    if rows := overview.setting_rows(runs):
        parts += ["## Settings", _setting_table(runs, rows)]
    lines = []
    for key in overview.keys_of(runs):
        said = overview.how_rows(key, runs)
        several = len({(decode, data) for _, _, decode, data in said}) > 1
        for name, _, decode, data in said if several else said[:1]:
            of = f", {markdown(name)}" if several else ""
            how = f"{markdown_code(decode)}, " if decode else ""
            lines.append(f"- {markdown(' '.join(key))}{of}: {how}data {markdown_code(data[:16])}")
    if lines:
        parts += ["## Decoding and data", "\n".join(lines)]
    if versions := overview.setting_rows(runs, "versions"):
        parts += ["## Versions", _setting_table(runs, versions)]
    return parts
