"""GLUE: one zip with a TSV for each of eleven tasks at its root.

Each file has the header `index<TAB>prediction` and a row for every example of the task's test file; the index is
the 0-based row number there. The grader is not public: this is the form that the benchmark's own baselines write,
and what `check` refuses is what the leaderboard is known to refuse, or what no reader could take in one way only.
"""

from collections.abc import Sequence

from leaderboards.forms.text import WHOLE_NUMBER
from leaderboards.row_per_example import RowFault, RowPerExample
from task_specs import BENCHMARKS, get
from task_specs.support.errors import quoted


class Glue(RowPerExample):
    """A leaderboard that takes a TSV of index and prediction for each task."""

    suffix = ".tsv"
    header = "index\tprediction"
    id_name = ("index", "indexes")

    def write_row(self, example_id: str, text: str) -> str:
        if not WHOLE_NUMBER.fullmatch(example_id):
            raise ValueError("not the row number that the leaderboard wants")
        return f"{example_id}\t{text}"

    def read_row(self, row: str) -> tuple[str, str]:
        index, tab, text = row.partition("\t")
        if not tab or "\t" in text:
            columns = row.count("\t") + 1
            raise RowFault(
                f"expected 2 columns (index, prediction) with a tab between them, got {columns}: {quoted(row[:200])}",
                index,
            )
        return index, text

    def unknown(self, example_id: str, ids: Sequence[str]) -> str:
        shown = quoted(example_id[:200])
        if not WHOLE_NUMBER.fullmatch(example_id):
            return f"index {shown} is not a whole number in plain digits, such as 0 or 17"
        return (
            f"index {shown} is unknown; the {len(ids):,} indexes run from {ids[0]} to {ids[-1]}, the first row being 0"
        )


GLUE = Glue("glue", [get(name) for name in BENCHMARKS["glue"].tasks])
