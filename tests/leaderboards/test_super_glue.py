"""SuperGLUE submissions: written, checked and read back, on a miniature of its data."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leaderboards
from leaderboards.forms.json_rows import shown
from task_specs import UserError
from task_specs.submission_files.json_lines import JsonClassFile
from tests.leaderboards.super_glue_files import ANSWERS, FILES, IDS, ROWS

BOARD = leaderboards.get("super_glue")
NOT_OFFICIAL = "valid for this data, not for the leaderboard"


def packed(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(folder / "s.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return folder / "s.zip"


def faults(folder: Path, file: str, content: str | bytes, ids: Mapping[str, list[str]] | None = None) -> list[str]:
    """Returns a single file's faults, as `LINE: message`."""
    path = folder / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    verdict = BOARD.check(path, IDS if ids is None else ids)
    assert (verdict.status == "invalid") == bool(verdict.faults)
    assert all(fault.file == file for fault in verdict.faults)
    return [f"{fault.line}: {fault.message}" for fault in verdict.faults]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with as many rows of every file as the leaderboard wants, random answers."""
    chance = random.Random(0)
    answers: dict[str, dict[str, Any]] = {}
    for spec in BOARD.tasks:
        if isinstance(spec.submission, JsonClassFile):
            answers[spec.name] = {i: chance.randrange(len(spec.submission.labels)) for i in BOARD.ids(spec)}
    # 166 paragraphs of 11 questions, and one of 5; these have 5 answers, and the last one 598.
    answers["super_glue/multirc"] = {
        f"{q // 11}/{q}/{a}": chance.randrange(2) for a in range(9693) for q in [min(a // 5, 1819)]
    }
    answers["super_glue/record"] = {f"{q // 3}/{q}": chance.choice(["", "Ann", "x y"]) for q in range(10_000)}
    path = tmp_path_factory.mktemp("official") / "super_glue.zip"
    BOARD.write(path, answers)
    return path


def test_the_zip_holds_these_bytes(tmp_path: Path) -> None:
    written = BOARD.write(tmp_path / "s.zip", ANSWERS)
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.namelist() == list(FILES)
        assert {name: archive.read(name).decode() for name in FILES} == FILES
    assert (written.files, written.clipped) == (ROWS, {})


def test_it_is_read_back(tmp_path: Path) -> None:
    BOARD.write(tmp_path / "s.zip", ANSWERS)
    assert BOARD.read(tmp_path / "s.zip", IDS) == ANSWERS
    verdict = BOARD.check(tmp_path / "s.zip", IDS)
    assert (verdict.status, verdict.faults, verdict.files) == (NOT_OFFICIAL, (), ROWS)


def test_a_submission_of_the_official_size_is_valid_without_data(official: Path) -> None:
    verdict = BOARD.check(official)
    assert (verdict.status, verdict.faults, verdict.absent, verdict.notes) == ("valid", (), (), ())
    assert dict(verdict.files) == {
        "BoolQ.jsonl": 3245,
        "CB.jsonl": 250,
        "COPA.jsonl": 500,
        "MultiRC.jsonl": 166,
        "ReCoRD.jsonl": 10000,
        "RTE.jsonl": 3000,
        "WiC.jsonl": 1400,
        "WSC.jsonl": 146,
        "AX-b.jsonl": 1104,
        "AX-g.jsonl": 356,
    }


def test_rows_in_any_order_and_files_in_folders_are_valid(official: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    files = {}
    with zipfile.ZipFile(official) as archive:
        for name in archive.namelist():
            rows = archive.read(name).splitlines(keepends=True)
            chance.shuffle(rows)
            files[f"super glue/{name}"] = b"".join(rows)
    path = packed(tmp_path, files)
    assert BOARD.check(path).status == "valid"
    assert BOARD.read(path) == BOARD.read(official)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    assert BOARD.check(tmp_path / "folder").status == "valid"


def test_one_file_in_two_places_is_a_fault(tmp_path: Path) -> None:
    path = packed(tmp_path, {**FILES, "a/CB.jsonl": FILES["CB.jsonl"]})
    assert [(f.file, f.message[:12]) for f in BOARD.check(path, IDS).faults] == [
        ("a/CB.jsonl", "comes twice;"[:11] + " ")
    ]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "folder")
    (fault,) = BOARD.check(tmp_path / "folder", IDS).faults
    assert "second file of this name" in fault.message


def test_what_lies_beside_the_files(tmp_path: Path) -> None:
    extra = {"__MACOSX/CB.jsonl": b"", "__MACOSX/a/._CB.jsonl": b"", ".DS_Store": b"", "a/readme.txt": b""}
    verdict = BOARD.check(packed(tmp_path, {**FILES, **extra}), IDS)
    assert verdict.status == NOT_OFFICIAL
    assert verdict.notes[-1].startswith("not looked at: __MACOSX/CB.jsonl")
    for name, message in [
        ("a/inner.zip", "a zip within the zip"),
        ("a/boolq.jsonl", "not a file of this leaderboard. Did you mean 'BoolQ.jsonl'?"),
        ("AXb.jsonl", "not a file of this leaderboard. Did you mean 'AX-b.jsonl'?"),
    ]:
        (fault,) = BOARD.check(packed(tmp_path, {**FILES, name: b""}), IDS).faults
        assert (fault.file, fault.message[: len(message)]) == (name, message)


def test_absent_files_make_it_partial(tmp_path: Path) -> None:
    path = packed(tmp_path, {name: text for name, text in FILES.items() if name != "ReCoRD.jsonl"})
    verdict = BOARD.check(path, IDS)
    assert (verdict.status, verdict.absent) == ("partial", ("ReCoRD.jsonl",))
    assert leaderboards.lines(verdict)[-1] == "partial: ReCoRD.jsonl absent"
    assert "super_glue/record" not in BOARD.read(path, IDS)


@pytest.mark.parametrize(
    ("file", "label", "message"),
    [
        ("BoolQ.jsonl", "true", 'label true is not one of "false", "true". Write "true": type, case and spaces count'),
        ("BoolQ.jsonl", '"True"', 'label "True" is not one of "false", "true". Write "true"'),
        ("BoolQ.jsonl", "1", 'label 1 is not one of "false", "true"'),
        ("BoolQ.jsonl", "null", 'label null is not one of "false", "true"'),
        ("WiC.jsonl", '"TRUE "', 'label "TRUE " is not one of "false", "true". Write "true"'),
        ("WSC.jsonl", '"true"', 'label "true" is not one of "False", "True". Write "True"'),
        ("WSC.jsonl", "false", 'label false is not one of "False", "True". Write "False"'),
        ("COPA.jsonl", '"1"', 'label "1" is not one of 0, 1. Write 1: type'),
        ("COPA.jsonl", '"choice2"', 'label "choice2" is not one of 0, 1. Write 1: type'),
        ("COPA.jsonl", "1.0", "label 1.0 is not one of 0, 1. Write 1: type"),
        ("COPA.jsonl", "true", "label true is not one of 0, 1"),
        ("COPA.jsonl", "-1", "label -1 is not one of 0, 1"),
        ("CB.jsonl", '"Neutral"', 'is not one of "entailment", "contradiction", "neutral". Write "neutral"'),
        ("CB.jsonl", "[]", "label [] is not one of"),
        ("RTE.jsonl", '"neutral"', 'label "neutral" is not one of "entailment", "not_entailment"'),
        ("RTE.jsonl", '"\\u0065ntailment "', 'Write "entailment"'),
        ("RTE.jsonl", "1e999", "label Infinity is not one of"),
        ("ReCoRD.jsonl", "5", "label 5 is not a text; the leaderboard wants the answer in words"),
        ("ReCoRD.jsonl", '["Ann"]', 'label ["Ann"] is not a text'),
        ("ReCoRD.jsonl", '"\\ud800"', 'label "\\ud800" is not Unicode text (half a surrogate pair)'),
    ],
)
def test_labels(tmp_path: Path, file: str, label: str, message: str) -> None:
    first, *others = FILES[file].splitlines()
    idx = json.loads(first)["idx"]
    content = "\n".join([f'{{"idx": {idx}, "label": {label}}}', *others])
    (fault,) = faults(tmp_path, file, content)
    assert fault.startswith("1: ")
    assert message in fault


A, B, C = FILES["CB.jsonl"].splitlines()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], ["None: is empty"]),
        ([A, B], ["None: 1 of 3 idx are missing: 2"]),
        ([C, B, A], []),
        ([A, B, "", C], ["3: blank line"]),
        ([A, B, C, B], ["4: idx 1 comes again; it came first on line 2"]),
        ([A, B, C, '{"idx": 3, "label": "neutral"}'], ["4: idx 3 is unknown; the 3 known ones run from 0 to 2"]),
        (
            [A, B, '{"idx": "2", "label": "neutral"}'],
            ["None: 1 of 3", "3: idx must be a whole number without quotes, such as 0 or 17, got \"2\""],
        ),
        ([A, B, '{"idx": 2.0, "label": "neutral"}'], ["None: 1 of 3", "3: idx must be a whole number, such as"]),
        ([A, B, '{"idx": true, "label": "neutral"}'], ["None: 1 of 3", "3: idx must be a whole number, such as"]),
        ([A, B, '{"idx": -2, "label": "neutral"}'], ["None: 1 of 3", "3: idx must be a whole number, such as"]),
        ([A, B, '{"label": "neutral"}'], ["None: 1 of 3", "3: has no idx"]),
        ([A, B, '{"idx": 2}'], ['3: has no label; a row is {"idx": 0, "label": ...}']),
        ([A, B, '{"idx": 2, "idx": 2, "label": "neutral"}'], ["None: 1", "3: not JSON (the key 'idx' comes twice)"]),
        ([A, B, '{"idx": 2, "label": "x", "label": "y"}'], ["None: 1", "3: not JSON (the key 'label' comes twice)"]),
        ([A, B, '{"idx": 2, "label": NaN}'], ["None: 1 of 3", "3: not JSON (NaN is not JSON)"]),
        ([A, B, "[2]"], ["None: 1 of 3", "3: expected a JSON object, got '[2]'"]),
        ([A, B, C[:-1]], ["None: 1 of 3", "3: not JSON (Expecting ',' delimiter"]),
        ([A, B, "2\tneutral"], ["None: 1 of 3", "3: not JSON ("]),
        ([f"\ufeff{A}", B, C], ["1: begins with a byte order mark"]),
        ([A, B, '{"idx": 2, "label": "neutral", "score": 0.5}'], []),
        (["["+ "[" * 5000, B, C], ["None: 1 of 3", "1: not JSON ("]),
    ],
)  # fmt: skip
def test_rows(tmp_path: Path, rows: list[str], expected: list[str]) -> None:
    found = faults(tmp_path, "CB.jsonl", "\n".join(rows))
    assert len(found) == len(expected), found
    for fault, message in zip(found, expected, strict=True):
        assert fault.startswith(message)


def test_a_file_may_end_its_lines_with_crlf(tmp_path: Path) -> None:
    assert faults(tmp_path, "CB.jsonl", FILES["CB.jsonl"].replace("\n", "\r\n")) == []


def answer(idx: Any, label: Any) -> dict[str, Any]:
    return {"idx": idx, "label": label}


def paragraph(idx: Any, *questions: tuple[Any, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"idx": idx, "passage": {"questions": [{"idx": q, "answers": answers} for q, answers in questions]}}


NINE = paragraph(9, (2, [answer(4, 1), answer(5, 0)]), (3, [answer(6, 1)]))
TEN = paragraph(10, (4, [answer(7, 0)]))
ONLY_TEN = "None: 1 of 4 answers are missing: 10/4/7"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([TEN, NINE], []),
        ([paragraph(9, (3, [answer(6, 1)]), (2, [answer(5, 0), answer(4, 1)])), TEN], []),
        ([NINE], [ONLY_TEN]),
        ([NINE, TEN, TEN], ["3: paragraph 10 comes again; it came first on line 2"]),
        ([NINE, TEN, paragraph(11)], ["3: paragraph 11 is not in the data"]),
        ([NINE, paragraph(10, (4, [answer(7, 0)]), (4, []))], ["2: question 10/4 comes again"]),
        ([NINE, paragraph(10, (4, [answer(7, 0), answer(7, 0)]))], ["2: answer 10/4/7 comes again"]),
        ([NINE, paragraph(10, (4, [answer(7, 0)]), (5, []))], ["2: question 10/5 is not in the data"]),
        ([NINE, paragraph(10, (4, [answer(8, 0)]))], [ONLY_TEN, "2: answer 10/4/8 is not in the data"]),
        ([NINE, paragraph("10", (4, [answer(7, 0)]))], [ONLY_TEN, "2: paragraph idx must be a whole number w"]),
        ([NINE, paragraph(10, (None, [answer(7, 0)]))], [ONLY_TEN, "2: question idx must be a whole number"]),
        ([NINE, paragraph(10, (4, [answer(7.0, 0)]))], [ONLY_TEN, "2: answer idx must be a whole number"]),
        ([NINE, paragraph(10, (4, [{"idx": 7}]))], [ONLY_TEN, '2: question 10/4: an answer has no label: {"idx": 7}']),
        ([NINE, paragraph(10, (4, [5]))], [ONLY_TEN, "2: question 10/4: an answer has no label: 5"]),  # type: ignore[list-item]
        ([NINE, paragraph(10, (4, [answer(7, "0")]))], ['2: answer 10/4/7: label "0" is not one of 0, 1. Write 0']),
        ([NINE, paragraph(10, (4, [answer(7, False)]))], ["2: answer 10/4/7: label false is not one of 0, 1. Write 0"]),
        ([NINE, {"idx": 10}], [ONLY_TEN, "2: has no passage with a list of questions; a row is {"]),
        ([NINE, {"passage": {"questions": []}}], [ONLY_TEN, "2: has no paragraph idx"]),
        ([NINE, {"idx": 10, "passage": {"questions": {}}}], [ONLY_TEN, "2: has no passage with a list"]),
        ([NINE, {"idx": 10, "passage": {"questions": [{"idx": 4}]}}], [ONLY_TEN, "2: paragraph 10: a question"]),
        ([NINE, {"idx": 7, "label": 0}], [ONLY_TEN, "2: has no passage with a list of questions"]),
    ],
)  # fmt: skip
def test_multirc_rows(tmp_path: Path, rows: list[Any], expected: list[str]) -> None:
    found = faults(tmp_path, "MultiRC.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert len(found) == len(expected), found
    for fault, message in zip(found, expected, strict=True):
        assert fault.startswith(message)


def test_counts_stand_for_ids_that_only_the_data_tells(tmp_path: Path) -> None:
    assert faults(tmp_path, "MultiRC.jsonl", FILES["MultiRC.jsonl"], {}) == [
        "None: has 2 paragraphs; the leaderboard has 166",
        "None: has 3 questions; the leaderboard has 1,820",
        "None: has 4 answers; the leaderboard has 9,693",
    ]
    assert faults(tmp_path, "ReCoRD.jsonl", FILES["ReCoRD.jsonl"], {}) == [
        "None: 9,997 of 10,000 idx are missing: 0, 1, 2, 3, 4, ..."
    ]
    assert faults(tmp_path, "WSC.jsonl", FILES["WSC.jsonl"], {}) == [
        "None: 144 of 146 idx are missing: 2, 3, 4, 5, 6, ..."
    ]


def test_with_data_ids_of_the_official_number_are_compared(official: Path) -> None:
    ids = {"super_glue/record": [f"1/{q}" for q in range(1, 10_001)]}
    verdict = BOARD.check(official, ids)
    assert [fault.message for fault in verdict.faults] == [
        "1 of 10,000 idx are missing: 10000",
        "idx 0 is unknown; the 10,000 known ones run from 1 to 10000",
    ]
    values = BOARD.read(official, {"super_glue/record": [f"{q // 3}/{q}" for q in range(10_000)]})
    assert "3333/9999" in values["super_glue/record"]
    assert "9999" in BOARD.read(official)["super_glue/record"]


@pytest.mark.parametrize(
    ("task", "answers", "message"),
    [
        ("cb", {"0": 3}, r"super_glue/cb, id '0': a class is a whole number from 0 to 2, got '3'"),
        ("cb", {"0": -1}, "a class is a whole number from 0 to 2"),
        ("cb", {"0": "neutral"}, "a class is a whole number from 0 to 2"),
        ("copa", {"0": 1.0}, "a class is a whole number"),
        ("cb", {"a": 0}, r"super_glue/cb: id 'a' is not IDX, the whole numbers"),
        ("cb", {"00": 0}, "is not IDX"),
        ("multirc", {"1/2": 0}, "id '1/2' is not PARAGRAPH/QUESTION/ANSWER"),
        ("multirc", {"1/2/-3": 0}, "is not PARAGRAPH/QUESTION/ANSWER"),
        ("multirc", {"1/2/3": None}, "id '1/2/3': a class is a whole number"),
        ("record", {"7": "x"}, "id '7' is not PASSAGE/QUERY"),
        ("record", {"1/7": 5}, "super_glue/record, id '1/7': an answer is a text in Unicode, got '5'"),
        ("record", {"1/7": "\ud800"}, "an answer is a text in Unicode"),
        ("record", {"1/7": "x", "2/7": "y"}, "examples 1/7 and 2/7 have the same number"),
        ("boolq", {}, "no answers for BoolQ.jsonl"),
    ],
)
def test_answers_that_cannot_be_written(tmp_path: Path, task: str, answers: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        BOARD.write(tmp_path / "s.zip", {f"super_glue/{task}": answers})
    assert list(tmp_path.iterdir()) == []


def test_queries_stand_in_their_own_order_not_in_that_of_their_passages(tmp_path: Path) -> None:
    BOARD.write(tmp_path, {"super_glue/record": {"1/10": "c", "9/2": "a", "2/9": "b"}})
    rows = [json.loads(line) for line in (tmp_path / "ReCoRD.jsonl").read_text().splitlines()]
    assert rows == [{"idx": 2, "label": "a"}, {"idx": 9, "label": "b"}, {"idx": 10, "label": "c"}]


def test_a_numpy_class_is_written_as_a_number(tmp_path: Path) -> None:
    BOARD.write(tmp_path, {"super_glue/copa": {"0": np.int64(1)}})
    assert (tmp_path / "COPA.jsonl").read_text() == '{"idx": 0, "label": 1}\n'


def test_data_in_which_two_queries_share_a_number_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, FILES)
    with pytest.raises(UserError, match="examples 1/9 and 2/9 have the same number"):
        BOARD.check(path, {"super_glue/record": ["1/9", "2/9"]})


def test_twenty_faults_of_a_file_then_how_many_more(official: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(official) as archive:
        content = archive.read("MultiRC.jsonl").decode().replace('"label": 0', '"label": "0"')
    (tmp_path / "MultiRC.jsonl").write_text(content)
    verdict = BOARD.check(tmp_path / "MultiRC.jsonl")
    wrong = content.count('"label": "0"')
    assert (verdict.fault_count, len(verdict.faults), verdict.more) == (wrong, 20, {"MultiRC.jsonl": wrong - 20})


def test_a_long_value_is_shown_short() -> None:
    assert shown("x" * 58) == f'"{"x" * 58}"'
    assert shown("x" * 59) == f'"{"x" * 55}...'
