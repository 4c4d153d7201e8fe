"""SQuAD's files: written, checked and read back."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leaderboards
import task_specs
from leaderboards.forms.json_object import json_object
from leaderboards.squad import SQUAD, Squad
from leaderboards.verdict import FileFaults
from task_specs import UserError

V1, V2 = "squad/v1.1", "squad/v2.0"
ANSWERS = {"b2": "O'Neil-Jones", "a1": "$3.50", "c3": "“x”\n京"}
IDS = {V1: ["a1", "b2", "c3"], V2: ["a1", "b2", "n4", "n5"]}
WRITTEN = '{\n"a1": "$3.50",\n"b2": "O\'Neil-Jones",\n"c3": "“x”\\n京"\n}\n'


def checked(tmp_path: Path, text: str | bytes, ids: Any = IDS, name: str = "p.json") -> list[str]:
    """Returns the lines that a check of a file with this content prints."""
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return leaderboards.lines(SQUAD.check(tmp_path / name, ids))


def test_a_file_is_written_checked_and_read_back(tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    written = SQUAD.write(out, {V1: ANSWERS})
    assert out.read_text(encoding="utf-8") == WRITTEN
    assert (written.files, written.clipped) == ({"p.json": 3}, {})
    # The same answers in another order give the same bytes.
    assert SQUAD.write(out, {V1: dict(sorted(ANSWERS.items()))}).sha256 == written.sha256
    verdict = SQUAD.check(out, {V1: IDS[V1]})
    assert verdict.status == "valid for this data, not for the leaderboard"
    assert verdict.files == {"p.json": 3}
    assert verdict.notes == (
        "judged as squad/v1.1, id by id",
        "3 questions in this data; the leaderboard has 10,570",
    )
    assert SQUAD.read(out, {V1: IDS[V1]}) == {V1: ANSWERS}


def test_a_folder_holds_the_probabilities_of_version_2(tmp_path: Path) -> None:
    answers = {"a1": "$3.50", "b2": "", "n4": "", "n5": "x"}
    written = SQUAD.write(tmp_path, {V2: answers})
    assert written.files == {"predictions.json": 4, "na_probs.json": 4}
    probabilities = json.loads((tmp_path / "na_probs.json").read_text())
    assert probabilities == {"a1": 0.0, "b2": 1.0, "n4": 1.0, "n5": 0.0}
    verdict = SQUAD.check(tmp_path, IDS)
    assert verdict.files == {"predictions.json": 4, "na_probs.json": 4}
    assert verdict.status == "valid for this data, not for the leaderboard"
    assert SQUAD.read(tmp_path, IDS) == {V2: answers}
    # Version 1.1 has no such file.
    other = tmp_path / "other"
    other.mkdir()
    assert SQUAD.write(other, {V1: ANSWERS}).files == {"predictions.json": 3}


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for answers, name, message in [
        ({}, "p.json", "a submission is of one version, got answers to none"),
        ({V1: ANSWERS, V2: ANSWERS}, "p.json", "of one version, got answers to squad/v1.1, squad/v2.0"),
        ({V1: {}}, "p.json", "squad/v1.1: there are no answers to write"),
        ({"squad/v1.1_span": ANSWERS}, "p.json", "'squad/v1.1_span' is not a task of leaderboard 'squad'"),
        ({V1: ANSWERS}, "p.zip", "takes a JSON file; name a .json file or an existing folder"),
        ({V1: {"a1": None}}, "p.json", "squad/v1.1, id 'a1': an answer is a text, got 'None'"),
        ({V1: {"a1": "\ud800"}}, "p.json", "an answer is not Unicode text"),
    ]:
        with pytest.raises(UserError) as caught:
            SQUAD.write(tmp_path / name, answers)  # type: ignore[arg-type]
        assert message in str(caught.value)
        assert list(tmp_path.iterdir()) == []


FAULTS = [
    ('{"a1": "x", "b2": "y"}', "p.json: 1 of 3 questions are missing: c3"),
    ('{"a1": "x",\n"b2": "y",\n"c3": "z",\n"d4": ""}', "p.json:4: id 'd4' is none of the 3 questions of this data"),
    ('{"a1": "x",\n"b2": "y",\n"c3": "z",\n"a1": ""}', "p.json:4: id 'a1' comes again; it came first on line 1"),
    ('{"a1": "x",\n"b2": 3,\n"c3": "z"}', "p.json:2: id 'b2': an answer is a string, got '3'"),
    ('{"a1": "x",\n"b2": ["y"],\n"c3": null}', "p.json:3: id 'c3': an answer is a string, got 'null'"),
    ('{"a1": "x",\n"b2": "\\ud800",\n"c3": "z"}', "p.json:2: id 'b2': the answer is not Unicode text"),
    ('{"a1": "x",\n"b2": NaN}', "p.json: not JSON that can be read (NaN is not JSON)"),
    ('{"a1": "x",\n"b2": ' + "9" * 5000 + "}", "p.json: not JSON that can be read (Exceeds the limit"),
    ('{"a1": "x",\n"b2": ' + "[" * 100_000, "p.json: not JSON that can be read"),
    ('{"a1": "x",\n"b2": "y"', "p.json:2: expected a comma or the end of the object, got the end of the file"),
    ('{"a1": "x",\n"b2": "y', "p.json:2: not JSON (Unterminated string"),
    ('{"a1": "x",\n}', "p.json:2: expected an id in double quotes, got '}"),
    ('{"a1" "x"}', "p.json:1: expected a colon after an id, got '\"x\"}'"),
    ("{'a1': 'x'}", "p.json:1: expected an id in double quotes"),
    ('{"a1": "x"} {}', "p.json:1: the object ends before the file does; the leaderboard takes one object"),
    ('[{"id": "a1"}]', 'p.json:1: expected one JSON object of id and answer, got \'[{"id": "a1"}]\''),
    ("", "p.json: is empty"),
    (" \n", "p.json: is empty"),
    ("{}", "p.json: 3 of 3 questions are missing: a1, b2, c3"),
    (b"\xef\xbb\xbf" + WRITTEN.encode(), "p.json:1: begins with a byte order mark"),
    (b'{"a1":\n"\xff"}', "p.json:2: not UTF-8 (byte 0xff)"),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_faults_have_file_and_line(tmp_path: Path, text: str | bytes, fault: str) -> None:
    shown = checked(tmp_path, text, {V1: IDS[V1]})
    assert any(line.startswith(fault) for line in shown), shown
    assert shown[-1].startswith("invalid: ")
    with pytest.raises(UserError, match="`t5eval check squad` lists every fault"):
        SQUAD.read(tmp_path / "p.json", {V1: IDS[V1]})


def test_the_version_is_the_one_that_a_file_comes_closest_to(tmp_path: Path) -> None:
    def judged(entries: dict[str, str], ids: Any) -> str:
        shown = checked(tmp_path, json.dumps(entries), ids)
        (line,) = [line for line in shown if line.startswith("note: judged as")]
        return line.removeprefix("note: judged as ")

    assert judged({"a1": "", "b2": "", "n4": ""}, IDS) == "squad/v2.0, id by id"
    assert judged({"a1": "", "b2": "", "c3": "", "d4": ""}, IDS) == "squad/v1.1, id by id"
    first, second = ({str(i): "x" for i in range(n)} for n in (10570, 11873))
    assert judged(first, None) == "squad/v1.1, by the number of its answers"
    assert judged(second, None) == "squad/v2.0, by the number of its answers"
    # Only one version's data is at hand.
    assert judged(second, {V1: IDS[V1]}) == "squad/v2.0, by the number of its answers"
    assert judged({"x": ""}, {V1: IDS[V1]}) == "squad/v1.1, id by id"
    assert judged({"x": ""}, {V2: IDS[V2]}) == "squad/v2.0, id by id"


def test_without_data_the_count_decides(tmp_path: Path) -> None:
    whole = json.dumps({str(i): "x" for i in range(10570)})
    assert checked(tmp_path, whole, None) == [
        "p.json: its 10,570 ids are not those of squad/v1.1; --data-dir names the others",
        "note: judged as squad/v1.1, by the number of its answers",
        "invalid: 1 fault",
    ]
    second = json.dumps({str(i): "x" for i in range(11873)})
    assert checked(tmp_path, second, None) == [
        "note: judged as squad/v2.0, by the number of its answers",
        "valid (ids not checked: --data-dir)",
    ]
    short = json.dumps({str(i): "x" for i in range(10569)})
    assert checked(tmp_path, short, None) == [
        "p.json: answers 10,569 questions; the leaderboard has 10,570 (squad/v1.1) or 11,873 (squad/v2.0)",
        "note: judged as squad/v1.1, by the number of its answers",
        "invalid: 1 fault",
    ]


def test_the_official_ids_are_known_by_their_digest(tmp_path: Path, shared_data: Path) -> None:
    document = json.loads((shared_data / "squad/dev-v1.1.json").read_text())
    ids = [q["id"] for article in document["data"] for part in article["paragraphs"] for q in part["qas"]]
    shown = checked(tmp_path, json.dumps(dict.fromkeys(ids, "x")), None)
    assert shown == ["note: judged as squad/v1.1, by a digest of its ids", "valid"]
    shown = checked(tmp_path, json.dumps(dict.fromkeys([*ids[1:], "5"], "x")), None)
    assert shown[0] == "p.json: its 10,570 ids are not those of squad/v1.1; --data-dir names the others"


def small(*specs: tuple[str, list[str], str]) -> Squad:
    """Returns a leaderboard whose versions have these ids; of each its name, its ids, and their digest."""
    return Squad(
        "squad",
        [
            replace(spec, sizes={"validation": len(ids)}, submission=replace(spec.submission, ids_sha256=digest))
            for spec, ids, digest in ((task_specs.get(name), ids, digest) for name, ids, digest in specs)
        ],
    )


def test_ids_are_compared_without_the_data_where_the_row_knows_them(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"a1\nb2\nc3\n").hexdigest()
    board = small((V1, IDS[V1], digest), (V2, IDS[V1], ""))
    path = tmp_path / "p.json"
    # Both versions have three questions here: the digest says which it is.
    path.write_text('{"c3": "x", "a1": "y", "b2": "z"}')
    assert leaderboards.lines(board.check(path)) == ["note: judged as squad/v1.1, by a digest of its ids", "valid"]
    assert board.check(path).ids_checked
    board = small((V2, IDS[V2], ""), (V1, IDS[V1], digest))
    path.write_text('{"c3": "x", "a1": "y", "b3": "z"}')
    assert leaderboards.lines(board.check(path))[0] == (
        "p.json: its 3 ids are not those of squad/v1.1; --data-dir names the others"
    )
    path.write_text('{"c3": "x", "a1": "y", "b3": "z", "?": ""}')
    verdict = board.check(path)
    assert (verdict.status, verdict.ids_checked) == ("valid", False)
    assert leaderboards.lines(verdict)[-1] == "valid (ids not checked: --data-dir)"
    assert board.check(path, {V2: ["c3", "a1", "b3", "?"]}).ids_checked


def test_answers_to_other_data_have_one_cause(tmp_path: Path) -> None:
    known = [f"q{i}" for i in range(20)]
    other = {f"q{i}": "x" for i in range(10, 10 + 11873)}
    shown = checked(tmp_path, json.dumps(other, indent=0), {V1: known, V2: ["n1"]})
    assert shown[0] == (
        "p.json: 11,863 of its 11,873 ids are not in squad/v1.1, and 10 of 20 questions are missing: these are answers "
        "to other data, perhaps to squad/v2.0, which has as many questions"
    )
    assert shown[1] == "p.json: 10 of 20 questions are missing: q0, q1, q2, q3, q4, ..."
    assert shown[2] == "p.json:12: id 'q20' is none of the 20 questions of this data"
    few = dict.fromkeys(known[:-1], "x") | {"z": "x"}
    assert not any("other data" in line for line in checked(tmp_path, json.dumps(few), {V1: known}))


def test_empty_answers_are_for_version_2(tmp_path: Path) -> None:
    shown = checked(tmp_path, '{"a1": "", "b2": "", "c3": "x"}', {V1: IDS[V1]})
    assert "note: 2 answers are empty; every question of squad/v1.1 has one" in shown
    shown = checked(tmp_path, '{"a1": "", "b2": "", "n4": "", "n5": ""}')
    assert not any("empty" in line for line in shown)


def test_probabilities(tmp_path: Path) -> None:
    SQUAD.write(tmp_path, {V2: dict.fromkeys(IDS[V2], "")})
    probabilities = tmp_path / "na_probs.json"

    def shown(text: str) -> list[str]:
        probabilities.write_text(text)
        return leaderboards.lines(SQUAD.check(tmp_path, IDS))

    assert shown('{"a1": 0, "b2": 0.25, "n4": 1, "n5": -0.5}')[-1].startswith("valid for this data")
    for entry, fault in [
        ('"1"', "a probability is a number, got '\"1\"'"),
        ("true", "a probability is a number, got 'true'"),
        ("1e999", "a probability is a finite number, got inf"),
    ]:
        lines = shown(f'{{"a1": 0, "b2": 0, "n4": 0,\n"n5": {entry}}}')
        assert lines[0] == f"na_probs.json:2: id 'n5': {fault}"
    assert shown('{"a1": 0, "b2": 0, "n4": 0}')[0] == "na_probs.json: 1 of 4 questions are missing: n5"
    assert any("3 values are above 1" in line for line in shown('{"a1": 7, "b2": 2, "n4": 3, "n5": 1}'))
    assert shown("nan")[0].startswith("na_probs.json:1: expected one JSON object")
    # They do not go with answers to version 1.1, and are no submission alone.
    (tmp_path / "predictions.json").write_text(WRITTEN)
    probabilities.write_text('{"a1": 0, "b2": 0, "n4": 0, "n5": 0}')
    assert "na_probs.json: goes with squad/v2.0; these are answers to squad/v1.1, which has no such file" in (
        leaderboards.lines(SQUAD.check(tmp_path, IDS))
    )
    (tmp_path / "predictions.json").unlink()
    assert SQUAD.check(tmp_path, IDS).status == "partial"


def test_zips_and_what_is_no_submission(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("predictions.json", WRITTEN)
        archive.writestr("../na_probs.json", "{}")
    shown = leaderboards.lines(SQUAD.check(tmp_path / "s.zip", {V1: IDS[V1]}))
    assert shown[0].startswith("../na_probs.json: a path that leads out of the archive")
    folder = tmp_path / "f"
    folder.mkdir()
    shown = leaderboards.lines(SQUAD.check(folder, IDS))
    assert shown[0] == "f: holds none of the leaderboard's files: predictions.json, na_probs.json"
    (folder / "preds.json").write_text(WRITTEN)
    shown = leaderboards.lines(SQUAD.check(folder, IDS))
    assert shown[0].startswith("preds.json: not a file of this leaderboard. Did you mean 'predictions.json'?")
    for name in ("p.txt", "nothing.json"):
        if name == "p.txt":
            (tmp_path / name).write_text(WRITTEN)
        with pytest.raises(UserError):
            SQUAD.check(tmp_path / name, IDS)
    with pytest.raises(UserError, match=r"squad/v1\.1: the data has no examples to judge by"):
        SQUAD.check(folder, {V1: []})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5))
@settings(max_examples=200, deadline=None)
def test_json_objects_are_read_as_json_reads_them(document: dict[str, Any]) -> None:
    raw = json.dumps(document, indent=1)
    faults = FileFaults()
    found = json_object(raw.encode("utf-8", "surrogatepass"), faults)
    if "NaN" in raw or "Infinity" in raw:
        return
    assert found is not None
    assert {entry.key: entry.value for entry in found} == document
    lines = raw.split("\n")
    assert all(lines[entry.line - 1].lstrip().startswith(json.dumps(entry.key)) for entry in found)


@given(st.data(), st.sampled_from(['"', "{", "}", ",", ":", "\\", "\n", "1e400", "NaN", "\x00", "\ud800", '"a1": ""']))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_judged(tmp_path: Path, data: st.DataObject, odd: str) -> None:
    at = data.draw(st.integers(0, len(WRITTEN)))
    text = WRITTEN[:at] + odd + WRITTEN[data.draw(st.integers(at, len(WRITTEN))) :]
    raw = text.encode("utf-8", "surrogatepass")
    shown = checked(tmp_path, raw, {V1: IDS[V1]})
    try:
        pairs = json.loads(raw.decode(), object_pairs_hook=list)
        sound = sorted(key for key, _ in pairs) == IDS[V1] and all(isinstance(value, str) for _, value in pairs)
        dict(pairs), "".join(value for _, value in pairs).encode()
    except (ValueError, TypeError):
        sound = False
    assert shown[-1].startswith("valid" if sound else "invalid"), (text, shown)


def test_data_at_hand_is_worth_more_than_the_count_of_the_other_version(tmp_path: Path) -> None:
    ids = [f"n{i}" for i in range(10_570)]
    (tmp_path / "p.json").write_text(json.dumps(dict.fromkeys(ids, "x")))
    verdict = SQUAD.check(tmp_path / "p.json", {V2: ids})
    assert verdict.notes[0] == "judged as squad/v2.0, id by id"
