"""promptsource's files, against jinja2 itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import pytest

import task_specs
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.prompts.asking import Asking, as_recorded
from t5eval.prompts.promptsource import read_promptsource
from t5eval.scoring.score import evaluation_pair, judge, score_split
from task_specs import Example, SpecError, TaskSpec

FILE = """
dataset: super_glue
subset: rte
templates:
  one: !Template
    answer_choices: Yes ||| No
    id: one
    jinja: '{{premise}} Is it right that "{{hypothesis}}"? Yes or no? ||| {% if label != -1 %}{{
      answer_choices[label] }}{% endif %}'
    metadata: !TemplateMetadata
      metrics: [Accuracy]
    name: should I / assume
    reference: ''
  two: !Template
    answer_choices: null
    jinja: "{{premise}}\\n{{hypothesis | upper}} |||\\n{{ ['it follows', 'it does not'][label] }}"
    name: plain
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rte.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def tasks(file: Path, name: str = "super_glue/rte") -> dict[str, TaskSpec]:
    return {spec.prompt: spec for spec in Asking((str(file),)).tasks([task_specs.get(name)])}


def test_texts_are_those_of_jinja2(file: Path) -> None:
    found = tasks(file)
    assert list(found) == ["should_I_assume", "plain"]
    sources = {
        "should_I_assume": (
            '{{premise}} Is it right that "{{hypothesis}}"? Yes or no? ||| {% if label != -1 %}'
            "{{ answer_choices[label] }}{% endif %}",
            ["Yes", "No"],
        ),
        "plain": ("{{premise}}\n{{hypothesis|upper}} |||\n{{ ['it follows', 'it does not'][label] }}", None),
    }
    for name, (source, choices) in sources.items():
        template = jinja2.Template(source)
        for example in open_split(found[name], "validation", suite_folder()):
            pair = evaluation_pair(found[name], example)
            expected = template.render(**example.features, answer_choices=choices).split("|||")
            assert [pair.inputs, pair.targets] == [part.strip() for part in expected]


def test_what_it_makes_of_the_classes_is_read_back(file: Path) -> None:
    for spec in tasks(file).values():
        examples = list(open_split(spec, "validation", suite_folder()))
        right = {e.id: evaluation_pair(spec, e).targets for e in examples}
        assert score_split(spec, "validation", judge(spec, examples, right)).task_score == 100
        wrong = judge(spec, examples, dict.fromkeys(right, "yes indeed"))
        assert all(not one.answer.readable for one in wrong)


def test_data_may_hold_bars(file: Path) -> None:
    example = Example("0", {"premise": "a ||| b", "hypothesis": "c", "label": 1})
    pair = evaluation_pair(tasks(file)["plain"], example)
    assert (pair.inputs, pair.targets) == ("a ||| b\nC", "it does not")


def test_a_record_brings_the_prompt_back_without_the_file(file: Path) -> None:
    (spec,) = Asking((f"{file}:plain",), filters=("strip",)).tasks([task_specs.get("super_glue/rte")])
    record = Asking().said(spec)
    file.unlink()
    assert as_recorded(task_specs.get("super_glue/rte"), record) == spec
    assert as_recorded(task_specs.get("super_glue/rte"), record).fingerprint == spec.fingerprint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("templates: [", "not a file of promptsource's"),
        ("templates: {a: {name: x}}", "not a file of promptsource's"),
        ("templates: {a: {name: x, jinja: 'no bar'}}", r"prompt 'x': its jinja has no \|\|\|"),
        ("templates: {a: {name: x, jinja: '{% if %} ||| b'}}", r"prompt 'x': Jinja template \(its line 1\)"),
        ("templates: {a: {name: x, jinja: '{{a | choice}} ||| b'}}", "No filter named 'choice'"),
        ("templates: {a: {name: x, jinja: 'a|||b'}, b: {name: 'x ', jinja: 'a|||b'}}", "two prompts are called 'x'"),
        ("!!python/object/apply:os.system ['true']", "not a file of promptsource's"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prompts.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        read_promptsource(path)


@pytest.mark.parametrize(
    ("jinja", "message"),
    [
        ("{{premis}} ||| x", "'premis' is undefined"),
        ("{{premise.__class__.__mro__}} ||| x", "unsafe"),
        ("{{premise}} ||| a ||| b", "makes 3 parts, not 2"),
        ("{% for i in range(10 ** 9) %}x{% endfor %} ||| x", "Range too big"),
    ],
)
def test_templates_that_go_wrong_on_a_row(tmp_path: Path, jinja: str, message: str) -> None:
    import yaml

    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump({"templates": {"a": {"name": "x", "jinja": jinja}}}))
    features: dict[str, Any] = {"premise": "p", "hypothesis": "h", "label": 0}
    with pytest.raises(SpecError, match=f"^example 0: .*{message}"):
        evaluation_pair(tasks(path)["x"], Example("0", features))
