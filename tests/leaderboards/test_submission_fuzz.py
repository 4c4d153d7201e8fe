"""Submissions mutated at random: a verdict or one clear error, and what is accepted holds what it says."""

from __future__ import annotations

import io
import random
import tempfile
import time
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import leaderboards
from leaderboards import Verdict
from task_specs import UserError

GLUE = leaderboards.get("glue")
LABELS = {"RTE.tsv": ("entailment", "not_entailment"), "CoLA.tsv": ("0", "1")}
IDS = {"glue/rte": ["0", "1", "2", "3"], "glue/cola": ["0", "1"], "glue/stsb": ["0", "1", "2"]}
ANSWERS = {
    "glue/rte": {"0": 0, "1": 1, "2": 0, "3": 1},
    "glue/cola": {"0": 1, "1": 0},
    "glue/stsb": {"0": 0.0, "1": 4.25, "2": 5.0},
}
FILES = {
    "RTE.tsv": b"index\tprediction\n0\tentailment\n1\tnot_entailment\n2\tentailment\n3\tnot_entailment\n",
    "CoLA.tsv": b"index\tprediction\n0\t1\n1\t0\n",
    "STS-B.tsv": b"index\tprediction\n0\t0.000\n1\t4.250\n2\t5.000\n",
}

# What edits put into files: things that mean something to one reader or another.
TEXTS = [
    "\t",
    "\n",
    "\r",
    "\r\n",
    " ",
    '"',
    ",",
    "-",
    "+",
    ".",
    "0",
    "1",
    "7",
    "00",
    "1e5",
    "-0",
    "nan",
    "inf",
    "1_0",
    "5.001",
]
TEXTS += ["\0", "\x1a", "\x85", "\u2028", "\ufeff", "２", "entailment", "index\tprediction\n", "3\tentailment\n"]
BYTES = [b"", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xff\xfe", *(text.encode() for text in TEXTS)]
PIECES = st.sampled_from(BYTES) | st.binary(max_size=4)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=6)

NAMES = st.sampled_from(["RTE.tsv", "rte.tsv", "../x", "a/RTE.tsv", "x.zip", "/x"])
NAMES |= st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Replaces, for each edit, some bytes at a relative place by others."""
    for place, length, piece in edits:
        at = round(place * len(data))
        data = data[:at] + piece + data[at + length :]
    return data


def zip_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def judged(data: bytes, name: str = "glue.zip") -> tuple[Verdict, dict[str, dict[str, object]] | None]:
    """Returns the verdict on a file, and what can be read from it; a verdict's own rules are checked on the way."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        verdict = GLUE.check(path, IDS)
        values = None
        if verdict.fault_count:
            with pytest.raises(UserError, match=r"\A.*\Z"):
                GLUE.read(path, IDS)
        else:
            values = GLUE.read(path, IDS)
    assert (verdict.status == "invalid") == (verdict.fault_count > 0)
    assert len(verdict.faults) + sum(verdict.more.values()) == verdict.fault_count
    assert max(Counter(fault.file for fault in verdict.faults).values(), default=0) <= 20
    for before, after in pairwise(verdict.faults):
        assert before.file != after.file or (before.line or 0) <= (after.line or 0)
    for line in leaderboards.lines(verdict):
        assert line.isprintable(), line
        line.encode()
    return verdict, values


def test_what_no_edit_touched_is_read() -> None:
    assert judged(zip_of(FILES))[1] == ANSWERS
    assert [judged(data, name)[1] for name, data in FILES.items()] == [{task: ANSWERS[task]} for task in ANSWERS]


@given(st.sampled_from(sorted(FILES)), EDITS)
@settings(max_examples=600, deadline=None)
def test_edited_files(name: str, edits: list[tuple[float, int, bytes]]) -> None:
    data = edited(FILES[name], edits)
    verdict, values = judged(data, name)
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    assert all(fault.line is None or 1 <= fault.line <= len(lines) for fault in verdict.faults)
    # Read again as the grader would: no second opinion is possible on what was accepted.
    if values is not None:
        ((task, found),) = values.items()
        header, *rows = [
            line.split("\t") for line in data.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
        ]
        assert header == ["index", "prediction"]
        assert sorted(int(row[0]) for row in rows) == [int(row) for row in IDS[task]]
        if name in LABELS:
            assert {index: LABELS[name][value] for index, value in found.items()} == {row[0]: row[1] for row in rows}
        else:
            assert found == {row[0]: float(row[1]) for row in rows}
            assert all(0 <= value <= 5 for value in found.values())


@given(EDITS)
@settings(max_examples=400, deadline=None)
def test_edited_zips(edits: list[tuple[float, int, bytes]]) -> None:
    _, values = judged(edited(zip_of(FILES), edits))
    # The checksums in a zip leave no room for other answers.
    assert values is None or all(ANSWERS[task] == found for task, found in values.items())


@pytest.mark.parametrize("change", [0xFF, 0x01, 0x80])
def test_every_byte_of_a_zip(change: int) -> None:
    whole = zip_of({"CoLA.tsv": FILES["CoLA.tsv"]})
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= change
        _, values = judged(bytes(data))
        assert values is None or values == {"glue/cola": ANSWERS["glue/cola"]}


def test_every_length_of_a_zip() -> None:
    whole = zip_of({"CoLA.tsv": FILES["CoLA.tsv"]})
    for length in range(len(whole)):
        assert judged(whole[:length])[0].status == "invalid"


@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=8))
@settings(max_examples=200, deadline=None)
def test_any_names_in_a_zip(files: dict[str, bytes]) -> None:
    judged(zip_of(files))


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes(data: bytes) -> None:
    for name in ("glue.zip", "RTE.tsv"):
        judged(data, name)
        judged(b"PK\x05\x06" + data, name)


@given(st.integers(0, 2**32), st.integers(1, 300))
@settings(max_examples=40, deadline=None)
def test_round_trip(seed: int, rows: int) -> None:
    chance = random.Random(seed)
    numbers = chance.sample(range(10**6), rows)
    answers = {
        "glue/ax": {str(number): chance.randrange(3) for number in numbers},
        "glue/sst2": {str(number): chance.randrange(2) for number in numbers},
        "glue/stsb": {str(number): round(chance.uniform(0, 5), 3) for number in numbers},
    }
    ids = {task: sorted(values, key=int) for task, values in answers.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.zip"
        GLUE.write(path, answers)
        assert GLUE.check(path, ids).status == "partial"
        assert GLUE.read(path, ids) == answers


@pytest.mark.parametrize(
    "row",
    [b"\n", b"a", b"\t", b"1\t", b"0\tentailment\n", b"9\n", b"1" * 50 + b"\t", b"0\t" + b"1" * 1000],
    ids=["empty lines", "one long line", "tabs", "pairs", "the same row", "short rows", "long numbers", "long values"],
)
@pytest.mark.parametrize("name", ["RTE.tsv", "STS-B.tsv", "QQP.tsv"])
def test_as_much_as_the_bounds_let_through_is_judged_in_seconds(tmp_path: Path, row: bytes, name: str) -> None:
    from leaderboards.files.archive import MAX_FILE_BYTES

    data = b"index\tprediction\n" + row * (MAX_FILE_BYTES // len(row))
    (tmp_path / name).write_bytes(data[:MAX_FILE_BYTES])
    start = time.process_time()
    assert GLUE.check(tmp_path / name).status == "invalid"
    assert time.process_time() - start < 10
