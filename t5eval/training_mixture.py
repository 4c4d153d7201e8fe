"""What a training run draws its examples from: the tasks of its mixture, and plain text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5eval.data import DataSource, open_split
from t5eval.errors import UserError, did_you_mean
from t5eval.preparation_blocks import learnable_pairs
from task_specs import TEXT, Mixture, TaskSpec, shares, tasks_of, training_mixture

if TYPE_CHECKING:
    from keras_model.objectives import Objective
    from keras_model.tokenizer_base import Tokenizer

OBJECTIVES = ("span_corruption", "prefix_lm")


@dataclasses.dataclass(frozen=True)
class TextData:
    """Plain text to learn from without labels; what a TOML file holds under `[train.text]`.

    Attributes:
        files: paths of text files, a document a line, gzip by the name's end.
        objective: `span_corruption` or `prefix_lm`.
        inputs: the most tokens of a source, end of sequence included.
        size: what counts as its number of examples in the mixture; None for how many there are.
        prepared: a folder that `t5eval prepare --text` made of the files; None for one of the run's own.
    """

    files: tuple[str, ...]
    objective: str = "span_corruption"
    inputs: int = 512
    size: int | None = None
    prepared: str | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TextData:
        """Returns what a table describes.

        Raises:
            UserError: a key is unknown or missing, or a value is not possible.
        """
        where = "[train.text]"
        known = {"files": (list, tuple), "objective": (str,), "inputs": (int,), "size": (int,)}
        known["prepared"] = (str,)
        for key, value in table.items():
            if key not in known:
                raise UserError(f"{where}: unknown key {key!r}; the keys are {', '.join(known)}.{_hint(key, known)}")
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise UserError(f"{where}: {key} has the wrong type: {value!r}")
        files = tuple(table.get("files", ()))
        if not files or not all(isinstance(file, str) for file in files):
            raise UserError(f"{where}: files must name at least one text file, got {list(files)}")
        data = cls(**{**table, "files": files})
        if data.objective not in OBJECTIVES:
            raise UserError(f"{where}: objective is {' or '.join(OBJECTIVES)}, got {data.objective!r}")
        if data.size is not None and data.size < 1:
            raise UserError(f"{where}: size must be at least 1, got {data.size}")
        return data

    def pairs(self, tokenizer: Tokenizer, seed: int) -> Iterator[tuple[Any, Any]]:
        """Yields ids of a source and a target, in constant memory; see `keras_model.text_files.text_pairs`.

        Raises:
            UserError: a file cannot be read, or the vocabulary has too few sentinels.
        """
        from keras_model.objectives import PrefixLm, SpanCorruption
        from keras_model.text_files import text_pairs

        make: dict[str, Callable[[], Objective]] = {
            "span_corruption": lambda: SpanCorruption.of(tokenizer, self.inputs),
            "prefix_lm": lambda: PrefixLm(self.inputs),
        }
        try:
            yield from text_pairs(self.files, tokenizer, make[self.objective](), seed)
        except ValueError as error:
            raise UserError(str(error)) from None


def _hint(key: str, known: Mapping[str, Any]) -> str:
    return did_you_mean(key, list(known))


def mixture_of_run(
    names: tuple[str, ...],
    rates: Mapping[str, float] | None,
    limit: int | None,
    temperature: float | None,
    text: TextData | None,
) -> Mixture:
    """Returns the mixture that a run names.

    Raises:
        UserError: a name is unknown, a number is out of range, or there is text without a member `text`, or the other
            way round.
    """
    mixture = training_mixture(names, rates, limit, temperature)
    if text and TEXT not in drawn(mixture, with_text=True):
        raise UserError(f"[train.text] names files, but {', '.join(names)} draws no text; add {TEXT!r} to task")
    if not text and TEXT in names:
        raise UserError(f"task names {TEXT!r}, but there is no [train.text] that says which files")
    return mixture


def drawn(mixture: Mixture, with_text: bool) -> list[str]:
    """Returns the names of the tasks that are trained on, not only validated, with `text` among them if it is.

    Raises:
        UserError: there are none.
    """
    # Whatever the sizes, the same are above 0.
    sizes = {spec.name: 1 for spec in tasks_of(mixture) if spec.training_size != 0}
    return [name for name, share in shares(mixture, {**sizes, TEXT: int(with_text)}).items() if share]


def drawn_tasks(mixture: Mixture, with_text: bool) -> list[TaskSpec]:
    """Returns the tasks that are trained on."""
    names = drawn(mixture, with_text)
    return [spec for spec in tasks_of(mixture) if spec.name in names]


def draw_rates(mixture: Mixture, sizes: Mapping[str, int], text: TextData | None = None) -> dict[str, float] | None:
    """Returns how often each part is drawn, by the counts of the data at hand.

    Args:
        mixture: the run's.
        sizes: the parts' numbers of examples, by task, plain text under `text`.
        text: the text's settings, if there is text.

    Returns:
        The parts' shares in what is drawn, in their order, 1 together; None where an example of one is drawn as often
        as one of another, so that an epoch may show each once.

    Raises:
        UserError: there is no example of any.
    """
    counted = {**sizes, TEXT: text.size} if text and text.size else sizes
    found = shares(mixture, counted)
    per_example = [found[name] / size for name, size in sizes.items() if size]
    if max(per_example) <= min(per_example) * (1 + 1e-9):
        return None
    return {name: found[name] for name in sizes}


def ids_of_examples(
    numbers: Collection[int], sizes: Mapping[str, int], specs: Sequence[TaskSpec], data: DataSource
) -> list[str]:
    """Returns the tasks and ids of training examples.

    Args:
        numbers: their numbers, counted through all parts.
        sizes: the parts' numbers of examples, by task, plain text under `text`.
        specs: the tasks.
        data: where they come from.
    """
    names: list[str] = []
    wanted = sorted(set(map(int, numbers)))
    first = 0
    for part, size in sizes.items():
        inside = {number - first for number in wanted if first <= number < first + size}
        spec = next((spec for spec in specs if spec.name == part), None)
        if inside and spec is None:
            names += [f"{part} {number}" for number in sorted(inside)]
        elif inside and spec is not None:
            pairs = enumerate(learnable_pairs(open_split(spec, "train", data)))
            names += [f"{part} {pair.id}" for number, pair in pairs if number in inside]
        first += size
    return names
