"""`t5eval.submit`: a leaderboard's submission from a run's predictions."""

from collections.abc import Sequence
from pathlib import Path

from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.data import data_source
from t5eval.submissions.submission import Submission
from t5eval.submissions.submit import submit as make_submission


def submit(
    leaderboard: str,
    run: PathName,
    *,
    out: PathName,
    data: Data = None,
    fill: str | Sequence[str] = (),
    partial: bool = False,
    official_counts: bool = True,
    task: str | None = None,
    system: str | None = None,
    prompt: str | None = None,
) -> Submission:
    """Writes a leaderboard's submission from a run's predictions, and checks what was written.

    Args:
        leaderboard: its name, as `t5eval submit` takes it.
        run: a folder that holds `predictions/TASK/SPLIT.jsonl`.
        out: the file to write.
        data: where the examples are.
        fill: `LABEL` or `TASK=LABEL` for answers that are missing or unreadable.
        partial: leave out incomplete tasks instead of refusing.
        official_counts: refuse data that has other numbers of rows than the leaderboard's.
        task: which task, where a submission is of one of several.
        system: the system's name in WMT's SGML and XML; the run's if None.
        prompt: the answers to this prompt; those to the tasks' own form if None.

    Raises:
        UserError: a task is incomplete, or what was asked does not fit the leaderboard.

    >>> import json, pathlib, tempfile
    >>> import t5eval
    >>> run = pathlib.Path(tempfile.mkdtemp())
    >>> (run / "predictions/glue/rte").mkdir(parents=True)
    >>> lines = [json.dumps({"id": str(i), "prediction": "entailment"}) for i in range(80)]
    >>> _ = (run / "predictions/glue/rte/test.jsonl").write_text("\\n".join(lines))
    >>> made = t5eval.submit(
    ...     "glue", run, data=t5eval.suite_folder(), out=run / "glue.zip", partial=True, official_counts=False
    ... )
    >>> made.files
    {'RTE.tsv': 80}
    """
    return make_submission(
        leaderboard,
        Path(run),
        data_source(text_of(data)),
        Path(out),
        fill=names_of(fill),
        partial=partial,
        official_counts=official_counts,
        task=task,
        system=system,
        prompt=prompt,
    )
