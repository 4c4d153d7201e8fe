"""`t5eval data get` and `data list`, and what names them where data is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import task_specs
from tests.t5eval.data.file_server import serving


@pytest.fixture
def mirrored(official: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mirror of CB and SQuAD in miniature; RTE's row knows hashes, so its archive there is none."""
    with serving() as server:
        for download in task_specs.get("dpr").downloads:
            server.files[f"/{download.url.split('//')[1]}"] = b"not DPR"
        monkeypatch.setenv("T5EVAL_MIRROR", server.address)
        yield server


def test_a_wrong_file_is_one_line(t5eval: Any, mirrored: Any, tmp_path: Path) -> None:
    done = t5eval("data", "get", "dpr", "--to", tmp_path / "data")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[0] == "DPR: for research, by its authors"
    sizes = [f"it has 7 bytes, not {download.size:,}" for download in task_specs.get("dpr").downloads]
    # Both are fetched at once, and both are wrong: the one that comes first is named.
    assert any(f"not the official file: {size}" in done.err.splitlines()[1] for size in sizes)
    assert len(done.err.splitlines()) == 2


def test_a_users_row_is_fetched_listed_and_scored(t5eval: Any, official: Path, mirrored: Any, tmp_path: Path) -> None:
    name = shutil.make_archive(str(tmp_path / "pairs"), "zip", official / "super_glue", "CB")
    mirrored.files["/example.org/pairs.zip"] = Path(name).read_bytes()
    row = tmp_path / "pairs.toml"
    row.write_text(
        'name = "mine/cb"\nbenchmark = "mine"\nmetrics = ["accuracy"]\nsizes = {validation = 3}\n'
        "[lengths]\ninputs = 512\ntargets = 8\n"
        '[source]\nkind = "json_lines"\nfolder = "pairs"\nfiles = {validation = "val.jsonl"}\n'
        'fields = {premise = "premise", hypothesis = "hypothesis"}\n'
        'classes = ["entailment", "contradiction", "neutral"]\n'
        '[text]\nkind = "fields"\nprefix = "cb"\nfields = ["hypothesis", "premise"]\n'
        '[answer]\nkind = "label"\nclasses = ["entailment", "contradiction", "neutral"]\n'
        '[[downloads]]\nurl = "https://example.org/pairs.zip"\nto = "pairs"\nkeep = ["CB/*.jsonl"]\n'
    )
    absent = t5eval("data", "list", row, "--data-dir", tmp_path)
    assert absent.out.split() == ["mine/cb", "validation", "-", "of", "3", "missing"]
    done = t5eval("data", "get", row, "--to", tmp_path / "data")
    assert done.status == 0, done.err
    assert "no hash is known for it; this one's SHA-256 is " in done.out
    assert done.out.endswith(f"--data-dir {tmp_path / 'data'} reads them\n")
    held = json.loads(t5eval("data", "list", row, "--data-dir", tmp_path / "data", "--json").out)
    examples = len((official / "super_glue/CB/val.jsonl").read_text().splitlines())
    state = "complete" if examples == 3 else "other count"
    assert held == {
        "splits": [
            {"task": "mine/cb", "split": "validation", "examples": examples, "official": 3, "state": state, "fault": ""}
        ]
    }


def test_what_is_missing_names_the_command(t5eval: Any, tmp_path: Path) -> None:
    line = "; `t5eval data get glue/rte` fetches it"
    shown = t5eval("examples", "glue/rte", "--split", "validation", "--data-dir", tmp_path)
    assert (shown.status, shown.err.endswith(f"validation split{line}\n")) == (2, True)
    unknown = t5eval("examples", "wmt14/en-de", "--split", "train", "--data-dir", tmp_path)
    assert "data get" not in unknown.err  # its training corpora are no official files
    without = t5eval("examples", "glue/rte", "--split", "validation")
    assert "`t5eval data get` makes one" in without.err


def test_rows_and_their_addresses(t5eval: Any, tmp_path: Path) -> None:
    plain = json.loads(t5eval("show", "glue/rte", "--json").out)
    assert plain["downloads"][0]["url"].endswith("/RTE.zip")
    row = tmp_path / "own.toml"
    lines = (
        'name = "own"\nbenchmark = "own"\nmetrics = ["em"]\nsizes = {}\nlengths = {inputs = 9, targets = 9}\n'
        'source = {kind = "tsv", folder = "a", files = {test = "b"}, fields = {x = "x"}}\n'
        'text = {kind = "fields", prefix = "p", fields = ["x"]}\nanswer = {kind = "text", field = "x"}\n'
    )
    row.write_text(lines)
    without = t5eval("data", "get", row)
    assert (without.status, "own: its row has no [[downloads]]" in without.err) == (2, True), without.err
    row.write_text(lines + '[[downloads]]\nurl = "ftp://a/b"\nto = "a/b"\n')
    wrong = t5eval("data", "get", row)
    assert (wrong.status, "begins with https:// or http://, got 'ftp://a/b'" in wrong.err) == (2, True), wrong.err
