"""Answers in batches by token budget, sorted by length; one that memory does not hold comes in parts."""

from collections.abc import Callable, Container, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from operator import itemgetter

from t5eval.predictors.answering import answer_batch, draws_of, prediction_of
from t5eval.predictors.halving import Halving
from t5eval.predictors.of_keras import compiled_rows
from t5eval.predictors.predictor import (
    Answering,
    AsTheyCome,
    Compiling,
    Generation,
    Prepared,
    Sample,
    TextGenerator,
    Unanswered,
)
from t5eval.runs.prediction import Prediction
from t5eval.support.shard import Shard
from task_specs import TaskSpec, TextPair
from task_specs.support.errors import UserError

DEFAULT_BATCH_TOKENS = 8192
MAX_BATCH_ROWS = 256
COMPILED_LENGTHS = 4
"""How many lengths the inputs of a split are padded to where every shape is compiled; the decoder's loop takes long."""

Say = Callable[[str], None]
"""Told, a line at a time, what a user should know of how the predictions are made."""


Prepare = Callable[[TextGenerator, Sequence[TextPair], int], list[Prepared]]
"""Returns each example as the model takes it, within a number of tokens."""


def as_texts(predictor: TextGenerator, pairs: Sequence[TextPair], max_tokens: int) -> list[Prepared]:
    """Prepares each example's text, and nothing else."""
    return predictor.prepare([pair.inputs for pair in pairs], max_tokens)


def unheard(line: str) -> None:
    """Tells nobody."""


def plan_batches(lengths: Sequence[int], batch_tokens: int, powers: bool = False) -> list[list[int]]:
    """Returns batches of example indices, the longest inputs first, each within the token budget.

    A batch's cost is its longest input times its rows. The plan depends on the lengths alone, so that a resumed run
    makes the same batches as one that was never cut.

    Args:
        powers: whether a batch's rows are a power of two, but for the last one's.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        rows = max(1, min(MAX_BATCH_ROWS, batch_tokens // max(lengths[order[start]], 1)))
        if powers:
            rows = 1 << (rows.bit_length() - 1)
        batches.append(order[start : start + rows])
        start += rows
    return batches


def generate_all(
    predictor: TextGenerator,
    spec: TaskSpec,
    pairs: Sequence[TextPair],
    answering: Answering | None = None,
    *,
    max_new_tokens: int | None = None,
    done: Container[str] = frozenset(),
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    say: Say = unheard,
    prepare: Prepare = as_texts,
    shard: Shard | None = None,
) -> Generator[list[Prediction]]:
    """Yields the predictions of one batch after another, leaving out batches of which every id is `done`.

    Inputs that are the same to the model are answered once. A batch that memory does not hold comes in parts; a
    predictor without batches gives its answers as they come.

    Args:
        answering: how they are answered; as the row says if None.
        max_new_tokens: the longest text; as the row says if None.
        done: ids that have their predictions.
        batch_tokens: see `plan_batches`.
        say: told of batches that memory does not hold.
        prepare: makes of the examples what the model is sent.
        shard: only its batches, of those that all examples make; all if None.

    Raises:
        UserError: memory does not hold one input alone, or the model cannot answer so.
        Unanswered: ids have no answer, when all others have been yielded.
    """
    prepared = prepare(predictor, pairs, spec.lengths.inputs)
    if len(prepared) != len(pairs):
        raise UserError(f"the model prepares {len(prepared)} of {len(pairs)} inputs; it must prepare each")
    prepared = [replace(given, number=number) for number, given in enumerate(prepared)]
    how, limit = answering or spec.decode, max_new_tokens or spec.lengths.targets
    if isinstance(predictor, AsTheyCome):
        own = range(len(pairs)) if shard is None else shard.share(range(len(pairs)), spec.name)
        todo = [i for i in own if pairs[i].id not in done]
        yield from _as_they_come(predictor, spec, {i: (pairs[i].id, prepared[i]) for i in todo}, how, limit)
        return
    left = any(pair.id not in done for pair in pairs)
    compiling = left and isinstance(predictor, Compiling) and predictor.compiles_shapes()
    if compiling:
        prepared = in_few_lengths(prepared)
    asked = alike(prepared, how)
    lengths = [prepared[first].room or prepared[first].length for first, *_ in asked]
    batches = plan_batches(lengths, batch_tokens, powers=compiling)
    if shard is not None:
        batches = shard.share(batches, spec.name)
    if compiling:
        say(f"{spec.name}: {_shapes_text([(compiled_rows(len(batch)), lengths[batch[0]]) for batch in batches])}")

    def answer(part: Sequence[int]) -> list[Prediction]:
        firsts = [asked[place][0] for place in part]
        ids = [pairs[i].id for i in firsts]
        found = answer_batch(predictor, [prepared[i] for i in firsts], ids, spec, how, limit)
        return [
            replace(prediction, id=pairs[i].id, truncated=prepared[i].truncated)
            for prediction, place in zip(found, part, strict=True)
            for i in asked[place]
        ]

    halving = Halving(lengths, lambda place: f"{spec.name}: example {pairs[asked[place][0]].id}", say)
    for batch in batches:
        if not all(pairs[i].id in done for place in batch for i in asked[place]):
            for _, predictions in halving.run(batch, answer):
                yield predictions


def alike(prepared: Sequence[Prepared], answering: Answering) -> list[list[int]]:
    """Returns the places of inputs that one answer is of, in the order of the first of each: of most inputs one place.

    Answers that are drawn are each input's own.
    """
    drawn = isinstance(answering, Sample)
    found: dict[bytes | int, list[int]] = {}
    for place, given in enumerate(prepared):
        found.setdefault(place if drawn or not given.same else given.same, []).append(place)
    return list(found.values())


def in_few_lengths(prepared: Sequence[Prepared]) -> list[Prepared]:
    """Returns inputs with the length that each is padded to, which are few and chosen from all inputs' lengths."""
    import numpy as np

    from keras_model.data.shapes import Shapes

    lengths = np.array([p.length for p in prepared])
    alike = np.ones_like(lengths)
    shapes = Shapes.choose(lengths, alike, COMPILED_LENGTHS)
    rooms = [shapes.pairs[number][0] for number in shapes.classes(lengths, alike)]
    return [replace(p, room=room) for p, room in zip(prepared, rooms, strict=True)]


