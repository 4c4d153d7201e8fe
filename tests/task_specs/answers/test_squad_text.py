"""SQuAD's padded punctuation, the way back to the passage, and the formats that T5's goldens do not show."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from task_specs import Example, SpecError
from task_specs.answers.punctuation import find_span, pad_punctuation
from task_specs.answers.squad import OptionalContextSpan, numbered_words, span_numbers

# Letters, digits, every mark, and whitespace of all kinds; short alphabets make the parts meet often.
TEXT = st.text(st.sampled_from("aB1é京–“.,'-$%_()!~ \t\n\r\f\v\x1c\x85\u00a0\u3000\u200b"), max_size=40)


def padded(text: str) -> str:
    """T5's two regular expressions, as RE2 reads them: POSIX punctuation is ASCII, and \\s has no vertical tab."""
    spaced = re.sub(r"([!-/:-@\[-`{-~])", r" \1 ", text)
    return re.sub(r"[\t\n\f\r ]+", " ", spaced)


def features(context: str, *answers: str, question: str = "Who?") -> dict[str, Any]:
    return {"context": context, "question": question, "answers": {"text": list(answers), "answer_start": []}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("$3.50", " $ 3 . 50"),
        ("O'Neil-Jones", "O ' Neil - Jones"),
        ("a_b (c)", "a _ b ( c ) "),
        ("a \n\t b", "a b"),
        ("a\v\u00a0b", "a\v\u00a0b"),
        ("“x” – y…", "“x” – y…"),
        ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
         " ! \" # $ % & ' ( ) * + , - . / : ; < = > ? @ [ \\ ] ^ _ ` { | } ~ "),
    ],
)  # fmt: skip
def test_padding(text: str, expected: str) -> None:
    assert pad_punctuation(text) == expected == padded(text)


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_padding_is_t5s(text: str) -> None:
    assert pad_punctuation(text) == padded(text)


@given(TEXT, TEXT)
@settings(max_examples=300, deadline=None)
def test_inputs_are_t5s(question: str, context: str) -> None:
    example = Example("q", features(context, "x", question=question))
    joined = f"question: {padded(question)} context: {padded(context)}"
    alone = f"squad trivia question: {padded(question)}"
    for task, expected in (("v1.1", joined), ("v1.1_span", joined), ("v2.0", joined), ("v1.1_context_free", alone)):
        (pair,) = task_specs.get(f"squad/{task}").pairs(example)
        assert pair.inputs == re.sub(r"[\t\n\f\r ]+", " ", expected), task


@pytest.mark.parametrize(
    ("text", "context", "span"),
    [
        (" $ 3 . 50", "It cost $3.50.", "$3.50"),
        ("$3.50", "It cost $3.50.", "$3.50"),
        ("O ' Neil - Jones", "Mr O'Neil-Jones went.", "O'Neil-Jones"),
        ("1 , 000", "of 1,000 men", "1,000"),
        ("x + 1 , y", "x+1,\u00a0y", "x+1,\u00a0y"),
        ("O 2", "liquid O\n2 is", "O\n2"),
        # Words decide between pieces that differ in whitespace alone; another division into words is another text.
        ("to day ( s )", "today(s), to day(s)", "to day(s)"),
        ("to day , s", "today,s or to  day,s", "to  day,s"),
        ("a b , c", "ab,c abc,", None),
        ("heat ora spark", "needs heat or a spark", None),
        ("heat or a spark", "needs heat or a  spark", "heat or a  spark"),
        ("a  b", "a b, a  b", "a  b"),
        ("O 'Neil", "Mr O'Neil", None),
        ("dioxygen, O 2", "dioxygen, O\n2", "dioxygen, O\n2"),
        # Case and every other character count.
        ("u . s .", "the U.S. army", None),
        ("3 . 5", "It cost 3,5", None),
        ("", "It cost $3.50.", None),
        (" \n", "It cost $3.50.", None),
        ("x", "", None),
    ],
)
def test_the_way_back_to_the_passage(text: str, context: str, span: str | None) -> None:
    assert find_span(text, context) == span


@given(TEXT, st.data())
@settings(max_examples=300, deadline=None)
def test_every_padded_piece_of_a_passage_is_found(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context)))
    piece = context[start : data.draw(st.integers(start, len(context)))]
    found = find_span(pad_punctuation(piece), context)
    if not piece.strip():
        assert found is None
        return
    assert found is not None
    assert found in context
    assert "".join(found.split()) == "".join(piece.split())


@given(TEXT, TEXT)
@settings(max_examples=300, deadline=None)
def test_what_is_found_is_in_the_passage(text: str, context: str) -> None:
    words = text.split()
    ends = range(len(context) + 1)
    pieces = {context[start:end] for start in ends for end in ends if start < end}
    # As the passage has it, in the same words, or in the words that padding gives it.
    written = {piece for piece in pieces if words in (piece.split(), pad_punctuation(piece).split())}
    found = find_span(text, context)
    assert (found is None) == (not words or (text.strip() not in context and not written))
    assert found is None or found == text.strip() or found in written


def test_answers_are_pieces_of_the_passage() -> None:
    answer = task_specs.get("squad/v1.1").answer
    context = features("It cost $3.50.", "$3.50")
    found, lost = (answer.parse(text, context, "") for text in ("$ 3 . 50", "$ 4 . 50"))
    assert (found.value, found.t5, found.mapped, found.readable) == ("$3.50", "$ 3 . 50", True, True)
    assert (found.changed, lost.changed, answer.parse("It  cost ", context, "").changed) == (True, False, False)
    assert (lost.value, lost.t5, lost.mapped, lost.readable) == ("$ 4 . 50", "$ 4 . 50", False, True)
    assert "padding" in answer.oddity("$ 3 . 50", context)
    assert answer.oddity("$ 4 . 50", context) == "are no piece of their passage"
    assert answer.oddity("$3.50", context) == answer.oddity(" ", context) == ""


