"""Makes the table of hashes in `test_glue_t5_output.py` from what t5 itself printed.

    python tests/t5eval/make_t5_hashes.py DUMPS DATA glue

DUMPS holds `TASK/SPLIT.jsonl`, lines of `{"id", "inputs", "targets"}` in file order, printed by t5 0.9.4's own
preprocessors for the rows of DATA. Only hashes are kept: neither the data nor t5 can be part of this project.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import task_specs
from t5eval.data import READERS
from task_specs import TaskSpec


def text_hash(rows: Iterable[tuple[str, str, str]]) -> tuple[int, str]:
    """Returns how many rows there are, and a SHA-256 over each as a JSON array [id, inputs, targets] and a newline."""
    sha256 = hashlib.sha256()
    count = 0
    for row in rows:
        sha256.update(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count, sha256.hexdigest()


def data_hash(spec: TaskSpec, split: str, data_dir: Path) -> str | None:
    """Returns a SHA-256 over the bytes of a split's files one after another, None if one of them is not there."""
    sha256 = hashlib.sha256()
    for name in READERS[spec.source.kind].files(spec, split, data_dir):
        if not (data_dir / name).is_file():
            return None
        sha256.update((data_dir / name).read_bytes())
    return sha256.hexdigest()


def main() -> None:
    dumps, data_dir, benchmark = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    for spec in task_specs.all_tasks():
        for split in spec.source.splits:
            path = dumps / spec.name / f"{split}.jsonl"
            if spec.benchmark != benchmark or not path.is_file():
                continue
            rows = [json.loads(line) for line in path.read_bytes().split(b"\n") if line]
            count, digest = text_hash((row["id"], row["inputs"], row["targets"]) for row in rows)
            sys.stdout.write(
                f"    ({spec.name!r}, {split!r}): ({count}, {data_hash(spec, split, data_dir)!r}, {digest!r}),\n"
            )


if __name__ == "__main__":
    main()
