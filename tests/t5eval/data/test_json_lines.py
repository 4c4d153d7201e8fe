"""Reading SuperGLUE's JSON lines and DPR's blocks: what comes out, and every fault with its file and line."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import open_split
from t5eval.scoring.score import evaluation_pair
from t5eval.support.errors import DataError
from task_specs import Example
from task_specs.support.errors import UserError

BOOLQ: list[Any] = [
    {"question": "is it", "passage": "It is.", "idx": 0, "label": True},
    {"question": "was it", "passage": "No.", "idx": 1, "label": False},
]
MULTIRC: list[Any] = [
    {
        "idx": 3,
        "version": 1.1,
        "passage": {
            "text": "<b>Sent 1: </b>Rain fell.<br>",
            "questions": [
                {
                    "question": "What?",
                    "idx": 7,
                    "answers": [{"text": "Rain", "idx": 20, "label": 1}, {"text": "Snow", "idx": 21, "label": 0}],
                },
                {"question": "Who?", "idx": 8, "answers": [{"text": "Nobody", "idx": 22, "label": 1}]},
            ],
        },
    }
]
RECORD: list[Any] = [
    {
        "source": "x",
        "idx": 5,
        "passage": {
            "text": "Ann met Bo. Ann won.",
            "entities": [{"start": 8, "end": 9}, {"start": 0, "end": 2}, {"start": 12, "end": 14}],
        },
        "qas": [
            {
                "query": "@placeholder won",
                "idx": 11,
                "answers": [
                    {"start": 12, "end": 14, "text": "Ann"},
                    {"start": 0, "end": 2, "text": "Ann"},
                    {"start": 8, "end": 9, "text": "A. Bo"},
                ],
            },
            {"query": "@placeholder lost", "idx": 12, "answers": [{"text": "Bo"}]},
        ],
    }
]
WSC: list[Any] = [
    {
        "text": "Ann fed the cat because it cried .",
        "target": {"span1_text": "The cat", "span1_index": 2, "span2_text": "it", "span2_index": 5},
        "idx": 0,
        "label": True,
    }
]
ROWS = {"boolq": BOOLQ, "multirc": MULTIRC, "record": RECORD, "wsc": WSC}


def write(data: Path, task: str, content: bytes | list[Any], split: str = "validation") -> Path:
    spec = task_specs.get(f"super_glue/{task}")
    path = data / spec.source.folder / spec.source.paths(split)[""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else lines(content))
    return path


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def read(data: Path, task: str, split: str = "validation") -> list[Example]:
    return list(open_split(task_specs.get(f"super_glue/{task}"), split, data))


def fault(data: Path, task: str, content: bytes | list[Any], split: str = "validation") -> str:
    """Returns the message of the fault, without the path that it begins with."""
    path = write(data, task, content, split)
    with pytest.raises(DataError) as caught:
        read(data, task, split)
    message = str(caught.value)
    assert message.startswith(f"{path}: line ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: line ")


def test_flat_rows(tmp_path: Path) -> None:
    write(tmp_path, "boolq", BOOLQ)
    assert read(tmp_path, "boolq") == [
        Example("0", {"question": "is it", "passage": "It is.", "label": 1}),
        Example("1", {"question": "was it", "passage": "No.", "label": 0}),
    ]


def test_the_summary_has_hash_counts_and_labels(tmp_path: Path) -> None:
    import hashlib

    path = write(tmp_path, "boolq", BOOLQ)
    split = open_split(task_specs.get("super_glue/boolq"), "validation", tmp_path)
    list(split)
    assert split.summary.files == {"super_glue/BoolQ/val.jsonl": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert (split.summary.examples, dict(split.summary.labels)) == (2, {"True": 1, "False": 1})
    assert split.summary.notes == ["super_glue/boolq validation has 2 examples here, officially 3,270"]


def test_multirc_yields_its_answers(tmp_path: Path) -> None:
    write(tmp_path, "multirc", MULTIRC)
    examples = read(tmp_path, "multirc")
    assert [(e.id, e.features["label"]) for e in examples] == [("3/7/20", 1), ("3/7/21", 0), ("3/8/22", 1)]
    assert examples[2].features == {
        "paragraph": "<b>Sent 1: </b>Rain fell.<br>",
        "question": "Who?",
        "answer": "Nobody",
        "label": 1,
        "idx": {"paragraph": 3, "question": 8, "answer": 22},
    }


@pytest.mark.parametrize(
    ("version", "accepted"),
    [(1.1, True), ("1.1", True), (None, True), (1.0, False), (1, False), ("2", False), ([], False), (True, False)],
)
def test_multirc_must_be_of_version_1_1_if_it_says_a_version(tmp_path: Path, version: Any, accepted: bool) -> None:
    rows = copy.deepcopy(MULTIRC)
    rows[0]["version"] = version
    if version is None:
        del rows[0]["version"]
    if accepted:
        write(tmp_path, "multirc", rows)
        assert len(read(tmp_path, "multirc")) == 3
    else:
        assert fault(tmp_path, "multirc", rows).startswith("1: MultiRC of version ")


def test_record_yields_its_queries_with_sorted_unique_texts(tmp_path: Path) -> None:
    write(tmp_path, "record", RECORD)
    first, second = read(tmp_path, "record")
    assert (first.id, second.id) == ("5/11", "5/12")
    assert first.features == {
        "passage": "Ann met Bo. Ann won.",
        "query": "@placeholder won",
        "entities": ["Ann", "Bo"],
        "answers": ["A. Bo", "Ann"],
        "idx": {"passage": 5, "query": 11},
    }
    assert evaluation_pair(task_specs.get("super_glue/record"), first).targets == "A. Bo"


def test_wsc_spans_are_corrected(tmp_path: Path) -> None:
    write(tmp_path, "wsc", WSC)
    (example,) = read(tmp_path, "wsc")
    assert example.features == {
        "text": "Ann fed the cat because it cried .",
        "span1_text": "the cat",
        "span1_index": 2,
        "span2_text": "it",
        "span2_index": 5,
        "label": 1,
    }


def test_a_test_file_has_no_labels(tmp_path: Path) -> None:
    def without(rows: list[Any], *path: str) -> list[Any]:
        rows = copy.deepcopy(rows)
        stack: list[Any] = rows
        for key in path[:-1]:
            stack = [inner for row in stack for inner in (row[key] if isinstance(row[key], list) else [row[key]])]
        for row in stack:
            del row[path[-1]]
        return rows

    for task, path in [
        ("boolq", ["label"]),
        ("multirc", ["passage", "questions", "answers", "label"]),
        ("record", ["qas", "answers"]),
        ("wsc", ["label"]),
    ]:
        bare = without(ROWS[task], *path)
        spec = task_specs.get(f"super_glue/{task}")
        write(tmp_path, task, bare, "test")
        for example in read(tmp_path, task, "test"):
            assert spec.answer.gold(example.features, evaluation_pair(spec, example).targets) is None
        assert fault(tmp_path, task, bare).endswith("only a test file goes without")
    write(tmp_path, "boolq", [{**BOOLQ[0], "label": -1}], "test")
    assert read(tmp_path, "boolq", "test")[0].features["label"] == -1


def test_an_index_may_be_a_text(tmp_path: Path) -> None:
    rows = [{"idx": str(i), "label": "entailment", "sentence1": "a", "sentence2": "b", "logic": ""} for i in (0, 10)]
    write(tmp_path, "axb", rows, "test")
    assert [e.id for e in read(tmp_path, "axb", "test")] == ["0", "10"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + lines(BOOLQ),
        lines(BOOLQ).replace(b"\n", b"\r\n"),
        lines(BOOLQ).removesuffix(b"\n"),
        lines(BOOLQ) + b"\n \r\n",
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blank lines at the end"],
)
def test_forms_that_are_accepted(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, "boolq", content)
    assert [e.features["label"] for e in read(tmp_path, "boolq")] == [1, 0]


def test_a_line_ends_at_a_newline_alone(tmp_path: Path) -> None:
    rows = [{**BOOLQ[0], "passage": "a\u2028b\x85c"}, BOOLQ[1]]
    write(tmp_path, "boolq", "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode())
    assert read(tmp_path, "boolq")[0].features["passage"] == "a\u2028b\x85c"


FIRST = lines(BOOLQ[:1])
BROKEN: list[tuple[bytes, str]] = [
    (b"", "1: the file has no rows"),
    (b"\n\n", "1: the file has no rows"),
    (FIRST + b"\n" + lines(BOOLQ[1:]), "2: a blank line in the middle of the file"),
    (FIRST + b"{", "2: not a JSON object (Expecting property name"),
    (FIRST + lines(BOOLQ[1:])[:30], "; the file ends inside this line"),
    (FIRST + b"not json\n", "2: not a JSON object (Expecting value"),
    (FIRST + b'{"idx": NaN}\n', "2: not a JSON object (NaN is not JSON)"),
    (FIRST + b"[1]\n", "2: expected a JSON object, got '[1]'"),
    (FIRST + b'{"idx": "\xff"}\n', "2: not UTF-8: byte 0xff at position 10"),
    (FIRST + b"[" * 100_000 + b"\n", "2: not a JSON object ("),
    (FIRST + b'{"idx": ' + b"9" * 5000 + b"}\n", "2: not a JSON object ("),
]


@pytest.mark.parametrize(("content", "message"), BROKEN, ids=range(len(BROKEN)))
def test_files_that_are_no_json_lines(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in fault(tmp_path, "boolq", content)


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("boolq", {"idx": 0}, "2: idx 0 comes again; it came first on line 1"),
        ("boolq", {"idx": "0"}, "2: idx 0 comes again"),
        ("boolq", {"idx": -1}, "2: idx must be a whole number from 0, got '-1'"),
        ("boolq", {"idx": True}, "2: idx must be a whole number, got 'true'"),
        ("boolq", {"idx": 1.0}, "2: idx must be a whole number, got '1.0'"),
        ("boolq", {"idx": "x"}, "2: idx must be a whole number"),
        ("boolq", {"idx": "٣"}, "2: idx must be a whole number"),
        ("boolq", {"idx": 10**30}, "2: idx must be a whole number from 0"),
        ("boolq", {"idx": None}, "2: idx must be a whole number, got 'null'"),
        ("boolq", {"passage": 5}, "2: passage must be a text, got '5'"),
        ("boolq", {"passage": "\ud800"}, "2: passage is not Unicode text (half a surrogate pair)"),
        ("boolq", {"label": "true"}, "2: unknown label '\"true\"'; expected one of false, true"),
        ("boolq", {"label": 1}, "2: unknown label '1'; expected one of false, true"),
        ("boolq", {"label": None}, "2: unknown label 'null'"),
        ("boolq", {"label": -1}, "2: unknown label '-1'"),
        ("multirc", {"passage": None}, "2: passage must be an object, got 'null'"),
        ("multirc", {"passage": {"text": "a", "questions": {}}}, "2: passage.questions must be a list, got '{}'"),
        ("multirc", {"passage": {"text": "a", "questions": [1]}}, "2: passage.questions must hold objects, got '1'"),
        ("multirc", {"passage": {"text": "a", "questions": [{}]}}, "2: has no questions.idx"),
        ("record", {"qas": [{"idx": 1, "query": "q", "answers": []}]}, "2: has no qas.answers; only a test file"),
        ("record", {"qas": [{"idx": 1, "query": "q", "answers": [{}]}]}, "2: has no answers.text"),
        (
            "record",
            {"passage": {"text": "abc", "entities": [{"start": 3, "end": 4}]}},
            "2: no entity stands at 3 to 4 of a passage of 3 characters",
        ),
        ("record", {"passage": {"text": "abc", "entities": [{"start": -3, "end": 4}]}}, "2: entities.start must be"),
        ("wsc", {"target": {"span1_text": "x"}}, "2: has no target.span2_text"),
        ("wsc", {"target": []}, "2: target must be an object, got '[]'"),
    ],
)  # fmt: skip
def test_rows_that_are_not_the_benchmarks(tmp_path: Path, task: str, change: dict[str, Any], message: str) -> None:
    good = ROWS[task][0]
    assert fault(tmp_path, task, [good, {**copy.deepcopy(good), "idx": 90, **change}]).startswith(message)


@pytest.mark.parametrize("label", ["0", True, 2, 1.0, [], {}, "choice1"])
def test_the_type_of_a_label_counts(tmp_path: Path, label: Any) -> None:
    row = {"premise": "a", "choice1": "b", "choice2": "c", "question": "cause", "idx": 0, "label": label}
    assert "expected one of 0, 1" in fault(tmp_path, "copa", [row])


def test_ids_repeat_only_where_they_are_the_same_answer(tmp_path: Path) -> None:
    write(tmp_path, "multirc", [*MULTIRC, {**MULTIRC[0], "idx": 4}])
    assert len(read(tmp_path, "multirc")) == 6
    assert (
        fault(tmp_path, "multirc", [*MULTIRC, *MULTIRC]) == "2: a second paragraph with idx 3; the first is in line 1"
    )
    rows = copy.deepcopy(MULTIRC)
    rows[0]["passage"]["questions"][0]["answers"][1]["idx"] = 20
    assert fault(tmp_path, "multirc", rows) == "1: idx 3/7/20 comes again; it came first on line 1"


def test_what_the_leaderboard_could_not_tell_apart_is_refused(tmp_path: Path) -> None:
    rows = copy.deepcopy(MULTIRC)
    rows[0]["passage"]["questions"][1]["idx"] = 7
    assert fault(tmp_path, "multirc", rows).startswith("1: a second question with idx 7 in paragraph 3")
    record = [RECORD[0], {**copy.deepcopy(RECORD[0]), "idx": 6}]
    assert fault(tmp_path, "record", record).startswith("2: a second query with idx 11, the first is in line 1;")
    record[1]["qas"] = [{**RECORD[0]["qas"][1], "idx": 12}]
    assert fault(tmp_path, "record", record).startswith("2: a second query with idx 12, the first is in line 1;")
    record[1]["qas"][0]["idx"] = 13
    assert [example.id for example in read_rows(tmp_path, "record", record)] == ["5/11", "5/12", "6/13"]
    record[1]["idx"] = 5
    assert fault(tmp_path, "record", record) == "2: a second passage with idx 5; the first is in line 1"
    assert fault(tmp_path, "boolq", [*BOOLQ, BOOLQ[1]]) == "3: idx 1 comes again; it came first on line 2"


def read_rows(data: Path, task: str, rows: list[Any]) -> list[Example]:
    write(data, task, rows)
    return read(data, task)


# What mutations put in the place of a value.
STRANGE: list[Any] = [None, True, False, 0, 1, -1, 7, 10**20, 1e300, float("nan"), float("inf"), 0.5, "", "0", "x"]
STRANGE += ["\ud800", [], {}, [None], [[]], {"idx": 0}, {"text": "t"}, "true", "entailment", "\u2028"]


def read_or_refused(split: Iterable[Example]) -> tuple[list[Example], str]:
    """Returns a split's examples, or none and the message of the user error."""
    try:
        return list(split), ""
    except UserError as error:
        return [], str(error)


