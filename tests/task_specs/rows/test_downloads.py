"""The sizes and SHA-256 of the official files against those that TensorFlow Datasets recorded, which has them all."""

import importlib.util
from pathlib import Path

import pytest

import task_specs

TABLES = ("url_checksums/*.txt", "datasets/*/checksums.tsv")


def test_sizes_are_those_that_tensorflow_datasets_recorded() -> None:
    package = importlib.util.find_spec("tensorflow_datasets")  # read, not imported
    if package is None or package.origin is None:
        pytest.skip("tensorflow_datasets is not installed")
    tables = [path for pattern in TABLES for path in Path(package.origin).parent.glob(pattern)]
    lines = [line.split("\t") for path in tables for line in path.read_text(encoding="utf-8").splitlines()]
    recorded = {line[2]: int(line[1]) for line in lines if len(line) > 2}
    named = {file.sha256: file.size for spec in task_specs.all_tasks() for file in spec.downloads if file.sha256}
    assert len(named) > 30
    assert named == {sha256: recorded.get(sha256) for sha256 in named}
