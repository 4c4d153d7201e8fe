"""Every WMT and CNN/DailyMail row of the real files, formatted as t5 0.9.4 formats it.

The hashes are of t5's own output; `make_t5_hashes.py` made the table from it. T5 has no task for the reversed
directions and for WMT17: there the hashes are of its preprocessor with the languages named.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from tests.t5eval.make_t5_hashes import data_hash, text_hash

# (task, split): rows, SHA-256 of the data that t5 read, SHA-256 of what it made of it
T5: dict[tuple[str, str], tuple[int, str, str]] = {
    ("cnn_dailymail", "test"): (
        100,
        "ecedd0f2e01cc37a73f72b10135e644b30a263620c29040d73f260d865d236ac",
        "8f5dc87fdee4a44b7e3382e339e9297496400920a6e709dd870b26127cc24f40",
    ),
    ("wmt14/en-de", "test"): (
        3003,
        "04856c91851de349c486d990a33546bc98cab246717b3f249ba46e99a5dc7dd5",
        "8e34d99191e7a194642f401f9893c339e7c01530d70b1623bb5df573ba2e860d",
    ),
    ("wmt14/de-en", "test"): (
        3003,
        "14b426e661703c400d93829d1172ab22f7e3751c68e8c2816883809f0717bf92",
        "de5deb5e0334cfa5aaae01b55c1f65ea50868190ac8a6787fc5d847f89b268be",
    ),
    ("wmt14/en-fr", "test"): (
        3003,
        "8f7c0f171e8348726d3357903e8bd5b6b6b27bf0d9268d7f5f27e9fe080acee6",
        "48b54865b83cd0a9c075b39603de9342cc39e9414793c731a42fe14a6e96f582",
    ),
    ("wmt14/fr-en", "test"): (
        3003,
        "26d32f4eb0c476ae1ae53ad19563a1ed74f72a918ee5b684446b2d74f6212dea",
        "0be9e9c4d378ad8b6ba34d2e310d86b0b498c1aea9f11779e08a791b4b98a0b0",
    ),
    ("wmt16/en-ro", "validation"): (
        1999,
        "d3963e8c9746867d5da4a821eab67e6316260c4bc46c767c1658282bdd6b23f7",
        "906ba569a332976a077b03f7e00b5e466510b84437f54895ed70f6f6dd0912c0",
    ),
    ("wmt16/ro-en", "validation"): (
        1999,
        "d4c642040f46f8e0082631a93e98175d54db1f104ce1dca17d86a156d73beb1b",
        "32d732bd62171df0681ccad1a99e8b3b12a8ced8452421f255a0df7e48853dcf",
    ),
    ("wmt17/en-de", "test"): (
        3004,
        "c6e347d6dbbddc086756616bfbc4ed8481c26b10949f23df60feec77b59d5c5e",
        "392c512d2baefe19428370f7938a59c36e45d6a8f712d18714eef2a71386b1fb",
    ),
    ("wmt17/de-en", "test"): (
        3004,
        "1ee73fdb87451c84627b00a304922adb706dab9c622afdf86727d429ccdaca11",
        "44924977138f1fc23a7c7b6395db21ffee14aee62260672d7d38cca21e376133",
    ),
    ("wmt_t2t/en-de", "test"): (
        3003,
        "04856c91851de349c486d990a33546bc98cab246717b3f249ba46e99a5dc7dd5",
        "8e34d99191e7a194642f401f9893c339e7c01530d70b1623bb5df573ba2e860d",
    ),
    ("wmt_t2t/de-en", "test"): (
        3003,
        "14b426e661703c400d93829d1172ab22f7e3751c68e8c2816883809f0717bf92",
        "de5deb5e0334cfa5aaae01b55c1f65ea50868190ac8a6787fc5d847f89b268be",
    ),
}


@pytest.mark.parametrize(("task", "split"), T5)
def test_every_row_is_formatted_as_t5_formats_it(task: str, split: str, shared_data: Path) -> None:
    spec = task_specs.get(task)
    rows, data, expected = T5[task, split]
    here = data_hash(spec, split, shared_data)
    if here != data:
        pytest.skip(f"{task} {split}: {'no files' if here is None else 'other files'} in {shared_data}")
    pairs = (p for e in open_split(spec, split, shared_data) for p in spec.pairs(e))
    assert text_hash((p.id, p.inputs, p.targets) for p in pairs) == (rows, expected)


def test_sgml_and_plain_text_are_one_data_set(shared_data: Path, tmp_path: Path) -> None:
    """The official SGML of newstest2014, read on its own, gives what its plain text gives."""
    if not (shared_data / "wmt" / "dev" / "newstest2014-fren-src.en.sgm").is_file():
        pytest.skip(f"no SGML in {shared_data}")
    (tmp_path / "wmt").mkdir()
    (tmp_path / "wmt" / "dev").symlink_to(shared_data / "wmt" / "dev")
    for task in ("wmt14/en-fr", "wmt14/fr-en"):
        spec = task_specs.get(task)
        split = open_split(spec, "test", tmp_path)
        assert list(split) == list(open_split(spec, "test", shared_data))
        assert all(name.endswith(".sgm") for name in split.summary.files)
