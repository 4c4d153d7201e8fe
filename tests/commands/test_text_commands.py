"""From pages to records: `t5eval data clean`, `data vocabulary`, and `prepare --text` on what they wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.t5eval.preparation.cleaning.corpus import GOOD, pages, write_wet


@pytest.mark.slow  # nltk takes seconds to load
def test_pages_become_records(t5eval: Any, tmp_path: Path) -> None:
    write_wet(tmp_path / "a.warc.wet.gz", pages(80))
    out = tmp_path / "clean"
    done = t5eval("data", "clean", tmp_path / "a.warc.wet.gz", "--out", out, "--without", "language", "duplicates")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("80 pages read, ")
    assert any(line.startswith("  end_marks: ") and " lines  (lines that do not end in" in line for line in lines)
    text = out / "text-00000.jsonl.gz"
    vocabulary = tmp_path / "spiece.model"
    done = t5eval("data", "vocabulary", text, "--out", vocabulary, "--size", "100", "--json")
    made = json.loads(done.out)
    assert (done.status, made["pieces"], made["sentinels"]) == (0, 100, 100)
    done = t5eval(
        "prepare", "--text", text, "--vocab", vocabulary, "--objective", "iid", "--noise-density", "0.25",
        "--inputs", "32", "--held-out", "0.2", "--limit-tokens", "2000", "--out", tmp_path / "records",
    )  # fmt: skip
    assert done.status == 0
    assert done.out.startswith("text/train: ")
    sets = json.loads((tmp_path / "records" / "manifest.json").read_text())["sets"]
    assert set(sets) == {"text/train", "text/validation"}
    assert (sets["text/train"]["objective"], sets["text/train"]["noise_density"]) == ("iid", 0.25)
    assert sets["text/train"]["records"] <= 2000 / 31 + 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["data", "clean", "a.txt", "--out", "out", "--without", "brace"], "no rule 'brace'. Did you mean 'braces'?"),
        (["data", "clean", "none.txt", "--out", "out"], "none.txt: cannot be read: No such file or directory"),
        (["data", "clean", "empty.txt", "--out", "out"], "empty.txt: empty; there is no text in it"),
        (["data", "vocabulary", "empty.txt", "--out", "v"], "empty.txt: empty; there is no text in it"),
        (["data", "vocabulary", "a.txt", "--out", "v", "--rates", "1", "2"], "got 2 for 1 files"),
        (
            ["prepare", "--text", "a.txt", "--vocab", "bytes", "--out", "r", "--mean-span", "0"],
            "mean_span is at least 1",
        ),
        (
            [
                "prepare",
                "--text",
                "a.txt",
                "--vocab",
                "bytes",
                "--out",
                "r",
                "--objective",
                "lm",
                "--noise-density",
                "0.2",
            ],
            "objective lm has no noise_density",
        ),
    ],
)
def test_mistakes_are_one_line(
    t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(" ".join(GOOD))
    Path("empty.txt").write_text("")
    done = t5eval(*command)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not {"out", "v", "r"} & {path.name for path in Path().iterdir() if path.is_file() or any(path.iterdir())}