def mutated(value: Any, draw: Any) -> Any:
    """Returns a copy of a JSON value with some part replaced, removed or repeated."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        found = {k: (mutated(v, draw) if k == key else v) for k, v in value.items()}
        if not draw(st.integers(0, 4)):
            del found[key]
        return found
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], mutated(value[at], draw), *value[at + draw(st.integers(0, 1)) :]]
    return draw(st.sampled_from(STRANGE))


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_mutated_files_are_read_or_refused_with_their_line(data: st.DataObject) -> None:
    task = data.draw(st.sampled_from(sorted(ROWS)))
    split = data.draw(st.sampled_from(["validation", "test"]))
    rows = mutated(copy.deepcopy(ROWS[task]), data.draw)
    content = lines(rows if isinstance(rows, list) else [rows])
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content)))
        content = content[:at] + data.draw(st.binary(max_size=3)) + content[at + data.draw(st.integers(0, 3)) :]
    spec = task_specs.get(f"super_glue/{task}")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), task, content, split)
        examples, refusal = read_or_refused(open_split(spec, split, Path(folder)))
    assert refusal == "" or (refusal.startswith(f"{path}: line ") and refusal.isprintable())
    assert len({e.id for e in examples}) == len(examples)
    for example in examples:
        for training in (False, True):
            for pair in spec.pairs(example, training=training):
                f"{pair.id}{pair.inputs}{pair.targets}{pair.problem}".encode()
        spec.answer.gold(example.features, evaluation_pair(spec, example).targets)


DPR = b"Bea asked Tim if he ran.\nhe\nBea, Tim \nTim\n\nTim saw Bea when she fell.\nshe\nTim,Bea\nBea\n\n"


def write_dpr(data: Path, content: bytes) -> Path:
    (data / "dpr").mkdir(exist_ok=True)
    (data / "dpr" / "test.c.txt").write_bytes(content)
    return data / "dpr" / "test.c.txt"


def read_dpr(data: Path) -> list[Example]:
    return list(open_split(task_specs.get("dpr"), "test", data))


@pytest.mark.parametrize(
    "content",
    [DPR, DPR.removesuffix(b"\n"), DPR.strip(), DPR.replace(b"\n", b"\r\n"), DPR + b"\n\n", b"\xef\xbb\xbf" + DPR],
)
def test_dpr_blocks(tmp_path: Path, content: bytes) -> None:
    write_dpr(tmp_path, content)
    first, second = read_dpr(tmp_path)
    features = {"sentence": "Bea asked Tim if he ran.", "pronoun": "he", "candidates": ["Bea", "Tim"], "label": 1}
    assert first == Example("0", features)
    assert (second.id, second.features["candidates"], second.features["label"]) == ("1", ["Tim", "Bea"], 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the file has no rows"),
        (DPR + b"Only a sentence.\n", "line 11: a block has 4 lines (sentence, pronoun, candidates, right candidate)"),
        (DPR.replace(b"Tim\n\nTim", b"Tim\nTim"), "line 1: a block has 4 lines"),
        (DPR.replace(b"\nBea\n", b"\nbea\n"), "line 9: 'bea' is not among the candidates 'Tim, Bea'"),
        (DPR + b"\xff\n", "line 11: not UTF-8: byte 0xff at position 1"),
    ],
)
def test_dpr_faults(tmp_path: Path, content: bytes, message: str) -> None:
    path = write_dpr(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_dpr(tmp_path)
    assert str(caught.value).startswith(f"{path}: {message}")


@given(st.lists(st.sampled_from([b"\n", b"a\n", b"a, b\n", b"b", b"\r\n", b"\xff", b" \n", b",\n"]), max_size=14))
@settings(max_examples=300, deadline=None)
def test_any_dpr_file_is_read_or_refused(parts: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_dpr(Path(folder), b"".join(parts))
        spec = task_specs.get("dpr")
        examples, refusal = read_or_refused(open_split(spec, "test", Path(folder)))
    assert refusal == "" or refusal.startswith(f"{path}: line ")
    for example in examples:
        assert evaluation_pair(spec, example).targets in example.features["candidates"]
