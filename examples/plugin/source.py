"""A source: files of comma-separated values, whose rows become examples."""

import csv
from dataclasses import dataclass

from t5eval import FileSource, register
from task_specs import Example


@register
@dataclass(frozen=True)
class Csv(FileSource):
    kind = "mine_csv"
    fields = {"sentence": "text"}

    def examples(self, path):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                yield Example(str(number), {"sentence": row["text"], "label": int(row["stars"])})
