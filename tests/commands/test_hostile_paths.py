"""Names that the file system or a script's empty variable make impossible: one line, status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import Command, write_predictions


@pytest.mark.parametrize(
    "command",
    [
        "evaluate --model m --task glue/rte",
        "prepare --task glue/rte --vocab bytes",
        "submit glue --run r",
        "train --task glue/rte",
        "rerun r",
        "report r",
        "recipe glue/rte",
        "demo",
    ],
)
def test_an_empty_out_is_refused(t5eval: Command, command: str) -> None:
    done = t5eval(*command.split(), "--out", "")
    assert done.status == 2
    assert "--out" in done.err
    assert "is empty; name a folder or a file" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_name_that_is_too_long(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    file = write_predictions(tmp_path / "p.jsonl", [("0", "entailment")])
    for place in (tmp_path / ("x" * 300), tmp_path / "x" / ("y" * 300)):
        done = t5eval("score", "glue/rte", "--split", "validation", "--data-dir", place, "--predictions", file)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
        done = t5eval("score", "glue/rte", "--split", "validation", "--data-dir", suite, "--predictions", place)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err
        done = t5eval("report", place)
        assert (done.status, len(done.err.splitlines())) == (2, 1), done.err


def test_links_in_a_circle(t5eval: Command, suite: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for call in (
        ("report", tmp_path / "a"),
        ("compare", tmp_path / "a", tmp_path / "b"),
        ("validate", "glue/rte", "--data-dir", tmp_path / "a"),
        ("rerun", tmp_path / "a"),
        ("check", "glue", tmp_path / "a"),
    ):
        done = t5eval(*call)
        assert done.status == 2
        assert "Traceback" not in done.err
