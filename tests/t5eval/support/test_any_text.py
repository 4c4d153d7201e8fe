"""Names that are not UTF-8 survive in a file that is."""

from __future__ import annotations

import os
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from t5eval.support.any_text import decoded, encodable

NAMES = st.binary(max_size=12).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
TEXTS = NAMES | st.text(max_size=12).filter(lambda text: text.isprintable()) | NAMES.map("bytes:{}".format)


@given(st.dictionaries(TEXTS, st.recursive(TEXTS | st.integers(0, 9), lambda part: st.lists(part, max_size=3))))
def test_any_name_is_read_back(table: dict[str, object]) -> None:
    written = tomli_w.dumps(encodable(table)).encode("utf-8")
    assert decoded(tomllib.loads(written.decode("utf-8"))) == table


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"data/RTE", "data/RTE"),
        ("données 50%".encode(), "données 50%"),
        (b"py:/d\xff/m.py:make", "bytes:py:/d%FF/m.py:make"),
        (b"50%\xff", "bytes:50%25%FF"),
        (b"bytes:x", "bytes:bytes:x"),
    ],
)
def test_what_is_written(name: bytes, written: str) -> None:
    assert encodable(os.fsdecode(name)) == written
    assert decoded(written) == os.fsdecode(name)


def test_a_text_that_no_file_can_have_stays() -> None:
    assert encodable("\ud800") == "\ud800"
