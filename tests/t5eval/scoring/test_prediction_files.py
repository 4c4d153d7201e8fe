"""Prediction files: three forms, recognised by content, and one line for everything that is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.scoring.prediction_files import given_predictions, read_predictions
from t5eval.scoring.text_files import plain_lines, recognise
from t5eval.support.errors import PredictionError

IDS = ["0", "1", "2"]


def read(tmp_path: Path, content: bytes | str, ids: list[str] = IDS, form: str | None = None) -> dict[str, str]:
    path = tmp_path / "predictions"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_predictions(path, ids, form)


def line(example_id: object, prediction: object, **more: object) -> str:
    return json.dumps({"id": example_id, "prediction": prediction, **more}, ensure_ascii=False) + "\n"


WHOLE = {"0": "yes", "1": "", "2": "né \u2028 “no”"}


@pytest.mark.parametrize(
    "content",
    [
        "".join(line(i, p) for i, p in WHOLE.items()),
        "".join(line(int(i), p) for i, p in WHOLE.items()),  # whole numbers as ids
        "".join(line(i, p, hit_limit=True, score=0.5) for i, p in WHOLE.items()),  # more keys
        "".join(line(i, p) for i, p in reversed(WHOLE.items())),  # any order
        "\n\n" + "".join(line(i, p) + " \n" for i, p in WHOLE.items()),  # blank lines
        "".join(line(i, p) for i, p in WHOLE.items()).rstrip("\n"),  # no newline at the end
        "".join(line(i, p) for i, p in WHOLE.items()).replace("\n", "\r\n"),
        "\ufeff" + "".join(line(i, p) for i, p in WHOLE.items()),
        json.dumps(WHOLE),
        json.dumps(WHOLE, indent=2) + "\n",
        "\ufeff\n" + json.dumps(WHOLE, ensure_ascii=False, indent=1).replace("\n", "\r\n"),
        "yes\n\nné \u2028 “no”\n",
        "yes\n\nné \u2028 “no”",
        "yes\r\n\r\nné \u2028 “no”\r\n",
        "\ufeffyes\n\nné \u2028 “no”\n",
    ],
)
def test_forms(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == WHOLE


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", "text"),
        ("\n\n", "text"),
        ("yes\nno\n", "text"),
        ("3.8\n", "text"),
        ('"yes"\n', "text"),
        ('["yes"]\n', "text"),
        ('["yes", "no"]\n', "json"),
        ("{ yes }\n", "text"),
        ("{yes\n", "text"),
        ('{"id": "0", "prediction": "yes"}\n', "jsonl"),
        ('{"prediction": "yes", "id": 0}', "jsonl"),
        ('\ufeff {"id": "0", "prediction": "yes"}\n'.lstrip("\ufeff"), "jsonl"),
        ('{"id": "0", "predic', "jsonl"),  # torn: still meant as JSON
        ('{"id": "0"}\n', "jsonl"),
        ('{"prediction": "yes"}\n', "jsonl"),
        ('{"0": "yes", "1": "no"}', "json"),
        ('{\n  "0": "yes"\n}', "json"),
        ('{"0": "say \\"id\\" and \\"prediction\\""}', "json"),
        ("{}", "json"),
        ('{"0": "ye', "json"),
    ],
)
def test_recognition(text: str, form: str) -> None:
    assert recognise(text) == form


def test_the_form_can_be_told(tmp_path: Path) -> None:
    text = '{"id": "0", "prediction": "yes"}\n'
    assert read(tmp_path, text, ["7"], "text") == {"7": text.strip()}
    assert read(tmp_path, text, ["id", "prediction"], "json") == {"id": "0", "prediction": "yes"}
    with pytest.raises(PredictionError, match="line 1: not a JSON object"):
        read(tmp_path, "yes\n", form="jsonl")


def test_ids_may_be_missing_but_not_from_a_plain_file(tmp_path: Path) -> None:
    assert read(tmp_path, line("2", "yes")) == {"2": "yes"}
    assert read(tmp_path, "{}") == {}
    assert read(tmp_path, "", []) == {}
    assert read(tmp_path, "\n\n", form="jsonl") == {}
    with pytest.raises(PredictionError, match="0 lines for 3 examples"):
        read(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [""]),
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\n\n", ["a", ""]),
        ("a\r\nb", ["a", "b"]),
        ("a\u2028b\x0bc\x0cd\x1ce\x85f\u2029g\n", ["a\u2028b\x0bc\x0cd\x1ce\x85f\u2029g"]),
        ("a\rb\r\r\n", ["a\rb\r"]),
    ],
)
def test_plain_lines(text: str, lines: list[str]) -> None:
    assert plain_lines(text) == lines


DEEP = '{"id": "0", "prediction": "x", "more": ' + "[" * 100_000

# content, message after the file's name
FAULTS: list[tuple[str | bytes, str]] = [
    (line("3", "x"), "line 1: unknown id '3'; this split's 3 ids run from '0' to '2'"),
    (line("0", "x") + line("00", "x"), "line 2: unknown id '00'"),
    (line(" 0", "x"), "line 1: unknown id ' 0'"),
    (line(-1, "x"), "line 1: unknown id '-1'"),
    (line("\ud800", "x").encode("utf-8", "backslashreplace"), r"line 1: unknown id '\ud800'"),
    (line("0", "x") + "\n" + line(0, "x"), "line 3: a second prediction for id '0'"),
    (
        line("0", "x") + '{"id": "1", "predi',
        "line 2: not a JSON object (Unterminated string starting at: column 13); the file ends inside this line",
    ),
    (line("0", "x") + '{"id": "1", "predi', "; the file ends inside this line"),
    (line("0", "x") + '{"id": "1", "predi\n' + line("2", "x"), "line 2: not a JSON object (Unterminated string"),
    (line("0", "x") + "yes\n", "line 2: not a JSON object"),
    (line("0", "x") + "[]\n", "line 2: expected an object with id and prediction, got '[]'"),
    (line("0", "x") + '{"id": 1}\n', "line 2: expected an object with id and prediction"),
    (line("0", "x") + line("1", "x")[:-1] + line("2", "x"), "line 2: not a JSON object (Extra data"),
    (line("0", None), "line 1: the prediction for id '0' must be a string, got 'None'"),
    (line("0", 3.8), "line 1: the prediction for id '0' must be a string, got '3.8'"),
    (line("0", ["x"]), "must be a string"),
    (line(True, "x"), "line 1: an id is a string or a whole number, got 'True'"),
    (line(0.0, "x"), "line 1: an id is a string or a whole number, got '0.0'"),
    (line(None, "x"), "an id is a string or a whole number"),
    (line([0], "x"), "an id is a string or a whole number"),
    ('{"id": "0", "prediction": "x", "p": NaN}\n', "line 1: not a JSON object (NaN is not JSON)"),
    ('{"id": "0", "prediction": "x", "p": -Infinity}\n', "line 1: not a JSON object (-Infinity is not JSON)"),
    ('{"id": "0", "prediction": "\\ud83d"}\n', "the prediction for id '0' is not Unicode text (half a surrogate pair)"),
    ('{"id": "0", "id": "1", "prediction": "x"}\n', "line 1: not a JSON object (the key 'id' comes twice)"),
    (
        '{"id": "0", "prediction": "x", "prediction": "y"}',
        "line 1: not a JSON object (the key 'prediction' comes twice)",
    ),
    ('{"id": ' + "9" * 5000 + ', "prediction": "x"}\n', "line 1: not a JSON object (Exceeds the limit"),
    ('{"id": ' + "9" * 400 + ', "prediction": "x"}\n', "line 1: unknown id '999"),
    (DEEP, "line 1: not a JSON object ("),
    (line("0", "x").encode() + b'{"id": "1", "prediction": "caf\xe9"}\n', "line 2: not UTF-8"),
    (b"\xff\xfey\x00e\x00s", "begins as UTF-16, and is not; save the file as UTF-8"),
    ('{"0": "x", "3": "y"}', "unknown id '3'"),
    ('{"0": "x", "0": "y"}', "a second prediction for id '0'"),
    ('{"0": "x", "1": {"a": "b", "a": "c"}}', "the prediction for id '1' must be a string"),
    ('{"0": 1}', "the prediction for id '0' must be a string, got '1'"),
    ('{"0": "x", "1": "y', "not one JSON object: Unterminated string"),
    ('{"0": "x"} {"1": "y"}', "not one JSON object: Extra data"),
    ('{"0": NaN}', "not one JSON object: NaN is not JSON"),
    ('{"0": "\\udc80"}', "the prediction for id '0' is not Unicode text"),
    ('{"0": ' + "[" * 100_000, "not one JSON object: "),
    ("yes\nno\n", "2 lines for 3 examples; a plain file has a line for each"),
    ("yes\nno\nmaybe\n\n", "4 lines for 3 examples"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS)
def test_faults(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(PredictionError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'predictions'}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


def test_a_list_is_not_an_object(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="expected an object with id and prediction, got"):
        read(tmp_path, '[{"0": "x"}]', form="json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="cannot be read: No such file or directory"):
        read_predictions(tmp_path / "absent", IDS)
    with pytest.raises(PredictionError, match="cannot be read: Is a directory"):
        read_predictions(tmp_path, IDS)


def test_a_form_that_is_none() -> None:
    with pytest.raises(PredictionError, match=r"^format 'xml': it is .*jsonl.* or None$"):
        given_predictions({"0": "yes"}, IDS, "xml")


def test_a_split_without_examples(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="unknown id '0'; this split's 0 ids"):
        read(tmp_path, line("0", "x"), [])


TEXT = st.text(max_size=12)
PIECES = [
    '{"',
    '"id"',
    ": ",
    ", ",
    '"prediction"',
    "}",
    "\n",
    "\r\n",
    "\\ud800",
    "NaN",
    "[",
    "1e999",
    "\ufeff",
    "\u2028",
    '"',
]


@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.dictionaries(st.sampled_from(IDS), TEXT, min_size=1), st.sampled_from(["jsonl", "json"]))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, str], form: str) -> None:
    text = json.dumps(wanted) if form == "json" else "".join(line(i, p) for i, p in wanted.items())
    assert read(tmp_path_factory.getbasetemp(), text, form=form) == wanted
    assert read(tmp_path_factory.getbasetemp(), text) == wanted  # and recognised


@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.lists(TEXT.filter(lambda t: "\n" not in t and not t.endswith("\r")), min_size=3, max_size=3))
def test_plain_text_is_read_as_it_is(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    content = "".join(text + "\n" for text in texts)
    if content.startswith("\ufeff"):
        return  # a byte order mark is not text
    assert read(tmp_path_factory.getbasetemp(), content, form="text") == dict(zip(IDS, texts, strict=True))


@settings(deadline=None, max_examples=120, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES) | TEXT).map("".join).map(str.encode) | st.binary(max_size=40),
    st.sampled_from([None, "jsonl", "json", "text"]),
)
def test_any_file_gives_predictions_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str | None
) -> None:
    try:
        found = read(tmp_path_factory.getbasetemp(), content, form=form)
    except PredictionError:
        return
    assert set(found) <= set(IDS)
    assert all(isinstance(text, str) and text.encode() is not None for text in found.values())
