"""WNLI as a referent task. What is expected here is what t5 0.9.4 computes for these pairs of sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from task_specs import Example
from task_specs.texts.wnli import _require_short, _TooLong, mark_referent

# premise, hypothesis, inputs, targets
FOUND = [
    (
        "The goat chewed the rope. It was frayed.",
        "The rope was frayed.",
        "The goat chewed the rope. *It* was frayed.",
        "The rope",
    ),
    # The candidate ends at a shared context on both sides.
    (
        "Mia thanked Nora because she had carried the boxes.",
        "Nora had carried the boxes.",
        "Mia thanked Nora because *she* had carried the boxes.",
        "Nora",
    ),
    # At the end of the hypothesis; the pronoun's mark is set apart.
    (
        "The clerk sold Omar a lamp and then I thanked him.",
        "I thanked the clerk.",
        "The clerk sold Omar a lamp and then I thanked *him* .",
        "the clerk",
    ),
    (
        "The jar fell on the plate, but the cook kept it?",
        "the cook kept the jar",
        "The jar fell on the plate, but the cook kept *it* ?",
        "the jar",
    ),
    # A possessive candidate loses its ending.
    ("Ann met Bea and liked her hat.", "Ann liked Bea's hat.", "Ann met Bea and liked *her* hat.", "Bea"),
    # Of several pronouns the one with the longest shared context counts.
    (
        "She told Kim that the bus was late, so they walked home.",
        "She and Kim walked home.",
        "She told Kim that the bus was late, so *they* walked home.",
        "She and Kim",
    ),
    # The candidate begins at its last article.
    (
        "The fox saw the hen when it ran.",
        "I know the big hen ran.",
        "The fox saw the hen when *it* ran.",
        "the big hen",
    ),
    # Two spaces: the pronoun's place is counted over the words, and another one is marked.
    ("The mug  fell. It broke.", "The mug broke.", "The mug  *fell* . It broke.", "The mug"),
]

# premise, hypothesis, inputs, part of the problem
GIVEN_UP = [
    ("The cook left.", "The waiter left.", "The cook left.", "none of the pronouns"),
    ("", "", "", "none of the pronouns"),
    ("It is late.", "Nothing in common here", "*It* is late.", "no candidate"),
    ("The (box it is red", "The (box the lid is red", "The (box it is red", "regular expression"),
    ("One  it was .", "One dog was .", "One  it was .", "an empty word"),
    # `|` makes the context match without a candidate.
    ("an | is ^ their ? .", "an | is ^ their an a .", "an | is ^ *their* ? .", "no candidate"),
    ("it a{99999999999999}", "x a{99999999999999}", "it a{99999999999999}", "regular expression"),
]


@pytest.mark.parametrize(("premise", "hypothesis", "inputs", "targets"), FOUND)
def test_found(premise: str, hypothesis: str, inputs: str, targets: str) -> None:
    assert mark_referent(premise, hypothesis) == (inputs, targets, "")


@pytest.mark.parametrize(("premise", "hypothesis", "inputs", "problem"), GIVEN_UP)
@pytest.mark.parametrize("training", [False, True])
def test_given_up(premise: str, hypothesis: str, inputs: str, problem: str, training: bool) -> None:
    example = Example("0", {"sentence1": premise, "sentence2": hypothesis, "label": 0})
    (pair,) = task_specs.get("glue/wnli").pairs(example, training=training)
    assert (pair.targets, problem in pair.problem) == ("", True), pair
    assert pair.inputs == f"wsc: {inputs}"


@pytest.mark.parametrize(("premise", "hypothesis", "inputs", "targets"), FOUND)
def test_the_target_names_itself(premise: str, hypothesis: str, inputs: str, targets: str) -> None:
    answer = task_specs.get("glue/wnli").answer
    assert answer.parse(targets, {"label": 0}, targets).value == 1


WORDS = (
    "the a an dog Bob Bob's It he she. it, them is big . , ! ? an (x) [a] [[a] a+b c* (y)? \\1 {3} | ^ $ é ' it's"
).split(" ")
SENTENCE = st.lists(st.sampled_from([*WORDS, ""]), max_size=9).map(" ".join)


@settings(deadline=None, max_examples=120, derandomize=True)
@given(SENTENCE | st.text(max_size=20), SENTENCE | st.text(max_size=20))
def test_any_pair_has_a_form(premise: str, hypothesis: str) -> None:
    marked, candidate, problem = mark_referent(premise, hypothesis)
    assert bool(candidate) != bool(problem)
    # Nothing of the premise is lost but for the marks and the space before a closing mark.
    assert marked.replace("*", "").replace(" ", "") == premise.replace("*", "").replace(" ", "")
    assert candidate in hypothesis


@pytest.mark.parametrize(
    ("pattern", "length", "most"),
    [("ab", 10, 10**2), ("a*b", 10, 10**3), ("a*b+", 10, 10**4), ("a?b|c", 10, 10**2 * 2**2), ("ab", 0, 2**2)],
)
def test_the_steps_of_a_search_are_bounded_by_its_ways(pattern: str, length: int, most: int) -> None:
    _require_short(pattern, length, most)
    with pytest.raises(_TooLong):
        _require_short(pattern, length, most - 1)
    with pytest.raises(_TooLong):
        _require_short(f"({pattern})*", length, 10**18)


@pytest.mark.parametrize(("words", "most"), [("it", 5477), ("it it", 3872), ("it it it", 3162)])
def test_pronouns_share_the_steps(words: str, most: int) -> None:
    """Of 30,000,000 together; a pair without more words takes the square of its length for each."""
    premise = f"{words} {'x' * (most - len(words) - 2)}"
    assert "without end" not in mark_referent(premise, "y")[2]
    assert "without end" in mark_referent(f"{premise}x", "y")[2]
