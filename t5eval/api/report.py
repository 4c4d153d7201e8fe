"""`t5eval.report`: what a run, or several, came to, as Markdown, a page and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.reports.explorer.collection import Collection
from t5eval.reports.explorer.found_runs import FoundRun
from t5eval.reports.explorer.page_files import entry_page
from t5eval.reports.explorer.static import static_files, write_files
from t5eval.reports.hub_card import README, RECORDS
from t5eval.reports.hub_card import hub_card as make_hub_card
from t5eval.reports.hub_push import push as send
from t5eval.reports.hub_push import require_repository
from t5eval.reports.markdown import markdown_report
from t5eval.reports.paper_tables import csv_table, latex_table
from t5eval.reports.reported_run import Run, distinct_names, source_of
from t5eval.reports.score_table import Choice, score_table
from t5eval.reports.significance import UNTESTED, significance
from t5eval.runs.folder import locked
from t5eval.support.files import write_text
from t5eval.support.stages import each
from task_specs.support.errors import UserError

HUB_FOLDER = "hub_card"
"""Where in a report's folder that lies which belongs into a model's repository."""


@dataclass(frozen=True)
class Report:
    """What `report` wrote.

    Attributes:
        files: the files; what report.html loads from `report_files` is not among them.
        runs: the runs as they were read.
        notes: what the reports do not have, and why.
        commit: the address of what was sent to the Hugging Face hub, None if nothing was.
    """

    files: Sequence[Path]
    runs: Sequence[Run]
    notes: Sequence[str]
    commit: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval report --json` prints."""
        sent = {"commit": self.commit} if self.commit else {}
        return {"files": [str(path) for path in self.files], "notes": list(self.notes), **sent}


def report(
    runs: PathName | Sequence[PathName],
    *,
    out: PathName | None = None,
    data: Data = None,
    latex: PathName | None = None,
    csv: PathName | None = None,
    tasks: str | Sequence[str] = (),
    metrics: str | Sequence[str] = (),
    digits: int = 2,
    hub_card: bool = False,
    push: str | None = None,
) -> Report:
    """Writes report.md and report.html of a run, or of several side by side.

    report.html is the explorer; what it loads lies in `report_files` beside it. What is at the same place before stays
    until the new file is whole.

    Args:
        runs: folders of `evaluate` or `train`, or any that hold `predictions/TASK/SPLIT.jsonl`.
        out: where the files go; the first run's folder if None.
        data: where the examples are, which the page shows; where the runs say they were, if None.
        latex: also a LaTeX table of the overview, in this file.
        csv: also a table of all scores, in this file.
        tasks: what the tables have, those of report.md included: tasks and benchmarks; all if none is named.
        metrics: the scores that they have; if none is named, those that make up the leaderboards', and all where a
            table is of all scores.
        digits: behind the point, except in the table for spreadsheets, which rounds nothing.
        hub_card: also what belongs on the model's page on the Hugging Face hub, in the folder `hub_card`: a card with
            the table, and the hub's own records of scores. Nothing is sent.
        push: the model's repository on the hub, `OWNER/NAME`, which this is sent to, too.

    Raises:
        UserError: a run has nothing to report or cannot be read, the data that was named is not there, no run has
            what the tables are to have, another process is writing a report into the folder, or the hub cannot be
            asked for the repository.

    >>> import json, pathlib, tempfile
    >>> import t5eval
    >>> run = pathlib.Path(tempfile.mkdtemp())
    >>> (run / "predictions/glue/rte").mkdir(parents=True)
    >>> lines = [json.dumps({"id": str(i), "prediction": "entailment"}) for i in range(80)]
    >>> _ = (run / "predictions/glue/rte/validation.jsonl").write_text("\\n".join(lines))
    >>> [path.name for path in t5eval.report(run, data=t5eval.suite_folder()).files]
    ['report.md', 'report.html']
    """
    paths = [Path(run) for run in names_of(runs)]
    if (hub_card or push) and len(paths) != 1:
        raise UserError(f"a model card is of one run, and {len(paths)} are named")
    if push:
        require_repository(push)
    source, lack = source_of(text_of(data), paths)
    found = [FoundRun(name, path, path) for path, name in zip(paths, distinct_names(paths), strict=True)]
    collection = Collection(lambda: found, source.option if source else None)
    read = [collection.run(run.name) for run in each(found, "reading the runs", "runs")]
    choice = Choice(names_of(tasks), names_of(metrics), digits)
    choice.require(read)
    card = make_hub_card(read[0], choice) if hub_card or push else None
    notes = [f"scores only, no examples: {lack}"] if source is None and any(run.results for run in read) else []
    folder = Path(out) if out else paths[0]
    # Not the run's own lock: a run may be reported while it is evaluated or trained.
    with locked(folder, ".report.lock", "writing a report into this folder"):
        files = static_files(collection)
        # The comparison that the page shows of all of them: nothing is tested twice.
        names = [run.name for run in found]
        tests = significance(collection.comparison(names)) if len(names) > 1 else UNTESTED
        texts = {
            folder / "report.md": markdown_report(read, notes, choice, tests),
            folder / "report.html": entry_page(served=False),
        }
        if latex:
            texts[Path(latex)] = latex_table(score_table(read, choice, tests))
        if csv:
            texts[Path(csv)] = csv_table(read, choice)
        if card:
            place = folder / HUB_FOLDER
            texts[place / README] = card.readme((push or read[0].name).rpartition("/")[2])
            texts |= {place / name: text for name, text in card.records.items()}
            notes += [f"not in the hub's metadata: {one}" for one in card.left_out]
            for earlier in set((place / RECORDS).glob("*.yaml")) - set(texts):
                earlier.unlink()
        write_files(folder, files)
        for path, text in texts.items():
            write_text(path, text)
    commit = send(push, card) if push and card else None
    of_runs = [f"{run.name}: {note}" for run in read for note in run.notes]
    return Report(list(texts), read, [*notes, *of_runs], commit)
