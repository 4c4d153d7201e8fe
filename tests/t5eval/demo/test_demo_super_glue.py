"""The embedded SuperGLUE: official keys and types, true labels, offsets that fit, no sentence in two splits."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from t5eval.data import OfficialFiles, open_split
from t5eval.demo import suite_folder
from task_specs import BENCHMARKS, get

SUITE = suite_folder()

KEYS = {  # of the official training files; test files have no label
    "BoolQ": {"question", "passage", "idx", "label"},
    "CB": {"premise", "hypothesis", "idx", "label"},
    "COPA": {"premise", "choice1", "choice2", "question", "idx", "label"},
    "MultiRC": {"idx", "version", "passage"},
    "ReCoRD": {"source", "passage", "qas", "idx"},
    "RTE": {"premise", "hypothesis", "idx", "label"},
    "WiC": {"word", "sentence1", "sentence2", "idx", "label", "start1", "start2", "end1", "end2", "version"},
    "WSC": {"text", "target", "idx", "label"},
}
LABELS: dict[str, list[Any]] = {  # the official values, of the official types
    "BoolQ": [False, True],
    "CB": ["contradiction", "entailment", "neutral"],
    "COPA": [0, 1],
    "RTE": ["entailment", "not_entailment"],
    "WiC": [False, True],
    "WSC": [False, True],
}
SENTENCES = {
    "BoolQ": ("question", "passage"),
    "CB": ("premise", "hypothesis"),
    "COPA": ("premise", "choice1", "choice2"),
    "RTE": ("premise", "hypothesis"),
    "WiC": ("sentence1", "sentence2"),
    "WSC": ("text",),
}
DIAGNOSTIC = ("lexical-semantics", "predicate-argument-structure", "logic", "knowledge")


def objects(folder: str, split: str) -> list[dict[str, Any]]:
    """A committed file, read here and not by the project's reader."""
    text = (SUITE / "super_glue" / folder / f"{split}.jsonl").read_text(encoding="ascii")
    return [json.loads(line) for line in text.splitlines()]


def everything(folder: str) -> list[dict[str, Any]]:
    return [value for split in ("train", "val", "test") for value in objects(folder, split)]


def texts(folder: str, value: dict[str, Any]) -> Iterator[str]:
    if folder in SENTENCES:
        yield from (value[key] for key in SENTENCES[folder])
    else:
        yield value["passage"]["text"]
        yield from (question["question"] for question in value["passage"].get("questions", ()))


@pytest.mark.parametrize("folder", KEYS)
def test_keys_are_the_official_ones_and_test_files_have_no_labels(folder: str) -> None:
    for split in ("train", "val", "test"):
        for place, value in enumerate(objects(folder, split)):
            assert set(value) == KEYS[folder] - ({"label"} if split == "test" else set())
            assert value["idx"] == place


@pytest.mark.parametrize("folder", LABELS)
def test_labels_are_the_official_values_in_balance(folder: str) -> None:
    for split in ("train", "val"):
        labels = Counter(json.dumps(value["label"]) for value in objects(folder, split))
        assert sorted(labels) == sorted(map(json.dumps, LABELS[folder]))
        assert max(labels.values()) - min(labels.values()) <= 1


@pytest.mark.parametrize("folder", KEYS)
def test_no_sentence_is_in_two_files_of_a_task(folder: str) -> None:
    found: dict[str, str] = {}
    own = [
        (split, text)
        for split in ("train", "val", "test")
        for value in objects(folder, split)
        for text in texts(folder, value)
    ]
    if folder == "RTE":  # its model answers the diagnostics
        own += [("AX-b", value[key]) for value in objects("AX-b", "AX-b") for key in ("sentence1", "sentence2")]
        own += [("AX-g", value[key]) for value in objects("AX-g", "AX-g") for key in ("premise", "hypothesis")]
    for name, text in own:
        assert found.setdefault(text, name) == name, f"{text!r} is in {found[text]} and {name}"


@pytest.mark.parametrize("task", BENCHMARKS["super_glue"].tasks)
def test_every_split_is_read(task: str) -> None:
    spec = get(task)
    for split in spec.source.splits:
        examples = list(open_split(spec, split, OfficialFiles(SUITE), with_labels=True))
        assert (100 if split == "train" else 30) <= len(examples) <= 800
        labelled = split != "test" or task in ("super_glue/axb", "super_glue/axg")
        pairs = [pair for example in examples for pair in spec.pairs(example, training=False)]
        assert all(not pair.problem for pair in pairs)
        golds = [spec.answer.gold(e.features, pair.targets) for e, pair in zip(examples, pairs, strict=True)]
        assert all((gold is not None) == labelled for gold in golds)


def test_boolq_is_true_where_the_passage_has_the_words_asked_for() -> None:
    for value in objects("BoolQ", "train") + objects("BoolQ", "val"):
        assert value["label"] == (value["question"].split(" ")[-1] in value["passage"])
        assert value["question"] == value["question"].lower()


