"""Arrays that lie in several pieces, most of them in files, and are read only where somebody asks. NumPy alone."""

import bisect
import itertools
from collections.abc import Sequence

import numpy as np

from keras_model.data.layouts import ranges, ranges_from


class MappedArray:
    """Pieces one after the other, indexed as one array of one dimension.

    What is asked for is read, and nothing else is: a piece may be a file that was mapped (`np.memmap`), larger than
    memory.

    Args:
        pieces: arrays of one dimension and the same dtype, at least one.
    """

    def __init__(self, pieces: Sequence[np.ndarray]) -> None:
        self.pieces = list(pieces)
        self.dtype = self.pieces[0].dtype
        self._starts = list(itertools.accumulate(map(len, self.pieces), initial=0))

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """The chosen elements.

        Args:
            index: a slice with a step of 1, or integers of one dimension, all from 0.
        """
        if isinstance(index, slice):
            first, end, _ = index.indices(len(self))
            if first >= end:
                return np.empty(0, self.dtype)
            piece = bisect.bisect_right(self._starts, first) - 1
            start = self._starts[piece]
            if end <= start + len(self.pieces[piece]):
                return self.pieces[piece][first - start : end - start]
            index = np.arange(first, end)
        result = np.empty(len(index), self.dtype)
        # Neighbours usually lie in the same piece: one copy for each stretch of them.
        places = np.searchsorted(self._starts, index, side="right") - 1
        ends = [*(np.flatnonzero(np.diff(places)) + 1), len(index)] if len(index) else []
        first = 0
        for end in ends:
            piece = places[first]
            result[first:end] = self.pieces[piece][index[first:end] - self._starts[piece]]
            first = end
        return result

    def ranges(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The elements of some ranges, one range after the other.

        Args:
            starts: int64 [ranges].
            lengths: the same.
        """
        places = np.searchsorted(self._starts, starts, side="right") - 1
        firsts = np.array(self._starts)[places]
        ends = np.array(self._starts[1:])[places]
        if (starts + lengths > ends).any():  # one lies in several pieces
            return self[ranges(starts, lengths)]
        result, before = np.empty(int(lengths.sum()), self.dtype), ranges_from(lengths)
        for piece in np.unique(places).tolist():
            here = places == piece
            found = self.pieces[piece][ranges(starts[here] - firsts[here], lengths[here])]
            result[ranges(before[here], lengths[here])] = found
        return result


def joined(arrays: Sequence[np.ndarray | MappedArray]) -> np.ndarray | MappedArray:
    """Arrays as one; those that are mapped stay where they are."""
    pieces = [piece for array in arrays for piece in (array.pieces if isinstance(array, MappedArray) else [array])]
    if any(isinstance(array, MappedArray) for array in arrays):
        return MappedArray(pieces)
    return np.concatenate(pieces)