def test_version_2_has_questions_without_an_answer() -> None:
    spec = task_specs.get("squad/v2.0")
    without, with_one = features("It cost $3.50."), features("It cost $3.50.", "$3.50")
    (pair,) = spec.pairs(Example("q", without), training=True)
    assert (pair.targets, pair.problem) == ("unanswerable", "")
    assert next(spec.pairs(Example("q", with_one))).targets == " $ 3 . 50"
    gold = spec.answer.gold(without, "")
    assert gold is not None
    assert gold.value == ()
    for text in ("unanswerable", " unanswerable", "", "  "):
        said = spec.answer.parse(text, without, "")
        assert (said.value, said.t5, said.mapped, said.changed) == ("", text, True, bool(text.strip()))
    for text, value, mapped in (("$ 3 . 50", "$3.50", True), ("Unanswerable", "Unanswerable", False)):
        said = spec.answer.parse(text, without, "")
        assert (said.value, said.mapped) == (value, mapped)
    with pytest.raises(SpecError, match="needs a text for no_answer"):
        OptionalContextSpan(no_answer=" ")


# The words between single separators, each character but an ASCII letter, digit or underscore being one:
#                  0  1    2  3 4 5 6   7 8 9 10 (two empty ones at the end)
NUMBERED = "In 1987, the O'Neil."  # padded: In 1987 , the O ' Neil .


@pytest.mark.parametrize(
    ("answer", "targets"),
    [
        ("In", "start: 0 end: 0"),
        ("1987", "start: 1 end: 1"),
        ("1987, the", "start: 1 end: 4"),
        ("the", "start: 4 end: 4"),
        ("O'Neil", "start: 5 end: 8"),
        ("Neil", "start: 8 end: 8"),
        ("198", ""),  # ends within a word
        ("Ann", ""),
        ("O'Neil.", ""),  # reaches the end, where T5's search has stopped
    ],
)
def test_numbered_spans(answer: str, targets: str) -> None:
    spec = task_specs.get("squad/v1.1_span")
    example = Example("q", features(NUMBERED, answer))
    (pair,) = spec.pairs(example)
    assert (pair.targets, bool(pair.problem)) == (targets, not targets)
    assert list(spec.pairs(example, training=True)) == ([pair] if targets else [])
    gold = spec.answer.gold(example.features, pair.targets)
    assert gold is not None  # it counts, whether T5 has a target or not
    assert gold.value == (answer,)
    if targets:
        assert spec.answer.parse(targets, example.features, "").value == answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("start: 0 end: 1", "In 1987"),
        ("begin 4, stop 8!", "the O'Neil"),
        ("start: 0 end: 11", "In 1987, the O'Neil."),
        ("start: ٤ end: ٤", "the"),
        ("start: 2 end: 4", ", the"),
        ("start: 0 end: 12", None),
        ("start: 4 end: 1", None),
        ("start: 2 end: 2", None),
        ("start: 1", None),
        ("start: one end: two", None),
        ("", None),
        (f"start: {'9' * 5000} end: 1", None),
    ],
)
def test_numbered_answers(text: str, value: str | None) -> None:
    said = task_specs.get("squad/v1.1_span").answer.parse(text, features(NUMBERED), "")
    assert (said.value, said.t5, said.readable) == (value, text, value is not None)


def test_t5s_metric_numbers_words_without_empty_ones() -> None:
    # In 1987 the O Neil
    assert numbered_words("start: 2 end: 4", NUMBERED) == "the O Neil"
    assert numbered_words("start: 3 end: 99", NUMBERED) == "O Neil"
    assert numbered_words("start: 3 end: 1", NUMBERED) == ""
    assert numbered_words("3 to 4", NUMBERED) == ""
    assert span_numbers("start: -1 end: 3 more") == (1, 3)


@pytest.mark.parametrize("task", ["v1.1", "v1.1_span"])
def test_a_question_without_true_answers_has_no_target(task: str) -> None:
    answer = task_specs.get(f"squad/{task}").answer
    assert (answer.target(features(NUMBERED)), answer.gold(features(NUMBERED), "")) == ("", None)


@given(TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_parsing_never_raises(text: str, context: str) -> None:
    for task in ("v1.1", "v1.1_context_free", "v1.1_span", "v2.0"):
        spec = task_specs.get(f"squad/{task}")
        for given_features in (features(context), {}):
            said = spec.answer.parse(text, given_features, "")
            assert said.t5 == text
            assert said.readable == (said.value is not None)


@given(TEXT, st.data())
@settings(max_examples=300, deadline=None)
def test_a_numbered_span_leads_back_to_its_answer(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context)))
    piece = context[start : data.draw(st.integers(start, len(context)))]
    spec = task_specs.get("squad/v1.1_span")
    (pair,) = spec.pairs(Example("q", features(context, piece)))
    if not pair.targets:
        return
    said = spec.answer.parse(pair.targets, features(context), "")
    letters = [re.sub(r"[^0-9A-Za-z_]", "", text) for text in (said.value or "", piece)]
    assert letters[0] == letters[1]
