"""Every instruction form of every task: it renders real rows, and what it says of the answer is read back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

import task_specs
from t5eval.data import available_splits, open_split
from t5eval.demo.demo import suite_folder
from t5eval.scoring.score import evaluation_pair, require_metrics
from task_specs import BENCHMARKS, TaskSpec
from task_specs.prompts import asked, prompts_of

ASKED = [name for benchmark in ("glue", "super_glue", "squad", "cnn_dailymail") for name in BENCHMARKS[benchmark].tasks]
EVERY = [(name, prompt) for name in [*ASKED, "glue/mnli"] for prompt in prompts_of(task_specs.get(name))]


def rows(spec: TaskSpec, data: Path, most: int) -> Iterator[task_specs.Example]:
    for split in available_splits(spec, data):
        yield from itertools.islice(open_split(spec, split, data, with_labels=True), most)


@pytest.mark.parametrize("name", ASKED)
def test_each_task_has_three_forms_besides_its_own(name: str) -> None:
    spec = task_specs.get(name)
    assert len(prompts_of(spec)) >= 3
    assert asked(spec, "t5") is spec
    forms = {spec.text, *(asked(spec, prompt).text for prompt in prompts_of(spec))}
    assert len(forms) == 1 + len(prompts_of(spec))


def judged(spec: TaskSpec, row: TaskSpec, data: Path, most: int) -> int:
    """Holds a form to a task's rows, and returns how many there were."""
    count = 0
    for count, example in enumerate(rows(spec, data, most), start=1):  # noqa: B007
        pair = evaluation_pair(spec, example)
        assert pair.inputs.strip(), "an instruction says something"
        gold = spec.answer.gold(example.features, pair.targets)
        own = row.answer.gold(example.features, evaluation_pair(row, example).targets)
        assert (gold is None) == (own is None)
        if gold is None or pair.problem:
            continue
        assert gold.value == own.value  # type: ignore[union-attr]
        said = spec.answer.parse(pair.targets, example.features, pair.targets)
        assert said.readable
        if spec.answer.kind in ("label", "context_span", "optional_context_span", "text"):
            true = gold.value if isinstance(gold.value, tuple) else (gold.value,)
            assert said.value in true or (said.value == "" and not gold.value)
        if spec.answer.kind == "label":
            assert pair.targets in spec.answer.wordings(example.features)  # type: ignore[attr-defined]
    return count


@pytest.mark.parametrize(("name", "prompt"), EVERY)
def test_what_it_asks_for_is_read_back(name: str, prompt: str, official: Path) -> None:
    row = task_specs.get(name)
    spec = task_specs.get(f"{name}@{prompt}")
    require_metrics(spec)
    data = suite_folder() if available_splits(spec, suite_folder()) else official
    assert judged(spec, row, data, 40)


@pytest.mark.parametrize(("name", "prompt"), EVERY)
def test_real_rows(name: str, prompt: str, shared_data: Path) -> None:
    spec = task_specs.get(f"{name}@{prompt}")
    if not available_splits(spec, shared_data):
        pytest.skip(f"{name} is not among the real files")
    assert judged(spec, spec.row, shared_data, 200)


def test_texts_that_were_written_out() -> None:
    def first(name: str) -> str:
        spec = task_specs.get(name)
        features = {
            "glue/rte": {"sentence1": "A sat.", "sentence2": "Somebody sat. ", "label": 0},
            "super_glue/copa": {
                "premise": "P.",
                "choice1": "One.",
                "choice2": "Two.",
                "question": "effect",
                "label": 1,
            },
            "squad/v2.0": {"context": "Ann sat.", "question": " Who sat?", "answers": {"text": []}},
        }[spec.row.name]
        pair = evaluation_pair(spec, task_specs.Example("0", features))
        return f"{pair.inputs} => {pair.targets}"

    assert first("glue/rte@follows") == 'A sat.\n\nDoes it follow that "Somebody sat."? Reply yes or no. => yes'
    assert first("super_glue/copa@letter") == (
        "P.\nWhich is the more likely effect of this?\nA. One.\nB. Two.\nReply with one letter. => B"
    )
    assert first("super_glue/copa@text").endswith("\n- One.\n- Two. => Two.")
    assert first("squad/v2.0@passage") == (
        "Ann sat.\n\nWho sat? Answer with a piece of the text above, copied exactly. If it does not say, reply: "
        "not stated => not stated"
    )


def test_a_prompt_is_another_task_and_its_row_is_not_changed_by_it() -> None:
    row = task_specs.get("glue/rte")
    spec = task_specs.get("glue/rte@letter")
    assert (spec.name, spec.prompt, spec.row) == ("glue/rte@letter", "letter", row)
    assert spec.fingerprint != row.fingerprint
    assert row.answer.choices == ("entailment", "not_entailment")
    assert spec.answer.choices == ("A", "B")
    # The classes keep their names, which the data, the metrics and the reports go by.
    assert spec.answer.classes == row.answer.classes  # type: ignore[attr-defined]
    with pytest.raises(task_specs.SpecError, match=r"glue/rte has no prompt 'lettre'\. Did you mean 'letter'"):
        task_specs.get("glue/rte@lettre")
    assert task_specs.get("super_glue/copa@text").answer.choices == ()  # they differ from example to example