def _shapes_text(shapes: Sequence[tuple[int, int]]) -> str:
    """Says what will be compiled."""
    different = [f"{rows} x {length}" for rows, length in dict.fromkeys(shapes)]
    return f"{len(different)} shapes of batches to compile, rows x tokens: {', '.join(different)}"


def _as_they_come(
    predictor: AsTheyCome,
    spec: TaskSpec,
    inputs: Mapping[int, tuple[str, Prepared]],
    answering: Answering,
    max_new_tokens: int,
) -> Generator[list[Prediction]]:
    """Yields the predictions for inputs, each with its example's id, once all that is drawn for an example is there."""
    draws = draws_of(answering)
    asked = {
        i * len(draws) + place: (given, draw) for i, (_, given) in inputs.items() for place, draw in enumerate(draws)
    }
    came: dict[int, dict[int, Generation]] = {i: {} for i in inputs}
    with closing(predictor.answers(asked, max_new_tokens)) as coming:
        try:
            for some in coming:
                whole = []
                for key, output in some.items():
                    i, place = divmod(key, len(draws))
                    came[i][place] = output
                    if len(came[i]) == len(draws):
                        outputs = [output for _, output in sorted(came.pop(i).items(), key=itemgetter(0))]
                        whole.append(prediction_of(*inputs[i], outputs, spec, answering))
                if whole:
                    yield whole
        except Unanswered as error:
            which = dict.fromkeys(inputs[int(key) // len(draws)][0] for key in error.which)
            raise Unanswered([*which], error.reason, error.stopped) from None
