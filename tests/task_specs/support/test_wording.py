"""Templates against hand-written texts, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from task_specs.support.errors import SpecError
from task_specs.support.wording import TemplateError, line_in, placed, wording

FEATURES: dict[str, Any] = {
    "text": " a <b>Boat</b><br>here ",
    "choice1": "Up",
    "choice2": "down",
    "names": ["Ann", "Bob"],
    "start": 3,
    "answers": {"text": ["first", "second"]},
}


@pytest.mark.parametrize(
    ("template", "text", "names"),
    [
        ("plain", "plain", ()),
        ("{choice1}/{choice2}/{choice1}", "Up/down/Up", ("choice1", "choice2")),
        ('{{"a": {choice1}}}', '{"a": Up}', ("choice1",)),
        ("{{{choice1}}}", "{Up}", ("choice1",)),
        ("{start}", "3", ("start",)),
        ("[{text|strip}]", "[a <b>Boat</b><br>here]", ("text",)),
        ("{text | without_markup|strip|capitalise}", "A Boat here", ("text",)),
        ("{choice1|lower}", "up", ("choice1",)),
        ("{choice1, choice2|lettered}", "A. Up\nB. down", ("choice1", "choice2")),
        ("{choice1,choice2|capitalise|numbered}", "1. Up\n2. Down", ("choice1", "choice2")),
        ("{names|bulleted}\n", "- Ann\n- Bob\n", ("names",)),
        ("{names|join} {names|first}", "Ann, Bob Ann", ("names",)),
        ("{answers.text|first}", "first", ("answers",)),
        ("a\n{choice1}\n\n", "a\nUp\n\n", ("choice1",)),
    ],
)
def test_rendered(template: str, text: str, names: tuple[str, ...]) -> None:
    assert wording(template).render(FEATURES) == text
    assert wording(template).names == names


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n{b", r"an open \{ on its line 2; .* written \{\{"),
        ("a}", r"an open \} on its line 1"),
        ("{}", "names no feature"),
        ("{a b}", "names no feature"),
        ("{a.}", "names no feature"),
        ("{choice1|stripp}", "unknown filter 'stripp'.*Did you mean 'strip'"),
        ("{choice1|}", "unknown filter ''"),
    ],
)
def test_templates_that_are_none(template: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        wording(template)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{names}", "is a list, not a text; first, join"),
        ("{answers}", "is a table"),
        ("{answers.texts|first}", "there is no answers.texts"),
        ("{nothing}", "is nothing"),
    ],
)
def test_values_that_are_no_text(template: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        wording(template).render({**FEATURES, "nothing": None})


@pytest.mark.parametrize(
    ("template", "piece", "line"),
    [("a {b", "{b", 1), ("a\nb {c d", "{c d", 2), ("\n{b", "{b", 2), ("}" + "x" * 30, "}" + "x" * 19, 1)],
)
def test_a_fault_keeps_its_piece(template: str, piece: str, line: int) -> None:
    """By it, the line of a file in which the template stands is found."""
    with pytest.raises(TemplateError) as caught:
        wording(template)
    brace = piece[0]
    assert str(caught.value) == (
        f"template: an open {brace} on its line {line}; a brace that is meant is written {brace}{brace}"
    )
    assert caught.value.piece == piece
    assert line_in(template, placed("mine.toml", caught.value)) == line
    assert line_in(f"{piece}\n{template}", placed("mine.toml", caught.value)) == line + 1  # where the template stands
    assert line_in("another text", caught.value) is None
    assert line_in(template, SpecError("another fault")) is None


def test_data_with_braces_stays_as_it_is() -> None:
    assert wording("<{choice1}>").render({"choice1": "{choice2} {{ }}"}) == "<{choice2} {{ }}>"
