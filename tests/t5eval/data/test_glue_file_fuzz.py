"""Damaged GLUE files: whatever a file holds, it gives examples or one line for the user."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import open_split
from t5eval.scoring.score import judge, score_split
from t5eval.support.errors import DataError
from task_specs import UserError
from tests.t5eval.glue_files import FILES, QQP, RTE, put

# Whole files in their official form.
WHOLE = {
    ("cola", "train"): b"gj04\t1\t\tHe sang.\ngj04\t0\t*\tSang he the.\n",
    ("mrpc", "test"): b"\xef\xbb\xbfindex\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\tA.\tB.\n1\t7\t8\tC.\tD.\n",
    ("stsb", "validation"): b"index\tsentence1\tsentence2\tscore\n0\tA.\tB.\t3.750\n1\tC.\tD.\t0\n",
    ("qqp", "train"): QQP.replace(b"\n", b"\r\n") + b"1\t2\t3\tWhy?\tHow?\t1\r\n4\t5\t6\t\tHow?\t0\r\n",
    ("rte", "validation"): RTE + b'0\t"A.\tB.\tentailment\n1\tC.\tD.\tnot_entailment\n',
    ("wnli", "validation"): RTE
    + b"0\tThe mug fell. It broke.\tThe mug broke.\t1\n1\tA cup (it is big\tA (hut is big\t0\n",
    ("ax", "test"): b"index\tsentence1\tsentence2\n0\tP.\tH.\n1\tQ.\tI.\n",
}
PIECES = [
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    "\u2028é".encode(),
    b'"',
    b"1",
    b"-1",
    b"nan",
    b"",
]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, bytes]:
    (task, split), content = draw(st.sampled_from(sorted(WHOLE.items())))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.one_of(st.just(start), st.integers(start, len(content)), st.just(len(content))))
        content = content[:start] + draw(st.sampled_from(PIECES) | st.binary(max_size=3)) + content[end:]
    return task, split, content


def check(task: str, split: str, content: bytes) -> bool:
    """Reads, formats and scores a file; returns whether it was fit for that."""
    spec = task_specs.get(f"glue/{task}")
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder), FILES[task, split], content)
        if task == "ax":
            put(
                Path(folder),
                "diagnostic/diagnostic-full.tsv",
                b"Premise\tHypothesis\tLabel\nP.\tH.\tneutral\nQ.\tI.\tneutral\n",
            )
        fault: UserError | None = None
        try:
            examples = list(open_split(spec, split, Path(folder), with_labels=True))
        except UserError as error:
            fault = error
    if fault:
        assert isinstance(fault, DataError)
        assert str(fault).startswith((f"{path}: line ", f"{path.with_name('diagnostic-full.tsv')}: line "))
        assert "\n" not in str(fault)
        return False
    assert examples
    assert len({example.id for example in examples}) == len(examples)
    for example in examples:
        (pair,) = spec.pairs(example)
        assert isinstance(pair.inputs, str)
        assert "\n" not in "".join(v for v in example.features.values() if isinstance(v, str))
    result = score_split(spec, split, judge(spec, examples, {examples[0].id: "1"}))
    assert result.n == len(examples)
    assert result.missing == len(examples) - 1
    return True


@pytest.mark.parametrize(("task", "split"), WHOLE)
def test_the_whole_files_are_read(task: str, split: str) -> None:
    assert check(task, split, WHOLE[task, split])


@settings(deadline=None, max_examples=120, derandomize=True)
@given(damaged())
def test_damaged_files(case: tuple[str, str, bytes]) -> None:
    check(*case)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.sampled_from(sorted(WHOLE)), st.binary(max_size=60))
def test_any_bytes(place: tuple[str, str], content: bytes) -> None:
    check(*place, content)
