"""Hostile texts that once took minutes or for ever: each is read, or refused in one line, within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import task_specs
from leaderboards.wmt import WMT
from t5eval.data import open_split
from t5eval.support.errors import DataError
from task_specs import Example, UserError
from task_specs.toml_faults import read_row_faults

BUDGET = 5.0
"""Seconds of processor time for one input; each takes less than one on a slow machine."""


@pytest.fixture(autouse=True)
def within_budget() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < BUDGET


@pytest.mark.parametrize(
    ("premise", "hypothesis"),
    [
        ("x (a+)+$ it b", "x (a+)+$ " + "a" * 80 + " b"),  # 101 bytes: for ever
        ("(a|a)" * 25 + "b it x", "(a|a)" * 25 + "b it x"),
        ("a?" * 28 + "a" * 28 + " it x", "a?" * 28 + "a" * 28 + " x"),
        ("a*a*a*a*a*a*c it x", "a*a*a*a*a*a*c " + "a" * 60 + " x"),
        (r"(a*)\1\1\1\1c it x", r"(a*)\1\1\1\1c " + "a" * 60 + " x"),
        ("it " * 100_000, "it " * 100_000),
        ("a " * 2000 + "it", "a " * 2000 + "b"),
        ("it b " + "a " * 5000, "x b " + "a " * 5000),
        ("(" * 1200 + ")" * 1200 + " it x", "(" * 1200 + ")" * 1200 + " b x"),
    ],
)
def test_words_that_are_patterns(premise: str, hypothesis: str) -> None:
    example = Example("0", {"sentence1": premise, "sentence2": hypothesis, "label": 0})
    (pair,) = task_specs.get("glue/wnli").pairs(example)
    assert (pair.inputs, pair.targets) == (f"wsc: {premise}", "")
    assert "regular expression" in pair.problem


def test_harmless_patterns_are_searched_as_before() -> None:
    example = Example("0", {"sentence1": "the c* a+b it ran", "sentence2": "the ccc aab dog ran", "label": 1})
    (pair,) = task_specs.get("glue/wnli").pairs(example)
    assert (pair.inputs, pair.targets) == ("wsc: the c* a+b *it* ran", "the ccc aab dog")


@pytest.mark.parametrize(
    "hostile",
    [
        f'<seg id="1" {"a" * 73_000}>x</seg>',  # a name of an attribute without end
        f'<seg id="1">a{" " * 73_000}b</seg>',  # spaces without a line break
        f'<seg id="1">a{" " * 36_000}{chr(10)}{" " * 36_000}b</seg>',
        f'<seg id="1" {"a = " * 20_000}>x</seg>',
        f'<seg id="1" {"a = " + chr(39)}{"b=" * 36_000}>x</seg>',
        f'<seg id="1">{"<p" * 36_000}</seg>',
        "<seg " * 15_000,
    ],
    ids=["name", "spaces", "break", "equals", "quote", "tags", "segments"],
)
def test_markup(tmp_path: Path, hostile: str) -> None:
    data = f'<srcset setid="s" srclang="en">\n<doc docid="d">\n{hostile}\n</doc>\n</srcset>\n'.encode()
    for name in ("newstest2014-ende-src.en.sgm", "newstest2014-ende-ref.de.sgm", "newstest2014.en-de.xml"):
        path = tmp_path / "wmt" / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    split = open_split(task_specs.get("wmt14/en-de"), "test", tmp_path)
    if "<seg <" in hostile:
        with pytest.raises(DataError, match=r"sgm: line \d+: "):
            list(split)
    else:
        assert len(list(split)) == 1
    for form in (".sgm", ".xml", ".txt"):
        (tmp_path / f"x{form}").write_bytes(data)
        assert WMT.check(tmp_path / f"x{form}").status == "invalid"


def test_a_pronoun_that_repeats_itself() -> None:
    features = {"sentence": " a" * 80_000, "pronoun": " a" * 40_000 + "b", "candidates": ["x", "y"], "label": 0}
    (pair,) = task_specs.get("dpr").pairs(Example("0", features))
    assert pair.targets == "x"


def test_a_task_file(tmp_path: Path) -> None:
    path = tmp_path / "task.toml"
    path.write_text("x = '''\n[" + " " * 50_000 + "\n" + " " * 50_000 + "x\n'''\n")
    try:
        row, faults = read_row_faults(path)
    except UserError:
        return
    assert row is None
    assert faults
