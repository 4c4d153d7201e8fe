"""How generated texts are read. The values are what t5 0.9.4's postprocessors return for these texts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from task_specs import SpecError
from task_specs.answers.labels import Label, Number, Referent, referent_words

UNREAD = -1  # T5's value for a text it cannot read

# Nothing is stripped and case counts.
CLASS_TEXTS = [
    ("cola", "acceptable", 1),
    ("cola", "unacceptable", 0),
    ("cola", "Acceptable", UNREAD),
    ("cola", " acceptable", UNREAD),
    ("cola", "acceptable ", UNREAD),
    ("cola", "acceptable\n", UNREAD),
    ("cola", "acceptable.", UNREAD),
    ("cola", "", UNREAD),
    ("cola", "1", UNREAD),
    ("cola", "<unk>", UNREAD),
    ("sst2", "negative", 0),
    ("sst2", "positive", 1),
    ("sst2", "NEGATIVE", UNREAD),
    ("mrpc", "not_equivalent", 0),
    ("mrpc", "equivalent", 1),
    ("mrpc", "not equivalent", UNREAD),
    ("mrpc", "duplicate", UNREAD),
    ("qqp", "not_duplicate", 0),
    ("qqp", "duplicate", 1),
    ("qqp", "not_equivalent", UNREAD),
    ("qnli", "entailment", 0),
    ("qnli", "not_entailment", 1),
    ("qnli", "notentailment", UNREAD),
    ("qnli", "neutral", UNREAD),
    ("rte", "entailment", 0),
    ("rte", "not_entailment", 1),
    ("rte", "contradiction", UNREAD),
    ("mnli", "entailment", 0),
    ("mnli_matched", "neutral", 1),
    ("mnli_mismatched", "contradiction", 2),
    ("mnli_matched", "еntailment", UNREAD),  # the first letter is Cyrillic
    ("mnli_matched", "entailment entailment", UNREAD),
    ("ax", "contradiction", 2),
    ("ax", "not_entailment", UNREAD),
    ("wnli_plain", "not_entailment", 0),
    ("wnli_plain", "entailment", 1),
    ("wnli_plain", "entailment\ufeff", UNREAD),
]


@pytest.mark.parametrize(("task", "text", "value"), CLASS_TEXTS)
def test_classes(task: str, text: str, value: int) -> None:
    answer = task_specs.get(f"glue/{task}").answer.parse(text, {"label": 0}, "")
    assert answer.t5 == value
    assert answer.value == (None if value == UNREAD else value)
    assert answer.readable == (value != UNREAD)
    if not answer.readable:
        assert answer.reason.startswith("not one of ")


# Python's float decides what a number is, as it does for T5.
NUMBER_TEXTS = [
    ("3.8", 3.8),
    ("5", 5.0),
    ("6.2", 6.2),  # out of range, but a number
    ("-0.4", -0.4),
    ("-0.0", -0.0),
    ("+3.8", 3.8),
    (".5", 0.5),
    ("3.", 3.0),
    ("003.50", 3.5),
    ("1e0", 1.0),
    ("1E3", 1000.0),
    ("1_000.5_5", 1000.55),
    (" 2.6 ", 2.6),
    ("\u2003\u0035\r\n", 5.0),
    ("２.５", 2.5),
    ("٣.٥", 3.5),
    ("१.५", 1.5),
    ("5e-324", 5e-324),
    ("-1.0", -1.0),  # T5's mark for what it cannot read is a number all the same
]
NOT_NUMBERS = [
    "",
    " ",
    "4,5",
    "3.8.2",
    "three",
    "３．８",
    "½",
    "−3",
    "0x1A",
    "1__0",
    "_1",
    "3.8/5",
    "None",
    "\x00",
    "<unk>",
]


@pytest.mark.parametrize(("text", "value"), NUMBER_TEXTS)
def test_numbers(text: str, value: float) -> None:
    answer = task_specs.get("glue/stsb").answer.parse(text, {}, "")
    assert (answer.value, answer.t5, answer.reason) == (value, value, "")


@pytest.mark.parametrize(("task", "label"), [("rte", -1), ("stsb", -1.0), ("wnli", -1)])
def test_nothing_is_true_of_an_unlabelled_example(task: str, label: float) -> None:
    answer = task_specs.get(f"glue/{task}").answer
    assert answer.gold({"label": label}, "-1.0") is None
    assert answer.gold({"label": 0}, "0.0") is not None


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_not_numbers(text: str) -> None:
    answer = task_specs.get("glue/stsb").answer.parse(text, {}, "")
    assert (answer.value, answer.t5) == (None, -1.0)
    assert answer.reason.startswith("not a number: ")


@pytest.mark.parametrize("text", ["nan", "-NaN", "inf", "-Infinity", "1e309", "9" * 400])
def test_numbers_that_are_not_finite_are_unreadable_here_and_numbers_to_t5(text: str) -> None:
    answer = task_specs.get("glue/stsb").answer.parse(text, {}, "")
    assert (answer.value, answer.readable) == (None, False)
    assert not math.isfinite(answer.t5)
    assert str(answer.t5) == str(float(text))


# text, candidate, value
REFERENTS = [
    ("The rope", "The rope", 1),
    ("rope", "The rope", 1),
    ("THE ROPE", "the rope", 1),
    ("my old rope", "The rope", 1),  # more words than the candidate
    ("the goat", "The rope", 0),
    ("the rope and the goat", "The rope", 1),
    ("fuzzy bunny", "bunny", 1),
    ("bunny", "fuzzy bunny", 1),
    ("fuzzy goat", "fuzzy bunny", 0),
    ("", "The rope", UNREAD),
    ("   ", "The rope", UNREAD),
    ("the", "The rope", UNREAD),
    ("his her", "The rope", UNREAD),
    ("Bob", "Bob's hat", 0),  # an apostrophe on one side only
    ("hat", "Bob's hat", 0),
    ("Bob's hat", "the hat", 0),
    ("bob's", "Bob's", 1),
    ("Bob's hat", "Bob's", 1),
    ("The carrot'", "The carrot", 0),
    ("the  dog", "dog", 1),  # an empty word between two spaces
    ("dog", "the  dog", 1),
    ("the  dog", "", 1),  # the empty word is the empty candidate's too
    ("dog", "", 0),
    ("dog", "the", 0),
    ("a\tb", "b", 0),  # only spaces part words
    ("\u00a0dog\u00a0", "dog", 1),
    ("i̇stanbul", "İstanbul", 1),
    ("rope.", "rope", 0),  # marks belong to words
]


@pytest.mark.parametrize(("text", "candidate", "value"), REFERENTS)
def test_referents(text: str, candidate: str, value: int) -> None:
    answer = task_specs.get("glue/wnli").answer.parse(text, {"label": 1}, candidate)
    assert answer.t5 == value
    assert answer.value == (None if value == UNREAD else value)
    assert not answer.reason or answer.reason.startswith("names nothing: ")


def test_words_that_do_not_count() -> None:
    assert referent_words("The whole of MY the old Hat") == ["whole", "of", "old", "hat"]


ANY_TASK = st.sampled_from(sorted(s.name for s in task_specs.all_tasks() if s.benchmark == "glue"))


@settings(deadline=None, max_examples=120, derandomize=True)
@given(ANY_TASK, st.text() | st.text(st.characters(categories=["Cs", "Nd", "Zs"])), st.text(max_size=8))
def test_any_text_has_a_value_or_a_reason(task: str, text: str, targets: str) -> None:
    answer = task_specs.get(task).answer.parse(text, {"label": 0}, targets)
    assert answer.readable == (answer.value is not None) == (answer.reason == "")
    assert len(answer.reason) < 200
    assert answer.reason.isprintable()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Label(("yes",)), "at least two different class names"),
        (lambda: Label(("yes", "yes")), "at least two different class names"),
        (lambda: Label(("yes", "")), "at least two different class names"),
        (lambda: Number(5.0, 0.0), "low < high"),
        (lambda: Number(0.0, math.nan), "low < high"),
        (lambda: Number(0.0, math.inf), "low < high"),
        (lambda: Number(5.0, 5.0), "low < high"),
        (lambda: Number(0.0, 1e6), "low < high"),
        (lambda: Number(-1.0, 5.0), "marks an unlabelled example"),
        (lambda: Number(0.0, 5.0, step=0.0), "multiple of 0.1"),
        (lambda: Number(0.0, 5.0, step=math.nan), "multiple of 0.1"),
        (lambda: Number(0.0, 5.0, step=0.25), "multiple of 0.1"),  # its targets have one decimal
        (lambda: Number(0.0, 5.0, step=6.0), "multiple of 0.1"),
        (lambda: Number(4.0, 5.0, step=2.0), "multiple of 0.1"),
        (lambda: Referent(("a", "b", "c")), "exactly two class names"),
    ],
)
def test_faulty_parsers(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=message):
        make()


def test_other_steps() -> None:
    assert Number(0.0, 1.0, step=0.5).choices == ("0.0", "0.5", "1.0")
    assert Number(1.0, 7.0, step=1.0).target({"label": 4.6}) == "5.0"
    assert Number(0.0, 3.0, step=0.3).target({"label": 1.0}) == "0.9"
