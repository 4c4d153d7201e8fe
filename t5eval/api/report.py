"""`t5eval.report`: what a run, or several, came to, as Markdown, a page and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.reports.write import Report, write_report


def report(
    runs: PathName | Sequence[PathName],
    *,
    out: PathName | None = None,
    data: Data = None,
    latex: PathName | None = None,
    csv: PathName | None = None,
) -> Report:
    """Writes report.md and report.html of a run, or of several side by side.

    Args:
        runs: folders of `evaluate` or `train`, or any that hold `predictions/TASK/SPLIT.jsonl`.
        out: where the files go; the first run's folder if None.
        data: where the examples are, which the page shows; where the runs say they were, if None.
        latex: also a LaTeX table of the overview, in this file.
        csv: also a table of all scores, in this file.

    Raises:
        UserError: a run has nothing to report or cannot be read, or the data that was named is not there.

    >>> import json, pathlib, tempfile
    >>> import t5eval
    >>> run = pathlib.Path(tempfile.mkdtemp())
    >>> (run / "predictions/glue/rte").mkdir(parents=True)
    >>> lines = [json.dumps({"id": str(i), "prediction": "entailment"}) for i in range(80)]
    >>> _ = (run / "predictions/glue/rte/validation.jsonl").write_text("\\n".join(lines))
    >>> [path.name for path in t5eval.report(run, data=t5eval.suite_folder()).files]
    ['report.md', 'report.html']
    """
    return write_report(
        [Path(run) for run in names_of(runs)],
        out=Path(out) if out else None,
        data_dir=text_of(data),
        latex=Path(latex) if latex else None,
        csv=Path(csv) if csv else None,
    )
