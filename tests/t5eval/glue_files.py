"""Small files in GLUE's official form, written for a test and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import task_specs
from t5eval.data import Split, open_split

# A file's folder and name for each (task, split) used here.
FILES = {
    ("cola", "train"): "CoLA/train.tsv",
    ("cola", "test"): "CoLA/test.tsv",
    ("sst2", "validation"): "SST-2/dev.tsv",
    ("sst2", "test"): "SST-2/test.tsv",
    ("mrpc", "validation"): "MRPC/dev.tsv",
    ("mrpc", "test"): "MRPC/test.tsv",
    ("stsb", "validation"): "STS-B/dev.tsv",
    ("stsb", "test"): "STS-B/test.tsv",
    ("qqp", "train"): "QQP/train.tsv",
    ("qqp", "validation"): "QQP/dev.tsv",
    ("qqp", "test"): "QQP/test.tsv",
    ("mnli", "train"): "MNLI/train.tsv",
    ("mnli_matched", "validation"): "MNLI/dev_matched.tsv",
    ("mnli_mismatched", "test"): "MNLI/test_mismatched.tsv",
    ("qnli", "validation"): "QNLI/dev.tsv",
    ("rte", "train"): "RTE/train.tsv",
    ("rte", "validation"): "RTE/dev.tsv",
    ("rte", "test"): "RTE/test.tsv",
    ("wnli", "validation"): "WNLI/dev.tsv",
    ("ax", "test"): "diagnostic/diagnostic.tsv",
}
RTE = b"index\tsentence1\tsentence2\tlabel\n"
QQP = b"id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
MNLI_WIDE = (
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2\t"
)


def put(data_dir: Path, name: str, content: bytes) -> Path:
    path = data_dir / "glue" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def opened(tmp_path: Path, task: str, split: str, content: bytes, **options: bool) -> Split:
    put(tmp_path, FILES[task, split], content)
    return open_split(task_specs.get(f"glue/{task}"), split, tmp_path, **options)


def read(tmp_path: Path, task: str, split: str, content: bytes, **options: bool) -> list[tuple[str, dict[str, Any]]]:
    return [(e.id, dict(e.features)) for e in opened(tmp_path, task, split, content, **options)]


def pair(label: int | float, one: str = "A.", two: str = "B.") -> dict[str, Any]:
    return {"sentence1": one, "sentence2": two, "label": label}
