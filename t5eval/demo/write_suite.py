"""Writes the demo's miniature suite: made-up text in the official files' layouts.

    python -m t5eval.demo.write_suite [FOLDER]

The written files lie beside this one in `suite/` and are part of the package; the same seed gives them again to the
byte. Sentences come from `templates`, the look of the files from `layouts`, and `fill` decides which split gets which
sentence. No sentence of a validation or test file occurs in another split of its task, so that what the demo reports
is not memory. Like the official ones, test files have no labels where a leaderboard keeps them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from t5eval.demo.fill import fill
from t5eval.demo.layouts import glue, squad, summaries, super_glue, translation

SUITE = Path(__file__).with_name("suite")
SEED = 20
TASKS = (*glue.TASKS, *super_glue.TASKS, *squad.TASKS, *summaries.TASKS, *translation.TASKS)


def suite_files() -> dict[str, bytes]:
    """Returns the content of every file of the suite by its path within the data folder."""
    texts: dict[str, str] = {}
    for number, task in enumerate(TASKS):
        texts.update(fill(task, SEED + number))
    return {path: text.encode("utf-8") for path, text in texts.items()}


def write_suite(folder: Path) -> None:
    """Writes the suite under a folder, over what is there."""
    for path, content in suite_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main(arguments: Iterable[str] = ()) -> None:
    """Writes the suite to the folder named, by default the package's own."""
    folders = [Path(argument) for argument in arguments]
    write_suite(folders[0] if folders else SUITE)


if __name__ == "__main__":
    main(sys.argv[1:])
