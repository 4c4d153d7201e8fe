"""Text of models in Markdown, LaTeX, CSV and scripts: shown, never obeyed."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5eval.reports.escaping import cell, latex, markdown, markdown_code, visible
from t5eval.reports.explorer.static import packed, script

TEXTS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\\`*_[]<>&|~$@#!\n\t\r\0\x1b\u202e{}%^=+-"), max_size=30
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("super_glue/rte", "super_glue/rte"),
        ("a|b", "a\\|b"),
        ("two\nlines", "two lines"),
        ("<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;"),
        ("`code` *bold* _soft_ [a](b)", "\\`code\\` \\*bold\\* \\_soft\\_ \\[a\\](b)"),
        ("@somebody fixes #12", "&#64;somebody fixes &#35;12"),
        ("see https://x.example", "see https&#58;//x.example"),
        ("bell\x07 and turned \u202eabc", "bell\ufffd and turned \ufffdabc"),
        ("\\", "\\\\"),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert markdown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "`plain`"),
        ("a|b", "`a|b`"),
        ("has ` one", "``has ` one``"),
        ("``` three", "```` ``` three ````"),
        ("<b>\n@you", "`<b> @you`"),
        ("", ""),
    ],
)
def test_markdown_code(text: str, expected: str) -> None:
    assert markdown_code(text) == expected


def test_a_pipe_in_code_does_not_end_a_table_cell() -> None:
    assert markdown_code("a|b", cell=True) == "`a\\|b`"


def test_latex() -> None:
    assert latex("50 % of $x_1$ & #2 {}") == r"50 \% of \$x\_1\$ \& \#2 \{\}"
    assert latex("~^ \\end <b>") == (
        r"\textasciitilde{}\textasciicircum{} \textbackslash{}end \textless{}b\textgreater{}"
    )


@pytest.mark.parametrize("start", "=+-@")
def test_a_spreadsheet_takes_no_name_for_a_formula(start: str) -> None:
    assert cell(f"{start}1+1") == f"'{start}1+1"


@given(TEXTS)
def test_nothing_gets_out_of_its_place(text: str) -> None:
    for made in (markdown(text), markdown_code(text, cell=True), latex(text), cell(text)):
        assert "\n" not in made
        assert "\0" not in made
        assert "\x1b" not in made
    assert "<" not in markdown(text)
    assert "|" not in markdown(text).replace("\\\\", "").replace("\\|", "")
    out = io.StringIO()
    csv.writer(out).writerow([cell(text), "next"])
    assert next(csv.reader(io.StringIO(out.getvalue())))[1] == "next"


@given(st.lists(TEXTS))
def test_json_in_a_script_means_the_same_and_cannot_end_it(texts: list[str]) -> None:
    texts.append("</script><!--<script>\u2028")
    made = script(3, packed(texts)).decode("ascii")
    (text,) = re.fullmatch(r'explorer\.arrived\("3","([\w+/=]+)"\);\n', made).groups()  # type: ignore[union-attr]
    assert json.loads(zlib.decompress(base64.b64decode(text))) == texts


def test_what_cannot_be_seen_is_shown_as_such() -> None:
    assert visible("a\tb\nc\0\x7f\u200b\u2066\ud800") == "a\tb\nc" + "\ufffd" * 5
