"""Rows of copies become examples, or errors that name them; in the order of their ids."""

from __future__ import annotations

import copy
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import Summary, open_split
from t5eval.data import copies as copied
from t5eval.data.copies import Part, canonical, read_copy
from t5eval.data.copy_rows import ID_COLUMNS, ROWS, Columns, Row, _shortest
from t5eval.data.official_files import READERS
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from tests.t5eval.official_miniatures import write_official

FUZZED = (
    "glue/rte", "glue/stsb", "glue/cola", "super_glue/wic", "super_glue/wsc", "super_glue/multirc", "super_glue/record",
    "squad/v1.1", "squad/v2.0", "cnn_dailymail", "dpr", "wmt14/en-de",
)  # fmt: skip


def test_every_kind_of_source_has_a_reader_of_copies() -> None:
    assert set(ROWS) == set(READERS) == set(ID_COLUMNS)


def read(spec: TaskSpec, rows: list[dict[str, Any]], split: str = "validation") -> tuple[list[Example], Summary]:
    summary = Summary()
    return list(read_copy(spec, split, [Part("", "here", (), rows)], "copy", summary)), summary


def boolq(idx: Any, **changes: Any) -> dict[str, Any]:
    return {"question": f"q{idx}", "passage": "p", "label": 1, "idx": idx, **changes}


def without_id(number: int) -> dict[str, Any]:
    return {key: value for key, value in boolq(number).items() if key != "idx"}


BOOLQ = task_specs.get("super_glue/boolq")


def test_rows_come_in_the_order_of_their_ids_whatever_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [boolq(i, passage="é" * i) for i in (30, 4, 100, 0, 12)]
    in_memory, summary = read(BOOLQ, rows)
    assert [e.id for e in in_memory] == ["0", "4", "12", "30", "100"]
    monkeypatch.setattr(copied, "IN_MEMORY", 50)
    on_disk, again = read(BOOLQ, rows[::-1])
    assert on_disk == in_memory
    assert again.files == summary.files


def test_the_hash_is_of_what_the_examples_say() -> None:
    _, summary = read(BOOLQ, [boolq(1), boolq(2)])
    _, changed = read(BOOLQ, [boolq(1), boolq(2, passage="p ")])
    _, renumbered = read(BOOLQ, [boolq(1), boolq(3, question="q2")])
    assert len({s.files["copy"] for s in (summary, changed, renumbered)}) == 3
    assert canonical(Example("a", {"y": 1, "x": "é"})) == canonical(Example("a", {"x": "é", "y": 1}))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "copy: has no rows"),
        ([boolq(1), boolq(1)], "here: row 1: id 1 comes again"),
        ([boolq(1), without_id(2)], "row 1: some rows have an id and some have none"),
        ([without_id(2), boolq(1)], "row 1: some rows have an id and some have none"),
        ([boolq(1, passage="\ud800")], "row 0: passage is not Unicode text"),
    ],
)  # fmt: skip
def test_rows_that_do_not_belong_together(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(DataError) as raised:
        read(BOOLQ, rows)
    assert message in str(raised.value)


def test_rows_that_the_official_reader_drops_are_dropped() -> None:
    qqp = task_specs.get("glue/qqp")
    rows = [{"question1": q, "question2": "b", "label": 0, "idx": i} for i, q in enumerate(("a", "", "c"))]
    kept, summary = read(qqp, rows)
    assert [e.id for e in kept] == ["0", "2"]
    assert (summary.dropped, summary.notes) == (1, ["copy: 1 rows with an empty field dropped"])
    assert len(read(qqp, [{**row, "label": -1} for row in rows], "test")[0]) == 3
    with pytest.raises(DataError, match="copy: every row has an empty field"):
        read(qqp, rows[1:2])


def test_numbers_of_a_file_with_other_splits_in_it_are_not_ids() -> None:
    rows = [{"sentence1": f"s{i}", "sentence2": "t", "label": 1, "idx": i} for i in (9, 2, 5)]
    found, _ = read(task_specs.get("glue/mrpc"), rows)
    assert [(e.id, e.features["sentence1"]) for e in found] == [("0", "s2"), ("1", "s5"), ("2", "s9")]
    hidden, _ = read(task_specs.get("glue/mrpc"), rows, "test")
    assert {e.features["label"] for e in hidden} == {-1}


@given(st.decimals(0, 5, places=3).map(float))
def test_a_number_kept_in_single_precision_is_the_one_that_was_written(value: float) -> None:
    single = struct.unpack("f", struct.pack("f", value))[0]
    assert _shortest(single) == value
    assert _shortest(value) == value


@pytest.mark.parametrize("value", [1e300, math.pi, 5e-324, 0.0])
def test_other_numbers_stay(value: float) -> None:
    assert _shortest(value) == value


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A row of each task, as a copy has it."""
    official = write_official(tmp_path_factory.mktemp("rows") / "data")
    found = {}
    for name in FUZZED:
        spec = task_specs.get(name)
        split = "validation" if "validation" in spec.source.splits else "test"
        example = next(iter(open_split(spec, split, official)))
        features = dict(example.features)
        if ID_COLUMNS[spec.source.kind] and not {"idx", "id"} & set(features):
            features[ID_COLUMNS[spec.source.kind]] = example.id if spec.source.kind == "stories" else int(example.id)
        read(spec, [features], split)
        found[name] = features
    return found


LEAVES = [st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)]
ODD = st.sampled_from(["\udc80", "entailment", -1, 10**40])
KEYS = st.sampled_from(["text", "answer_start", "idx", "de"])
VALUES = st.recursive(
    st.one_of(*LEAVES, ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_mutated_row_is_read_or_refused(data: st.DataObject, rows: dict[str, dict[str, Any]]) -> None:
    name = data.draw(st.sampled_from(FUZZED))
    spec = task_specs.get(name)
    row = copy.deepcopy(rows[name])
    for _ in range(data.draw(st.integers(1, 2))):
        holder = row
        inner = [v for v in row.values() if isinstance(v, dict) and v]
        if inner and data.draw(st.booleans()):
            holder = data.draw(st.sampled_from(inner))
        key = data.draw(st.sampled_from(sorted(holder) or ["label"]))
        if data.draw(st.booleans()):
            holder[key] = data.draw(VALUES)
        else:
            holder.pop(key, None)
    split = data.draw(st.sampled_from([s for s in ("validation", "test") if s in spec.source.splits]))
    labels = data.draw(st.sampled_from([(), ("entailment", "not_entailment")]))
    refusal, features = "", {}
    try:
        _, features = ROWS[spec.source.kind](Columns(spec, split, labels), Row("here", 0, row))
    except DataError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith("here: row 0: ")
    else:
        canonical(Example("0", features))
        assert len(list(spec.pairs(Example("0", features), training=False))) == 1
