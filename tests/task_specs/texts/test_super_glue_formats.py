"""SuperGLUE's and DPR's text formats, case by case. The texts are what t5 0.9.4 makes of these examples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import task_specs
from task_specs import Example, SpecError, TextPair
from task_specs.answers.candidate import Candidate
from task_specs.sources.json_lines import JsonLines, MultiRcLines, WscLines
from task_specs.texts.referents import correct_spans, mark_pronoun
from task_specs.texts.super_glue import RenamedFields, joined_highlights, without_markup


def only_pair(task: str, features: dict[str, Any], training: bool = False) -> TextPair:
    (pair,) = task_specs.get(task).pairs(Example("7", features), training=training)
    assert pair.learn
    return pair


@pytest.mark.parametrize(
    ("task", "features", "inputs", "targets"),
    [
        ("boolq", {"passage": "P", "question": "q", "label": 1}, "boolq passage: P question: q", "True"),
        ("cb", {"premise": "P", "hypothesis": "H", "label": 2}, "cb hypothesis: H premise: P", "neutral"),
        (
            "copa",
            {"premise": "P", "choice1": "A", "choice2": "B", "question": "cause", "label": 0},
            "copa choice1: A choice2: B premise: P question: cause",
            "choice1",
        ),
        ("rte", {"premise": "P", "hypothesis": "H", "label": 1}, "rte hypothesis: H premise: P", "not_entailment"),
        ("axg", {"premise": "P", "hypothesis": "H", "label": 0}, "rte hypothesis: H premise: P", "entailment"),
        ("axb", {"sentence1": "P", "sentence2": "H", "label": 0}, "rte hypothesis: H premise: P", "entailment"),
        (
            "wic",
            {"word": "w", "sentence1": "A", "sentence2": "B", "start1": 1, "label": 0},
            "wic sentence1: A sentence2: B word: w",
            "False",
        ),
        ("boolq", {"passage": "", "question": " q ", "label": -1}, "boolq passage:  question:  q ", "<unk>"),
    ],
)
def test_flat_tasks(task: str, features: dict[str, Any], inputs: str, targets: str) -> None:
    assert only_pair(f"super_glue/{task}", features) == TextPair("7", inputs, targets)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<b>Sent 1: </b>Rain.<br>", "Sent 1: Rain. "),
        ("<B>x</B><br/><i>y</i><br >z", "<B>x</B><br/><i>y</i><br >z"),
        ("<b><b>x</b></b><br><br>y", "x  y"),
        ("<<b>b>", "<b>"),  # once through: what the removal makes stays
        ("<<br>b>", "< b>"),
        ("</<b>b>", "</b>"),
        ("a < b", "a < b"),
    ],
)
def test_multirc_loses_three_tags(text: str, clean: str) -> None:
    assert without_markup(text) == clean
    features = {"paragraph": text, "question": f"q{text}", "answer": text, "label": 1}
    assert only_pair("super_glue/multirc", features).inputs == (
        f"multirc question: q{clean} answer: {clean} paragraph: {clean}"
    )


@given(st.tuples(*[st.text(alphabet="<>/br x", max_size=12)] * 3))
def test_multirc_cleaned_field_by_field_is_cleaned_as_a_whole(fields: tuple[str, str, str]) -> None:
    import re

    question, answer, paragraph = fields
    whole = f"multirc question: {question} answer: {answer} paragraph: {paragraph}"
    expected = re.sub("<(/)?b>", "", re.sub("<br>", " ", whole))
    features = {"paragraph": paragraph, "question": question, "answer": answer, "label": 0}
    assert only_pair("super_glue/multirc", features).inputs == expected


@pytest.mark.parametrize(
    ("passage", "joined"),
    [
        ("A.\n@highlight\nB", "A. B"),
        ("A\n@highlight\nB", "A. B"),
        ("A?\n@highlight\nB!\n@highlight\nC\"\n@highlight\nD'\n@highlight\nE", "A? B! C\" D' E"),
        ("A:\n@highlight\nB”\n@highlight\nC", "A:. B”. C"),
        ("A.\n@highlight\n@highlight\nB\n@highlight", "A. @highlight\nB\n@highlight"),
        ("A @highlight B", "A @highlight B"),
    ],
)
def test_record_joins_highlights(passage: str, joined: str) -> None:
    assert joined_highlights(passage) == joined


def test_record_asks_once_in_evaluation_and_for_each_answer_in_training() -> None:
    features = {
        "passage": "P\n@highlight\nQ",
        "query": "@placeholder won",
        "entities": ["A", "B, C"],
        "answers": ["A", "B"],
    }
    inputs = "record query: @placeholder won entities: A, B, C passage: P. Q"
    assert only_pair("super_glue/record", features) == TextPair("7", inputs, "A")
    pairs = task_specs.get("super_glue/record").pairs(Example("3/5", features), training=True)
    assert list(pairs) == [TextPair("3/5#0", inputs, "A"), TextPair("3/5#1", inputs, "B")]
    assert only_pair("super_glue/record", {**features, "answers": []}).targets == "<unk>"
    assert (
        list(task_specs.get("super_glue/record").pairs(Example("3/5", {**features, "answers": []}), training=True))
        == []
    )


def wsc(text: str, span1: tuple[str, int], span2: tuple[str, int], label: int = 1) -> dict[str, Any]:
    return {
        "text": text,
        "span1_text": span1[0],
        "span1_index": span1[1],
        "span2_text": span2[0],
        "span2_index": span2[1],
        "label": label,
    }


@pytest.mark.parametrize(
    ("text", "span", "index", "corrected"),
    [
        ("The dog bit the cat .", "The cat", 3, "the cat"),
        ("The dog bit the cat .", "the dog", 0, "The dog"),
        ("Ann has the tape now .", "The tape..", 2, "the tape"),
        ('He typed " open sesame " twice .', "open\nsesame", 3, "open sesame"),
        ("Her dog bit .", "dog", 1, "dog"),  # part of the sentence already, whatever its index
        ("Her dog bit .", "dog", 99, "dog"),
        ("Her dog bit .", "cat", 1, "cat"),  # beyond help
        ("Her dog bit .", "", 1, ""),
        ("Lev Kamenev and Grigory Zinoviev came .", "Kamenev and Zinoviev", 1, "Kamenev and Zinoviev"),
    ],
)
def test_spans_are_corrected(text: str, span: str, index: int, corrected: str) -> None:
    whole = wsc(text, (span, index), (text.split()[2], 2))
    assert correct_spans(whole) == {**whole, "span1_text": corrected}
    assert correct_spans(correct_spans(whole)) == correct_spans(whole)


def test_the_second_span_is_corrected_too() -> None:
    features = wsc("Ann ran . She fell .", ("Ann", 0), ("she", 3))
    assert correct_spans(features)["span2_text"] == "She"
    features = wsc("Ann came and theyscold her .", ("Ann", 0), ("theyscold.", 3))
    assert correct_spans(features) == {**features, "span2_text": "theyscold", "span2_index": 10}


PONY = (
    "The boy continued to whip the pony , and eventually the pony threw him over. John laughed out quite loud. "
    '"Good for him," he said. '
)
PEBBLE = (
    "When they had eventually calmed down a bit , and had gotten home, Mr. Farley put the magic pebble in an iron "
    "safe . Some day they might want to use it , but really for now, what more could they wish for?"
)


@pytest.mark.parametrize(
    ("text", "pronoun", "index", "marked"),
    [
        ("Ann asked Tom if he ran .", "he", 4, "Ann asked Tom if *he* ran ."),
        ("he saw that he ran .", "he", 3, "he saw that *he* ran ."),
        ("Ann saw him", "him", 2, "Ann saw *him* "),  # the last word leaves a space
        ("Ann saw him. Then", "him.", 2, "Ann saw *him.* Then"),
        ("Mr X told Tom that he flew", "he", 5, "Mr *he* told Tom that *he* flew"),
        ("Mr X X he", "he", 3, "Mr *he* X *he* "),
        ("Ana  saw Tom when he fell", "he", 5, "Ana  saw Tom when *he* fell"),
        (PONY, "him", 25, PONY.replace('"Good for him," he said. ', '"Good for *him* ," he said.')),
        (PEBBLE, "it", 29, PEBBLE.replace("use it ,", "use *it* ,")),
    ],
)
def test_pronouns_are_marked(text: str, pronoun: str, index: int, marked: str) -> None:
    assert mark_pronoun(text, pronoun, index) == (marked, "")


@pytest.mark.parametrize(
    ("pronoun", "index", "problem"),
    [
        ("he", 4, "the word at span2_index 4 is 'he.', not the pronoun 'he'"),
        ("Ann", 0, "span2_index 0 is not that of a word after the first"),
        ("he", 5, "span2_index 5 is not"),
        ("he", -1, "span2_index -1 is not"),
    ],
)
def test_where_t5_refuses_there_is_no_target_and_a_reason(pronoun: str, index: int, problem: str) -> None:
    features = wsc("Ann asked Tom if he.", ("Tom", 2), (pronoun, index))
    pair = only_pair("super_glue/wsc", features)
    assert (pair.inputs, pair.targets) == ("wsc: Ann asked Tom if he.", "")
    assert pair.problem.startswith(problem)
    assert list(task_specs.get("super_glue/wsc").pairs(Example("7", features), training=True)) == []


def test_wsc_trains_on_true_referents_alone() -> None:
    for label, count in ((0, 0), (1, 1)):
        features = wsc("Ann asked Tom if he ran .", ("Tom", 2), ("he", 4), label)
        pairs = list(task_specs.get("super_glue/wsc").pairs(Example("7", features), training=True))
        assert pairs == [TextPair("7", "wsc: Ann asked Tom if *he* ran .", "Tom")] * count
        assert only_pair("super_glue/wsc", features).targets == "Tom"


@pytest.mark.parametrize(
    ("sentence", "pronoun", "marked"),
    [
        ("Bea asked Tim if he ran.", "he", "Bea asked Tim if *he* ran."),
        ("Tim laughed when Bea hugged him.", "him", "Tim laughed when Bea hugged *him*."),
        ("If Tim hugs him, Bea laughs.", "him", "If Tim hugs *him*, Bea laughs."),
        ("Tim said he thought he won.", "he", "Tim said *he* thought he won."),
        ("He ran when Tim saw Bo.", "He", "He ran when Tim saw Bo."),
        ("Did Tim see him?", "him", "Did Tim see him?"),
        ("The hen saw her hen, then her.", "he", "The hen saw her hen, then her."),
        ("So .* ran", ".*", "So *.** ran"),
    ],
)
def test_dpr_marks_the_first_pronoun(sentence: str, pronoun: str, marked: str) -> None:
    features = {"sentence": sentence, "pronoun": pronoun, "candidates": ["Bea", "Tim"], "label": 1}
    assert only_pair("dpr", features) == TextPair("7", f"wsc: {marked}", "Tim")


def test_a_candidate_is_named_exactly() -> None:
    features = {"candidates": ["the bee", "the flower"], "label": 1}
    answer = Candidate()
    assert answer.target(features) == "the flower"
    gold = answer.gold(features, "the flower")
    assert gold is not None
    assert gold.value == 1
    for text, value in [("the flower", 1), ("the bee", 0), ("The bee", None), ("bee", None), ("", None)]:
        found = answer.parse(text, features, "the flower")
        assert (found.value, found.t5, found.readable) == (value, text, value is not None)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JsonLines("f", {}, {"a": "a"}, classes=(0, 1)), "at least one file"),
        (lambda: JsonLines("f", {"test": "x"}, {"label": "l"}, classes=(0, 1)), "'label' cannot be a text field"),
        (lambda: JsonLines("f", {"test": "x"}, {"a": "a"}, {"a": "b"}, classes=(0, 1)), "'a' cannot be a text field"),
        (lambda: JsonLines("f", {"test": "x"}, {"a": "a"}, classes=("x", "x")), "different values"),
        (lambda: WscLines("f", {"test": "x"}, {"text": "text"}, classes=(False, True)), "span1_text"),
        (lambda: MultiRcLines("f", {}), "at least one file"),
        (lambda: RenamedFields("p", ("a", "b"), ("x",)), "a key for each"),
        (lambda: RenamedFields("p", (), ()), "a key for each"),
    ],
)
def test_rows_that_contradict_themselves(make: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()


def test_one_and_true_are_different_labels() -> None:
    assert JsonLines("f", {"test": "x"}, {"a": "a"}, classes=(0, 1, True)).classes == (0, 1, True)
    assert MultiRcLines("f", {"test": "x"}).classes == (0, 1)  # as MultiRC's files have them
