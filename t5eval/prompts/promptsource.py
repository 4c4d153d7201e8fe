"""Prompts in promptsource's files: YAML with Jinja templates, input and target divided by `|||`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from t5eval.support.errors import MissingPackage
from task_specs import Example, TaskSpec, TextPair
from task_specs.answers.labels import UNLABELLED_TARGET, Label
from task_specs.contracts import AnswerParser
from task_specs.support.errors import SpecError, quoted
from task_specs.support.wording import placed
from task_specs.texts.prompt import asked_as

if TYPE_CHECKING:
    from jinja2 import Template

BAR = "|||"
_BAR = "\x1e"  # in its place while a template is rendered: data may hold the bar, and holds no record separator
PIP = "pip install pyyaml"


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    """Returns a template in a sandbox, in which an unknown name is an error.

    Raises:
        SpecError: it is none.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        return SandboxedEnvironment(undefined=StrictUndefined).from_string(source.replace(BAR, _BAR))
    except TemplateError as error:
        line = f" (its line {error.lineno})" if getattr(error, "lineno", None) else ""  # type: ignore[attr-defined]
        raise SpecError(f"Jinja template{line}: {error}") from None


def _rendered(source: str, features: Mapping[str, Any], choices: str) -> list[str]:
    """Returns a template's parts between bars, without the whitespace around them."""
    try:
        given = {"answer_choices": _rendered(choices, features, "")} if choices else {}
        return [part.strip() for part in _compiled(source).render(**features, **given).split(_BAR)]
    except SpecError:
        raise
    except Exception as error:  # whatever a template does with the data
        raise SpecError(f"Jinja template {quoted(source)}: {error}") from None


@dataclass(frozen=True)
class JinjaLabel(Label):
    """A class, written as a template writes it for that class.

    Attributes:
        jinja: the template, whose target is taken.
        answer_choices: the texts that the template knows under this name, a template too.
    """

    jinja: str = ""
    answer_choices: str = ""
    choices: ClassVar[tuple[str, ...]] = ()

    def wordings(self, features: Mapping[str, Any]) -> tuple[str, ...]:
        of_each = ({**features, "label": label} for label in range(len(self.classes)))
        return tuple(_rendered(self.jinja, one, self.answer_choices)[-1] for one in of_each)


@dataclass(frozen=True)
class JinjaText:
    """The two halves of a template: what a model reads, and what it should write.

    Attributes:
        jinja: the template.
        answer_choices: the texts that the template knows under this name, a template too.
    """

    jinja: str
    answer_choices: str = ""
    kind: ClassVar[str] = "jinja"
    fields: ClassVar[tuple[str, ...]] = ()

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        try:
            parts = _rendered(self.jinja, features, self.answer_choices)
        except SpecError as error:
            raise placed(f"example {example.id}", error) from None
        if len(parts) != 2:
            raise SpecError(
                f"example {example.id}: Jinja template {quoted(self.jinja)}: makes {len(parts)} parts, not 2"
            )
        targets = parts[1]
        if answer.gold(features, targets) is None:
            targets = UNLABELLED_TARGET
        elif not (said := answer.parse(targets, features, targets)).readable:
            raise SpecError(f"example {example.id}: the template's target cannot be read as an answer: {said.reason}")
        yield TextPair(example.id, parts[0], targets)


@dataclass(frozen=True)
class JinjaPrompt:
    """One of promptsource's prompts.

    Attributes:
        jinja: the template.
        answer_choices: texts between bars that the template knows under this name.
        filters: as in `Prompt`.
    """

    jinja: str
    answer_choices: str = ""
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(self.filters))
        _compiled(self.jinja), _compiled(self.answer_choices)

    def asks(self, spec: TaskSpec, name: str) -> TaskSpec:
        """Returns the task as this prompt asks it."""
        classes, answer = getattr(spec.answer, "classes", ()), spec.answer
        if classes:
            answer = JinjaLabel(classes, jinja=self.jinja, answer_choices=self.answer_choices)
        elif hasattr(answer, "padded"):
            answer = replace(answer, padded=False)  # type: ignore[type-var]
        return asked_as(spec, name, self, JinjaText(self.jinja, self.answer_choices), answer)


def read_promptsource(path: Path) -> dict[str, JinjaPrompt]:
    """Reads the prompts of a file; names are made such that a folder may have them.

    Raises:
        SpecError: it cannot be read, is no such file, or has a template that is none.
    """
    try:
        import yaml
    except ModuleNotFoundError:
        raise MissingPackage(f"reading {path} needs PyYAML: {PIP}") from None

    class Loader(yaml.SafeLoader):
        """Takes promptsource's tags for plain tables."""

    Loader.add_multi_constructor("!", lambda loader, tag, node: loader.construct_mapping(node, deep=True))
    try:
        document = yaml.load(path.read_bytes(), Loader)
        templates = document["templates"].values()
        found = [(str(entry["name"]), entry["jinja"], entry.get("answer_choices") or "") for entry in templates]
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SpecError(
            f"{path}: not a file of promptsource's, with templates that have name and jinja: {reason}"
        ) from None
    prompts: dict[str, JinjaPrompt] = {}
    for name, jinja, choices in found:
        slug = re.sub(r"[^\w.+-]+", "_", name).strip("_.+-") or "prompt"
        if slug in prompts:
            raise SpecError(f"{path}: two prompts are called {slug!r}; rename one")
        if not isinstance(jinja, str) or BAR not in jinja:
            raise SpecError(f"{path}: prompt {name!r}: its jinja has no {BAR} between input and target")
        try:
            prompts[slug] = JinjaPrompt(jinja, choices)
        except SpecError as error:
            raise SpecError(f"{path}: prompt {name!r}: {error}") from None
    return prompts
