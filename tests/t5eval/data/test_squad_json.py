"""Reading SQuAD's JSON files."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import available_splits, open_split
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example
from tests.t5eval.squad_documents import PASSAGE, SECOND, version_1, version_2, write


def read(data: Path, task: str = "squad/v1.1") -> list[Example]:
    return list(open_split(task_specs.get(task), "validation", data))


def test_version_1(tmp_path: Path) -> None:
    data = write(tmp_path, version_1())
    split = open_split(task_specs.get("squad/v1.1"), "validation", data)
    examples = list(split)
    assert [(e.id, e.features["context"]) for e in examples] == [("q1", PASSAGE), ("q2", PASSAGE), ("q3", SECOND)]
    assert examples[0].features == {
        "id": "q1",
        "title": "Orm",
        "context": PASSAGE,
        "question": "What did the ferry cost?",
        "answers": {"text": ["$3.50", "$3.50 in 1987"], "answer_start": [22, 22]},
    }
    # Shared, so that work on it can be.
    assert examples[0].features["context"] is examples[1].features["context"]
    raw = (data / "squad" / "dev-v1.1.json").read_bytes()
    assert split.summary.files == {"squad/dev-v1.1.json": hashlib.sha256(raw).hexdigest()}
    assert split.summary.examples == 3
    assert split.summary.notes == ["squad/v1.1 validation has 3 examples here, officially 10,570"]
    assert [e.id for e in split] == ["q1", "q2", "q3"]  # it can be read again


def test_version_2(tmp_path: Path) -> None:
    examples = read(write(tmp_path, version_2(), "dev-v2.0.json"), "squad/v2.0")
    assert [(e.id, e.features["is_impossible"]) for e in examples] == [
        ("q1", False), ("q2", False), ("q4", True), ("q3", False), ("q5", True),
    ]  # fmt: skip
    assert examples[2].features["answers"] == {"text": [], "answer_start": []}


def test_the_three_forms_read_the_same_file(tmp_path: Path) -> None:
    data = write(tmp_path, version_1())
    first = read(data)
    assert read(data, "squad/v1.1_span") == read(data, "squad/v1.1_context_free") == first
    assert available_splits(task_specs.get("squad/v1.1_span"), data) == ["validation"]
    with pytest.raises(MissingFile, match=r"train-v1\.1\.json: no such file; squad/v1\.1 needs it for its train split"):
        open_split(task_specs.get("squad/v1.1"), "train", data)


def test_questions_without_answers_can_be_predicted_but_not_scored(tmp_path: Path) -> None:
    document = version_1()
    first, second = document["data"][0]["paragraphs"][0]["qas"]
    first["answers"] = []
    del second["answers"]
    spec = task_specs.get("squad/v1.1")
    for example in read(write(tmp_path, document))[:2]:
        (pair,) = spec.pairs(example)
        assert (pair.targets, pair.problem) == ("", "no target: the question has no answer")
        assert spec.answer.gold(example.features, "") is None


def place(document: dict[str, Any]) -> dict[str, Any]:
    """Returns the first question."""
    question: dict[str, Any] = document["data"][0]["paragraphs"][0]["qas"][0]
    return question


def same_id(document: dict[str, Any]) -> None:
    document["data"][0]["paragraphs"][1]["qas"][0]["id"] = "q1"


FAULTS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("1.1", lambda d: d.update(version="v2.0"), r"says it is version 'v2\.0'; this task reads SQuAD 1\.1"),
    ("2.0", lambda d: d.update(version="1.1"), r"says it is version '1\.1'; this task reads SQuAD 2\.0"),
    ("1.1", lambda d: d.pop("version"), r"has no version; this task reads SQuAD 1\.1"),
    ("1.1", lambda d: d.update(version=1.1), r"says it is version '1\.1'"),
    ("1.1", lambda d: d.pop("data"), "expected an object with the list `data`"),
    ("1.1", lambda d: d.update(data={}), "expected an object with the list `data`"),
    ("1.1", lambda d: d.update(data=[]), "holds no question"),
    ("1.1", lambda d: d["data"].append(7), r"data\[1\]: expected an object, got '7'"),
    ("1.1", lambda d: d["data"][0].pop("title"), r"data\[0\]: has no 'title'; its keys are 'paragraphs'"),
    ("1.1", lambda d: d["data"][0].update(paragraphs=None), r"data\[0\]\.paragraphs: expected a list, got 'None'"),
    ("1.1", lambda d: d["data"][0]["paragraphs"][1].update(context=[]), r"data\[0\]\.paragraphs\[1\]\.context: expec"),
    ("1.1", lambda d: place(d).pop("id"), r"data\[0\]\.paragraphs\[0\]\.qas\[0\]: has no 'id'"),
    ("1.1", lambda d: place(d).update(id=3), r"qas\[0\]\.id: expected text, got '3'"),
    ("1.1", lambda d: place(d).update(question=None), r"qas\[0\]\.question: expected text, got 'None'"),
    ("1.1", lambda d: place(d).update(answers="x"), r"qas\[0\]\.answers: expected a list"),
    ("1.1", lambda d: place(d)["answers"][1].pop("text"), r"qas\[0\]\.answers\[1\]: has no 'text'"),
    ("1.1", lambda d: place(d)["answers"][0].update(answer_start=True), r"answer_start: expected a whole number"),
    ("1.1", lambda d: place(d)["answers"][0].update(text="\ud800"), r"answers\[0\]\.text: not Unicode text"),
    ("1.1", same_id, "a second question with id 'q1'"),
    ("2.0", lambda d: place(d).pop("is_impossible"), r"qas\[0\]: has no 'is_impossible'"),
    ("2.0", lambda d: place(d).pop("answers"), r"qas\[0\]: has no 'answers'"),
    ("2.0", lambda d: place(d).update(is_impossible=True), r"qas\[0\]: is_impossible is true with 2 answers"),
    ("2.0", lambda d: place(d).update(answers=[]), r"qas\[0\]: is_impossible is false with 0 answers"),
    ("2.0", lambda d: place(d).update(is_impossible=1), r"is_impossible: expected true or false, got '1'"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "spoil", "message"), FAULTS)
def test_faults_name_their_place(tmp_path: Path, version: str, spoil: Any, message: str) -> None:
    document = version_1() if version == "1.1" else version_2()
    spoil(document)
    data = write(tmp_path, document, f"dev-v{version}.json")
    with pytest.raises(DataError, match=message) as caught:
        read(data, f"squad/v{version}")
    assert str(caught.value).startswith(str(data / "squad" / f"dev-v{version}.json"))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "line 1 column 1: not JSON .*ends too early"),
        (b'{"version": "1.1",\n "data": [', "line 2 column 11: not JSON .*ends too early"),
        (b'{"version": "1.1",\n "data": [}', "line 2 column 11: not JSON"),
        (b"[]", "expected an object with the list `data`"),
        (b'{"a":\n"\xff"}', "line 2: not UTF-8"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"version": "1.1", "data": [' + b"9" * 5000 + b"]}", "not JSON that can be read"),
    ],
)
def test_what_is_not_json(tmp_path: Path, raw: bytes, message: str) -> None:
    data = write(tmp_path, None)
    (data / "squad" / "dev-v1.1.json").write_bytes(raw)
    with pytest.raises(DataError, match=message):
        read(data)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    data = write(tmp_path, None)
    (data / "squad" / "dev-v1.1.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(version_1()).encode())
    assert len(read(data)) == 3


def paths(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the way to every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [where, *(path for key, item in inner for path in paths(item, (*where, key)))]


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.text(max_size=4), st.just("\udc00"),
    st.just([]), st.just({}), st.just([[]]), st.just({"text": 1}),
)  # fmt: skip


@given(st.data(), st.sampled_from(["1.1", "2.0"]), ODD, st.sampled_from(["set", "remove", "double", "cut"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_documents_are_named_or_read(
    tmp_path: Path, data: st.DataObject, version: str, odd: Any, how: str
) -> None:
    document: Any = copy.deepcopy(version_1() if version == "1.1" else version_2())
    path = data.draw(st.sampled_from(paths(document)[1:]))
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if how == "set":
        holder[path[-1]] = odd
    elif how == "remove":
        del holder[path[-1]]
    elif how == "double" and isinstance(holder, list):
        holder.append(holder[path[-1]])
    raw = json.dumps(document).encode()
    if how == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    folder = write(tmp_path, None, f"dev-v{version}.json")
    (folder / "squad" / f"dev-v{version}.json").write_bytes(raw)
    spec = task_specs.get(f"squad/v{version}")
    try:
        examples = list(open_split(spec, "validation", folder))
    except DataError as error:
        examples, message = [], str(error)
    if not examples:
        assert f"dev-v{version}.json" in message
    assert len({e.id for e in examples}) == len(examples)
    for example in examples:
        (pair,) = spec.pairs(example)
        (pair.id + pair.inputs + pair.targets).encode()
