"""A leaderboard: it takes a zip of `polite.csv`, with `row;answer` on each line."""

from pathlib import Path

import task_specs
from leaderboards import RowFault, RowPerExample
from t5eval import register


class Semicolons(RowPerExample):
    suffix = ".csv"
    header = "row;answer"

    def write_row(self, example_id, text):
        return f"{example_id};{text}"

    def read_row(self, row):
        example_id, semicolon, text = row.partition(";")
        if not semicolon:
            raise RowFault(f"expected row;answer, got {row[:60]!r}")
        return example_id, text


register(Semicolons("mine", [task_specs.get(str(Path(__file__).with_name("polite.toml")))]))
