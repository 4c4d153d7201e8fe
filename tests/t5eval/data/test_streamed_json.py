"""JSON in pieces: what `json` makes of the same bytes, however the pieces fall."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t5eval.data import streamed_json
from t5eval.data.streamed_json import JsonStream
from t5eval.support.errors import DataError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def stream(data: bytes, bound: int = 1 << 20) -> JsonStream:
    return JsonStream(io.BytesIO(data), Path("x.json"), bound)


def walk(found: JsonStream, depth: int) -> Any:
    """Returns a document, walked through down to a depth and taken whole below."""
    match found.peek() if depth else "":
        case "{":
            return {key: walk(found, depth - 1) for key in found.members()}
        case "[":
            return [walk(found, depth - 1) for _ in found.items()]
        case _:
            return found.value()


def whole(data: bytes, depth: int) -> Any:
    """Returns a document after which nothing follows."""
    found = stream(data)
    value = walk(found, depth)
    found.end()
    return value


@given(VALUES, st.booleans(), st.integers(0, 3), st.integers(1, 9), st.sampled_from([None, 1]))
@settings(max_examples=300, deadline=None)
def test_what_json_makes_of_it(value: Any, escaped: bool, depth: int, piece: int, indent: int | None) -> None:
    data = json.dumps(value, ensure_ascii=escaped, indent=indent).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streamed_json, "PIECE", piece)
        try:
            data.decode()
        except UnicodeDecodeError:
            return
        found = stream(data)
        assert walk(found, depth) == value
        found.end()


@given(st.text('{}[]",:1e+-.\\un tfalse', max_size=12).map(str.encode) | st.binary(max_size=6), st.integers(0, 3))
@settings(max_examples=500, deadline=None)
def test_what_json_refuses(data: bytes, depth: int) -> None:
    """Whatever `json` refuses is refused, in whatever pieces; and the other way about, but for keys that come twice."""
    try:
        expected = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        expected = DataError
    for piece in (1, 1 << 16):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(streamed_json, "PIECE", piece)
            try:
                result, fault = whole(data, depth), ""
            except DataError as error:
                result, fault = None, str(error)
        assert expected is DataError or "comes twice" in fault or (repr(result), fault) == (repr(expected), "")
        assert fault or expected is not DataError


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_json, "PIECE", 4)
    monkeypatch.setattr(streamed_json, "MAX_VALUE", 50)
    data = b"[1,\n" + json.dumps("x" * 200).encode() + b"]"
    with pytest.raises(DataError, match=r"x\.json: line 2: a value of more than 50 characters; none is"):
        walk(stream(data), 1)
    assert walk(stream(b"[" + b"12345," * 100 + b"1]"), 1) == [12345] * 100 + [1]
    with pytest.raises(DataError, match="has more than 99 bytes"):
        walk(stream(b"[" + b"12345," * 100 + b"1]", bound=99), 1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1,\n "a": 2}', r"line 2 column 5: not JSON \(the key 'a' comes twice\)"),
        (b'{"a": 1}\n\n x', r"line 3 column 2: not JSON \(Extra data\)"),
        (b'["a",\n\n "b" "c"]', r"line 3 column 6: not JSON \(Expecting ',' delimiter\)"),
        (b'{"a": 1,\n b: 2}', r"line 2 column 2: not JSON \(Expecting property name enclosed in double quotes\)"),
        (b'{"a" 1}', r"line 1 column 6: not JSON \(Expecting ':' delimiter\)"),
        (b'["a",\n "\xff"]', "line 2: not UTF-8"),
    ],
)
@pytest.mark.parametrize("piece", [1, 5, 1000])
def test_faults_name_their_place(monkeypatch: pytest.MonkeyPatch, data: bytes, message: str, piece: int) -> None:
    monkeypatch.setattr(streamed_json, "PIECE", piece)
    with pytest.raises(DataError, match=message):
        whole(data, 1)
