"""The demo's miniature suite: made-up text in the official files' layouts.

The written files lie in `t5eval/demo/suite/` and are part of the package; the same seed gives them again to the byte.
Sentences come from `templates`, the look of the files from `layouts`, and `fill` decides which split gets which
sentence. No sentence of a validation or test file occurs in another split of its task, so that what the demo reports
is not memory. Like the official ones, test files have no labels where a leaderboard keeps them.
"""

from tools.demo_suite.fill import fill
from tools.demo_suite.layouts import glue, squad, summaries, super_glue, translation

SEED = 20
TASKS = (*glue.TASKS, *super_glue.TASKS, *squad.TASKS, *summaries.TASKS, *translation.TASKS)


def suite_files() -> dict[str, bytes]:
    """Returns the content of every file of the suite by its path within the data folder."""
    texts: dict[str, str] = {}
    for number, task in enumerate(TASKS):
        texts.update(fill(task, SEED + number))
    return {path: text.encode("utf-8") for path, text in texts.items()}
