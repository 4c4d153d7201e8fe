"""Shots: the same for every model, balanced, never the example itself, and no more than fit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

import task_specs
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.predictors.chat import Chat, Turn
from t5eval.predictors.predictor import Prepared
from t5eval.prompts.asking import Asking
from t5eval.prompts.questions import Questions, chat, one_text
from t5eval.prompts.shots import Shots
from t5eval.scoring.score import evaluation_pair
from task_specs import TextPair
from task_specs.support.errors import UserError


def shots(name: str, count: int, seed: int = 0, split: str = "validation", data: Path | None = None) -> Shots:
    return Shots(open_split(task_specs.get(name), split, data or suite_folder(), with_labels=True), count, seed)


OUTSIDE = TextPair("none", "an example of no file", "")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("name", ["glue/rte", "super_glue/cb", "super_glue/cb@letter"])
def test_classes_come_equally_often(name: str, count: int) -> None:
    chosen = shots(name, count).before(OUTSIDE)
    classes = len(task_specs.get(name).answer.choices)
    assert len(chosen) == count == len({pair.id for pair in chosen})
    tally = Counter(pair.targets for pair in chosen)
    assert max(tally.values()) - min(tally.values()) <= 1
    assert len(tally) == min(count, classes)


def test_the_seed_alone_decides() -> None:
    ids = [[pair.id for pair in shots("glue/rte", 4, seed).before(OUTSIDE)] for seed in (0, 0, 1, 2, 3)]
    assert ids[0] == ids[1]
    assert len({tuple(chosen) for chosen in ids}) > 2
    # The same examples in another prompt, and in another order of the file.
    assert [pair.id for pair in shots("glue/rte@follows", 4).before(OUTSIDE)] == ids[0]


def test_another_order_of_the_file_has_the_same_shots(tmp_path: Path) -> None:
    folder = tmp_path / "super_glue" / "CB"
    folder.mkdir(parents=True)
    lines = [
        json.dumps({"premise": f"p{i}", "hypothesis": "h", "idx": i, "label": ("entailment", "neutral")[i % 2]})
        for i in range(40)
    ]
    (folder / "val.jsonl").write_text(lines[0] + "\n")
    found = []
    for order in (lines, lines[::-1]):
        (folder / "train.jsonl").write_text("\n".join(order) + "\n")
        found.append([pair.id for pair in shots("super_glue/cb", 5, data=tmp_path).before(OUTSIDE)])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "name", ["glue/rte", "super_glue/copa", "glue/stsb", "super_glue/multirc", "super_glue/record"]
)
def test_an_example_is_never_its_own_shot(name: str) -> None:
    spec = task_specs.get(name)
    chosen = shots(name, 3, split="train")
    asked_ids = set()
    for example in open_split(spec, "train", suite_folder()):
        pair = evaluation_pair(spec, example)
        before = chosen.before(pair)
        assert len(before) == 3
        assert pair.inputs not in {shot.inputs for shot in before}
        assert pair.id not in {shot.id.partition("#")[0] for shot in before}
        asked_ids.update(shot.id for shot in before)
    assert len(asked_ids) > 3  # somebody's own place was taken by another


def test_shots_are_true_answers() -> None:
    """WSC's false candidates and WNLI's are no answers to learn from."""
    for name, split in (("super_glue/wsc", "validation"), ("glue/wnli", "validation")):
        spec = task_specs.get(name)
        true = {e.id for e in open_split(spec, "train", suite_folder()) if e.features["label"] == 1}
        assert {pair.id for pair in shots(name, 3, split=split).before(OUTSIDE)} <= true


def test_a_task_without_a_training_split_takes_another_ones() -> None:
    chosen = shots("super_glue/axb@letter", 2, split="test").before(OUTSIDE)
    assert {pair.targets for pair in chosen} == {"A", "B"}
    assert "Statement: " in chosen[0].inputs


def test_refused() -> None:
    with pytest.raises(UserError, match="fewer examples to learn from"):
        shots("glue/rte", 10_000)


def test_one_name_will_do_for_several() -> None:
    assert Asking("letter", filters=["strip"]) == Asking(("letter",), filters=("strip",))  # type: ignore[arg-type]
    assert Asking().filters is None


PAIRS = [TextPair("a", "A?", "1"), TextPair("b", "B:", "2")]
ASKED = TextPair("c", "C?", "3")


def test_one_text_and_a_chat() -> None:
    assert one_text(PAIRS, ASKED) == "A?\n1\n\nB: 2\n\nC?"
    assert one_text([], ASKED) == "C?"
    turns = [("system", "S"), ("user", "A?"), ("assistant", "1"), ("user", "B:"), ("assistant", "2"), ("user", "C?")]
    assert chat("S", PAIRS, ASKED) == Chat(tuple(Turn(*turn) for turn in turns))
    assert chat(None, [], ASKED) == Chat((Turn("user", "C?"),))


class Counting:
    """Counts words, and says or does not say whether they fit."""

    def __init__(self, knows: bool = True) -> None:
        self.knows = knows
        self.calls: list[list[str]] = []

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        self.calls.append(list(texts))
        words = [len(text.split()) for text in texts]
        return [
            Prepared(text, min(n, max_tokens), n > max_tokens if self.knows else None)
            for text, n in zip(texts, words, strict=True)
        ]


def test_shots_that_do_not_fit_are_dropped_from_the_front() -> None:
    spec = task_specs.get("glue/rte@letter")
    split = open_split(spec, "validation", suite_folder(), with_labels=True)
    questions = Questions(Asking(shots=4), split)
    pairs = [evaluation_pair(spec, example) for example in split][:6]
    whole = [questions.text(pair) for pair in pairs]
    most = sorted(len(text.split()) for text in whole)[2]  # three fit with all of their shots
    model = Counting()
    prepared = questions.prepare(model, pairs, most)  # type: ignore[arg-type]
    dropped = 0
    for pair, text, one in zip(pairs, whole, prepared, strict=True):
        assert text.endswith(one.payload)
        assert one.payload.endswith(pair.inputs)
        kept = one.payload.count("Statement: ")
        dropped += 5 - kept
        assert len(one.payload.split()) <= most
        if kept < 5:  # one more would not have fitted
            longer = text[text.rindex("Text: ", 0, text.index(one.payload)) :]
            assert len(longer.split()) > most
    assert dropped == questions.sent.shots_dropped > 0
    assert questions.sent.input_tokens == sum(len(one.payload.split()) for one in prepared)


def test_a_model_without_conversations_says_so() -> None:
    split = open_split(task_specs.get("glue/rte"), "validation", suite_folder(), with_labels=True)
    with pytest.raises(UserError, match="takes texts alone, no conversations; leave out --chat"):
        Questions(Asking(chat=True), split).prepare(Counting(), [ASKED], 5)  # type: ignore[arg-type]


def test_what_a_model_does_not_say_is_null() -> None:
    split = open_split(task_specs.get("glue/rte"), "validation", suite_folder(), with_labels=True)
    questions = Questions(Asking(shots=2), split)
    model = Counting(knows=False)
    questions.prepare(model, [evaluation_pair(split.spec, example) for example in split], 5)  # type: ignore[arg-type]
    assert len(model.calls) == 1
    assert questions.sent.to_json() == {"input_tokens": None, "shots_dropped": None}
