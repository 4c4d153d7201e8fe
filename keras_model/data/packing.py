"""Which examples go together into one row, so that little of it is padding."""

from collections import defaultdict

import numpy as np


class Packing:
    """Examples distributed over rows of fixed lengths, by their lengths alone.

    Examples of equal lengths are interchangeable, so the rows are made for lengths, once: best fit, the largest lengths
    first. A length goes into the row with the least room on the source side that has enough on both sides, then on the
    target side. Every epoch puts other examples of these lengths into the rows: their number is always the same, which
    is what makes the batch of any step known without the ones before it, and still the company of an example changes.

    Args:
        source_lengths: integers, shape [examples].
        target_lengths: integers, shape [examples].
        row: the lengths of a row, source and target.

    Raises:
        ValueError: an example is longer than a row.

    Attributes:
        count: how many rows there are.
    """

    def __init__(self, source_lengths: np.ndarray, target_lengths: np.ndarray, row: tuple[int, int]) -> None:
        for side, lengths, length in zip(("source", "target"), (source_lengths, target_lengths), row, strict=True):
            if (lengths > length).any():
                example = int(np.argmax(lengths > length))
                raise ValueError(
                    f"Example {example} has a {side} of {lengths[example]} tokens, which does not fit into a row of "
                    f"{length}; make rows longer, or cut examples."
                )
        pairs, self._class, counts = np.unique(
            np.stack([source_lengths, target_lengths], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        rows_of_classes = _best_fit(pairs, counts, row)
        self._row = np.concatenate(rows_of_classes)  # of each place, places of a class together
        self.count = int(self._row.max()) + 1
        self._by_row = np.argsort(self._row, kind="stable")
        self._starts = np.searchsorted(self._row[self._by_row], np.arange(self.count + 1))

    def fill(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Puts the examples into the rows at random.

        Returns:
            The examples' numbers, shape [examples], and `starts`, shape [rows + 1]: row i holds
            numbers[starts[i]:starts[i + 1]].
        """
        order = random.permutation(len(self._class))
        by_class = order[np.argsort(self._class[order], kind="stable")]
        return by_class[self._by_row], self._starts


def _best_fit(pairs: np.ndarray, counts: np.ndarray, row: tuple[int, int]) -> list[np.ndarray]:
    """The rows that lengths are put into.

    Args:
        pairs: integers [classes, 2], source and target lengths.
        counts: integers [classes], how many examples have them.
        row: the lengths of a row.

    Returns:
        Of each class, the number of the row of each of its examples.
    """
    # Rows by the room that is left in them, and where there are any: whole groups of like rows are handled at once.
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    there = np.zeros((row[0] + 1, row[1] + 1), bool)
    found: list[list[int]] = [[] for _ in pairs]
    made = 0
    by_size = np.lexsort((-pairs[:, 0], -(pairs / np.array(row)).max(axis=1)))
    for index in by_size:
        (source, target), left = pairs[index].tolist(), int(counts[index])
        while left:
            fitting = there[source:, target:]
            first = int(fitting.argmax())
            source_room, target_room = source + first // fitting.shape[1], target + first % fitting.shape[1]
            if not there[source_room, target_room]:
                source_room, target_room = row
            each = min(source_room // source, target_room // target, left)  # of this class, into one row
            wanted = left // each  # rows; what is left over goes around once more
            group = rows[source_room, target_room]
            if there[source_room, target_room]:
                taken = group[-wanted:]
                del group[-wanted:]
                there[source_room, target_room] = bool(group)
            else:
                taken = list(range(made, made + wanted))
                made += wanted
            found[index] += [number for number in taken for _ in range(each)]
            left -= each * len(taken)
            room = source_room - each * source, target_room - each * target
            rows[room] += taken
            there[room] = True
    return [np.array(numbers, np.int64) for numbers in found]
