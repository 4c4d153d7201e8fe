"""What a training run draws its examples from: the tasks of its mixture, and plain text."""

from collections.abc import Collection, Mapping, Sequence

from t5eval.data import DataSource, open_split
from t5eval.preparation.blocks import learnable_pairs
from t5eval.preparation.text_data import TextData
from task_specs import TEXT, Mixture, TaskSpec, shares, tasks_of, training_mixture
from task_specs.support.errors import UserError


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
