"""Batches that memory does not hold: told from other failures, and tried again in halves."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from t5eval.predictors.predictor import OutOfMemory
from task_specs.support.errors import UserError

Answers = TypeVar("Answers")

# Of PyTorch on GPU and CPU, and of CUDA and XLA below TensorFlow.
MESSAGES = ("out of memory", "not enough memory", "can't allocate memory")


def is_out_of_memory(error: Exception) -> bool:
    """Returns whether an exception says that memory was not enough, whichever library raised it."""
    if isinstance(error, MemoryError | OutOfMemory):
        return True
    of_library: tuple[type[Exception], ...] = (RuntimeError,)  # all that PyTorch raises, its OutOfMemoryError too
    if "tensorflow" in sys.modules:
        from tensorflow import errors

        if isinstance(error, errors.ResourceExhaustedError):
            return True
        of_library += (errors.OpError,)
    return isinstance(error, of_library) and any(text in str(error).lower() for text in MESSAGES)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Makes one exception of all those by which libraries say that memory was not enough.

    Raises:
        OutOfMemory: as said.
    """
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemory(str(error)) from None
        raise


class Halving:
    """Runs batches whole where memory holds them, else in halves, and then no other whole that costs as much.

    A batch costs its longest input times its rows, as in `plan_batches`.

    Args:
        lengths: the length of each input in tokens.
        name: names an input, given its index, in the error about one that does not fit alone.
        say: told once of each size that does not fit.
    """

    def __init__(self, lengths: Sequence[int], name: Callable[[int], str], say: Callable[[str], None]) -> None:
        self.lengths = lengths
        self.name = name
        self.say = say
        self._too_much: int | None = None  # the least cost that did not fit
        self._told: set[int] = set()

    def run(
        self, batch: Sequence[int], answer: Callable[[Sequence[int]], Answers]
    ) -> Iterator[tuple[Sequence[int], Answers]]:
        """Yields the parts of a batch, each with what `answer` makes of it.

        Args:
            answer: called with a part of them, and with a smaller one after it was out of memory.

        Raises:
            UserError: one input alone does not fit.
        """
        longest = max(self.lengths[i] for i in batch)
        if len(batch) == 1 or self._too_much is None or longest * len(batch) < self._too_much:
            try:
                with memory_errors():
                    answers = answer(batch)
            except OutOfMemory:
                self._does_not_fit(batch, longest)
            else:
                yield batch, answers
                return
            gc.collect()  # what the failed attempt still holds
        half = (len(batch) + 1) // 2
        yield from self.run(batch[:half], answer)
        yield from self.run(batch[half:], answer)

    def _does_not_fit(self, batch: Sequence[int], longest: int) -> None:
        rows = len(batch)
        if rows == 1:
            raise UserError(
                f"{self.name(batch[0])}: its {longest:,} tokens alone do not fit into memory with this model; take a "
                f"smaller model, or a machine with more memory"
            ) from None
        self._too_much = longest * rows
        if rows not in self._told:
            self._told.add(rows)
            self.say(
                f"out of memory with {rows:,} inputs of up to {longest:,} tokens at once; going on with "
                f"{(rows + 1) // 2:,}"
            )
