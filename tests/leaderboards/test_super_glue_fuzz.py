"""SuperGLUE files mutated at random: a verdict, and what is accepted holds what it says."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leaderboards
from leaderboards import Verdict
from task_specs import UserError
from tests.leaderboards.super_glue_files import ANSWERS, FILES, IDS

BOARD = leaderboards.get("super_glue")

# Things that mean something to one reader or another, for edits of a file's bytes.
PIECES = [b"", b"\n", b"\r\n", b" ", b'"', b",", b"{", b"}", b"[", b"]", b":", b"-", b".0", b"1", b"e9", b"null"]
PIECES += [b"true", b"NaN", b"\\ud800", b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\x85", b'"idx": 0, ', b"\xef\xbb\xbf"]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(PIECES) | st.binary(max_size=3)),
    min_size=1,
    max_size=5,
)


def judged(name: str, data: bytes) -> tuple[Verdict, dict[str, Any]]:
    """Returns the verdict on a file and what is read from it; a verdict's own rules are checked on the way."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        verdict = BOARD.check(Path(folder) / name, IDS)
        values: dict[str, Any] = {}
        if verdict.fault_count:
            with pytest.raises(UserError, match=r"\A.*\Z"):
                BOARD.read(Path(folder) / name, IDS)
        else:
            (values,) = BOARD.read(Path(folder) / name, IDS).values()
    assert (verdict.status == "invalid") == (verdict.fault_count > 0)
    assert len(verdict.faults) + sum(verdict.more.values()) == verdict.fault_count
    assert max(Counter(fault.file for fault in verdict.faults).values(), default=0) <= 20
    for before, after in pairwise(verdict.faults):
        assert (before.line or 0) <= (after.line or 0)
    for line in leaderboards.lines(verdict):
        assert line.isprintable(), line
        line.encode()
    return verdict, values


def test_what_no_edit_touched_is_read() -> None:
    assert {BOARD.files[name].name: judged(name, text.encode())[1] for name, text in FILES.items()} == ANSWERS


@given(st.sampled_from(sorted(FILES)), EDITS)
@settings(max_examples=500, deadline=None)
def test_edited_files_are_judged(name: str, edits: list[tuple[float, int, bytes]]) -> None:
    data = FILES[name].encode()
    for place, length, piece in edits:
        at = round(place * len(data))
        data = data[:at] + piece + data[at + length :]
    _, values = judged(name, data)
    if not values:
        return
    # Read again as the grader would: what was accepted says the same to a plain reader.
    rows = [json.loads(line) for line in data.decode().removesuffix("\n").split("\n")]
    labels: dict[str, Any] = {}
    for row in rows:
        for question in row.get("passage", {}).get("questions", ()) if name == "MultiRC.jsonl" else ():
            labels |= {f"{row['idx']}/{question['idx']}/{a['idx']}": a["label"] for a in question["answers"]}
        if name != "MultiRC.jsonl":
            labels[str(row["idx"])] = row["label"]
    spec = BOARD.files[name]
    spellings = getattr(spec.submission, "labels", None)
    expected = {i.rpartition("/")[2] if spellings is None else i: v for i, v in values.items()}
    assert labels == {i: v if spellings is None else spellings[v] for i, v in expected.items()}


STRANGE: list[Any] = [None, True, False, 0, 1, -1, 4, 9, 10**30, 1e300, 0.0, "", "0", "true", [], {}, [[]], {"idx": 9}]


def mutated(value: Any, draw: Any) -> Any:
    """Returns a copy of a JSON value with some part replaced, removed or repeated."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        found = {k: (mutated(v, draw) if k == key else v) for k, v in value.items()}
        if not draw(st.integers(0, 5)):
            del found[key]
        return found
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], mutated(value[at], draw), *value[at + draw(st.integers(0, 1)) :]]
    return draw(st.sampled_from(STRANGE))


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_mutated_rows_are_judged(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["MultiRC.jsonl", "ReCoRD.jsonl", "COPA.jsonl"]))
    rows = mutated([json.loads(line) for line in FILES[name].splitlines()], data.draw)
    content = "".join(json.dumps(row) + "\n" for row in (rows if isinstance(rows, list) else [rows]))
    verdict, values = judged(name, content.encode())
    assert bool(verdict.fault_count) != (set(values) == set(ANSWERS[BOARD.files[name].name]))
