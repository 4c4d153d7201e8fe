"""Filters as a table, and that none makes an answer of nothing."""

from __future__ import annotations

import time

import pytest

from task_specs.answers.filters import filtered, require_filters
from task_specs.support.errors import SpecError

WORDS = ("Yes", "No.")


@pytest.mark.parametrize(
    ("names", "text", "read"),
    [
        ((), " Yes", " Yes"),
        (("strip",), " \nYes ", "Yes"),
        (("first_line",), "\n\nYes\nbecause", "Yes"),
        (("first_line",), "", ""),
        (("casefold",), "YES", "Yes"),
        (("casefold",), "Maybe", "maybe"),
        (("strip_punctuation",), "“Yes!”", "Yes"),
        (("strip_punctuation",), "no", "no"),
        (("casefold", "strip_punctuation"), "**NO**", "No."),
        (("strip", "first_line", "casefold", "strip_punctuation"), " yes.\n\nBecause", "Yes"),
        (("last_number",), "from 1,200.5 to -3 of 10.", "10"),
        (("last_number",), "it is 3,456.50", "3456.50"),
        (("last_number",), "v1.2 then -.5", "-.5"),
        (("choice_letter",), "B", "B"),
        (("choice_letter",), "(C) the third", "C"),
        (("choice_letter",), "D. because A is not", "D"),
        (("choice_letter",), "The answer is B.", "B"),
        (("choice_letter",), "I choose option C", "C"),
        (("choice_letter",), "Answer: A, yes, answer: A", "A"),
        ((r"regex:so: (\w+)",), "thus so: Yes then", "Yes"),
        (("regex:[A-Z]o[.]",), "oh No. x", "No."),
        (("regex:(x)?b",), "b", None),
        (("last_number",), "none", None),
        (("choice_letter",), "A man walked", None),
        (("choice_letter",), "either answer A or answer B", None),
        (("choice_letter",), "yes", None),
        (("regex:q",), "a", None),
        (("last_number", "strip"), "", None),
    ],
)
def test_what_is_left(names: tuple[str, ...], text: str, read: str | None) -> None:
    found, fault = filtered(text, names, WORDS)
    assert (None if fault else found) == read
    if read is None:
        assert f"filter {names[0]} finds nothing" in fault


def test_two_answers_that_become_the_same_are_not_guessed_between() -> None:
    assert filtered("US", ("casefold",), ("us", "US")) == ("us", "")  # the text itself, and no one of the two
    assert filtered("A!", ("strip_punctuation",), ("A.", "A?")) == ("A", "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stripp", "unknown filter 'stripp'. Did you mean 'strip'"),
        ("regex:(", "not a regular expression"),
        ("regex:(a+)+b", "search without end"),
        ("regex:(a|aa){2,}", "search without end"),
        (r"regex:(a*)\1b", "search without end"),
    ],
)
def test_refused(name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        require_filters(("strip", name))


@pytest.mark.parametrize("pattern", ["(.*),(.*),(.*),x", "a{0,90}a{0,90}a{0,90}b"])
def test_patterns_end(pattern: str) -> None:
    start = time.process_time()
    assert filtered("a" * 100_000 + ",", (f"regex:{pattern}",))[1]
    assert time.process_time() - start < 10


@pytest.mark.parametrize(("pattern", "seen"), [("b+", 10_000), ("b+c?d*", 464)])
def test_what_a_pattern_sees(pattern: str, seen: int) -> None:
    """The root of 10^8 steps: the square root with one open repeat, the cube root with two."""
    assert filtered("a" * (seen - 1) + "b", (f"regex:{pattern}",)) == ("b", "")
    assert filtered("a" * seen + "b", (f"regex:{pattern}",))[1]
