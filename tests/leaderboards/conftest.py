"""A miniature of GLUE's data: a few examples for each of the leaderboard's tasks."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

FILES = {
    "CoLA.tsv": "index\tprediction\n0\t1\n1\t0\n2\t1\n",
    "SST-2.tsv": "index\tprediction\n0\t0\n1\t1\n",
    "MRPC.tsv": "index\tprediction\n0\t1\n1\t1\n",
    "STS-B.tsv": "index\tprediction\n0\t0.000\n1\t5.000\n2\t2.600\n3\t3.142\n",
    "QQP.tsv": "index\tprediction\n0\t0\n2\t1\n",
    "MNLI-m.tsv": "index\tprediction\n0\tentailment\n1\tneutral\n2\tcontradiction\n",
    "MNLI-mm.tsv": "index\tprediction\n0\tcontradiction\n",
    "QNLI.tsv": "index\tprediction\n0\tentailment\n1\tnot_entailment\n",
    "RTE.tsv": "index\tprediction\n0\tnot_entailment\n1\tentailment\n2\tentailment\n",
    "WNLI.tsv": "index\tprediction\n0\t0\n1\t1\n",
    "AX.tsv": "index\tprediction\n" + "".join(f"{i}\tneutral\n" for i in range(12)),
}


@pytest.fixture
def files() -> dict[str, bytes]:
    """The submission that `answers` make, file by file."""
    return {name: text.encode() for name, text in FILES.items()}


@pytest.fixture
def answers() -> dict[str, dict[str, Any]]:
    """Answers by task and id, in no order; QQP has a hole, and two of STS-B's are out of range."""
    return {
        "glue/ax": {str(i): 1 for i in reversed(range(12))},
        "glue/cola": {"2": 1, "0": 1, "1": 0},
        "glue/sst2": {"0": 0, "1": 1},
        "glue/mrpc": {"0": 1, "1": 1},
        "glue/stsb": {"0": -1.0, "1": 6.2, "2": 2.6, "3": 3.14159},
        "glue/qqp": {"2": 1, "0": 0},
        "glue/mnli_matched": {"0": 0, "1": 1, "2": 2},
        "glue/mnli_mismatched": {"0": 2},
        "glue/qnli": {"0": 0, "1": 1},
        "glue/rte": {"0": 1, "1": 0, "2": 0},
        "glue/wnli": {"0": 0, "1": 1},
    }


@pytest.fixture
def ids(answers: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """The ids of the miniature's tasks."""
    return {task: sorted(values, key=int) for task, values in answers.items()}


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Makes a zip of files."""

    def make(content: Mapping[str, bytes], name: str = "glue.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, data in content.items():
                archive.writestr(file, data)
        return tmp_path / name

    return make
