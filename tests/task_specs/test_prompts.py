"""A task as one of its prompts asks it; what the prompts themselves say is tested on their rows."""

import pytest

import task_specs
from task_specs.prompts import asked, prompts_of
from task_specs.records import Example
from task_specs.support.errors import SpecError
from task_specs.texts.prompt import Prompt
from task_specs.texts.template import Template


def test_a_prompt_is_asked_for_by_its_name() -> None:
    spec = task_specs.get("glue/rte")
    assert asked(spec, "t5") is spec
    name = next(iter(prompts_of(spec)))
    form = asked(spec, name)
    assert (form.name, form.row) == (f"glue/rte@{name}", spec)
    assert asked(form, "t5") is spec


def test_a_prompt_that_there_is_not() -> None:
    with pytest.raises(
        SpecError, match=r"^glue/cola has no prompt 'judg'\. Did you mean 'judge'\? Its prompts: t5, jud"
    ):
        asked(task_specs.get("glue/cola"), "judg")


def test_a_prompt_is_judged_when_it_is_made() -> None:
    prompt = Prompt("{premise}", filters=["strip"])  # type: ignore[arg-type]
    assert len({prompt, Prompt("{premise}", filters=("strip",)), Prompt("{premise}")}) == 2
    with pytest.raises(SpecError, match=r"an open \{"):
        Prompt("{premise")


@pytest.mark.parametrize(
    ("task", "prompt", "message"),
    [
        (
            "glue/stsb",
            Prompt("{sentence1}", words={"a": "b"}),
            "words are for classes, and its answers are of kind 'numb",
        ),
        (
            "glue/rte",
            Prompt("{sentence1}", answer={"low": 1}),
            "its answers, of kind 'label', have no 'low', but classes",
        ),
        ("glue/rte", Prompt("{sentence3}"), r"its text needs \['sentence3'\]"),
    ],
)
def test_a_prompt_that_is_not_the_tasks(task: str, prompt: Prompt, message: str) -> None:
    with pytest.raises(SpecError, match=f"^{task}: prompt 'mine': .*{message}"):
        prompt.asks(task_specs.get(task), "mine")


def test_an_example_without_an_answer_is_not_trained_on() -> None:
    example = Example("7", {"article": "a", "highlights": ""})
    form, answer = Template("Sum up: {article}"), task_specs.get("cnn_dailymail").answer
    assert not list(form.pairs(example, answer, training=True))
    (pair,) = form.pairs(example, answer, training=False)
    assert (pair.inputs, pair.targets, pair.problem) == ("Sum up: a", "", "no target: the answer is empty")


def test_a_task_may_have_another_ones_prompts() -> None:
    assert prompts_of(task_specs.get("super_glue/axg")) == prompts_of(task_specs.get("super_glue/rte"))
    assert prompts_of(task_specs.get("wmt19/en-de")) == {}