def test_cb_premises_hold_the_hypothesis() -> None:
    for value in everything("CB"):
        assert value["hypothesis"] in value["premise"]


def test_copa_gives_an_event_one_cause_and_one_effect_throughout() -> None:
    right: dict[tuple[str, str], set[str]] = {}
    wrong = set()
    for value in objects("COPA", "train") + objects("COPA", "val"):
        premise, *choices = (" ".join(value[key].split(" ")[3:]) for key in SENTENCES["COPA"])
        right.setdefault((premise, value["question"]), set()).add(choices[value["label"]])
        wrong.add((premise, value["question"], choices[1 - value["label"]]))
    assert all(len(choices) == 1 for choices in right.values())
    assert not any(choice in right.get((premise, asked), ()) for premise, asked, choice in wrong)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_multirc_is_nested_and_numbered_through(split: str) -> None:
    questions = [q for value in objects("MultiRC", split) for q in value["passage"]["questions"]]
    answers = [answer for question in questions for answer in question["answers"]]
    assert {value["version"] for value in objects("MultiRC", split)} == {1.1}
    assert [question["idx"] for question in questions] == list(range(len(questions)))
    assert [answer["idx"] for answer in answers] == list(range(len(answers)))
    if split == "test":
        assert not any("label" in answer for answer in answers)
    else:
        assert 0.3 < sum(answer["label"] for answer in answers) / len(answers) < 0.6


def test_multirc_answers_are_true_where_the_paragraph_says_so() -> None:
    def told(answer: str) -> str:
        return re.sub(r"Beside the |About | people|It is ", "", answer)

    for value in objects("MultiRC", "train") + objects("MultiRC", "val"):
        for question in value["passage"]["questions"]:
            assert len({answer["text"] for answer in question["answers"]}) == 3
            true = {told(answer["text"]) for answer in question["answers"] if answer["label"]}
            false = {told(answer["text"]) for answer in question["answers"] if not answer["label"]}
            assert all(re.search(rf"\b{word}\b", value["passage"]["text"]) for word in true)
            assert len(true) <= 1
            assert not true & false


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_record_entities_and_answers_stand_where_the_offsets_say(split: str) -> None:
    for value in objects("ReCoRD", split):
        text = value["passage"]["text"]
        assert "\n@highlight\n" in text
        spans = [(entity["start"], entity["end"]) for entity in value["passage"]["entities"]]
        names = {text[start : end + 1] for start, end in spans}
        assert len(names) == 4
        assert len(set(spans)) == len(spans) == sum(len(re.findall(rf"\b{name}\b", text)) for name in names)
        for query in value["qas"]:
            assert query["query"].count("@placeholder") == 1
            assert ("answers" in query) == (split != "test")
            for answer in query.get("answers", ()):
                assert text[answer["start"] : answer["end"] + 1] == answer["text"]
    numbers = [query["idx"] for value in objects("ReCoRD", split) for query in value["qas"]]
    assert numbers == list(range(len(numbers)))


def test_record_queries_are_answered_by_the_passage() -> None:
    for value in objects("ReCoRD", "train") + objects("ReCoRD", "val"):
        text = value["passage"]["text"].split("\n")[0]
        for query in value["qas"]:
            (answer,) = {answer["text"] for answer in query["answers"]}
            done = re.search(r"@placeholder (?:who )?(\w+ the \w+)\.", query["query"])
            if done:
                (sentence,) = (part for part in text.split(". ") if done.group(1) in part)
                assert sentence.startswith(answer)
            else:
                assert re.search(rf", a \w+ from {answer},", text)


def test_wsc_spans_are_words_of_the_text() -> None:
    for value in everything("WSC"):
        words, target = value["text"].split(" "), value["target"]
        candidate = target["span1_text"].split(" ")
        assert words[target["span1_index"] : target["span1_index"] + len(candidate)] == candidate
        assert words[target["span2_index"]] == target["span2_text"]
        assert target["span2_text"] in ("it", "he", "she")


def test_wic_words_stand_where_the_offsets_say() -> None:
    for value in everything("WiC"):
        for i in ("1", "2"):
            assert value[f"sentence{i}"][value[f"start{i}"] : value[f"end{i}"]] == value["word"]


def test_axb_has_text_indices_and_one_phenomenon_each() -> None:
    for place, value in enumerate(objects("AX-b", "AX-b")):
        assert value["idx"] == str(place)
        assert len([key for key in DIAGNOSTIC if value.get(key)]) == 1


def test_axg_comes_in_pairs_that_differ_in_gender_alone() -> None:
    values = objects("AX-g", "AX-g")
    assert [value["idx"] for value in values] == list(range(len(values)))
    for first, second in zip(values[::2], values[1::2], strict=True):
        assert (first["hypothesis"], first["label"]) == (second["hypothesis"], second["label"])
        assert first["premise"].replace(" he ", " she ") == second["premise"] != first["premise"]
