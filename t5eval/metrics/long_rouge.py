"""ROUGE of long texts in little memory: rouge-score's numbers without its table of all words against all words.

The rows of that table are kept as sets of bits in integers (Hyyrö 2004): where a row's value is one larger than that
of the column before, a bit is 1. A row follows from the one before in a few operations on integers, so that every
so-many-th row is enough to read a common subsequence out of the table as rouge-score does.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence

MAX_CELLS = 4_000_000
"""Cells of a table, above which this is used: 16 to 32 MB in the packages that compute ROUGE."""


def is_long(first: str, second: str) -> bool:
    """Returns whether the table of two texts' words could have over `MAX_CELLS`; a word has a letter and a space."""
    return (len(first) // 2 + 1) * (len(second) // 2 + 1) > MAX_CELLS


class _Table:
    """The table of longest common subsequences of `words` and `others`, by rows; row 0 is before the first word."""

    def __init__(self, words: Sequence[str], others: Sequence[str]) -> None:
        self.words = words
        self.full = (1 << len(others)) - 1
        places: dict[str, list[int]] = {}
        for place, word in enumerate(others):
            places.setdefault(word, []).append(place)
        self.places = {word: _bits(found, len(others)) for word, found in places.items() if word in set(words)}

    def rows(self, row: int, start: int, stop: int) -> Iterator[int]:
        """Yields rows `start` + 1 to `stop`, given row `start`."""
        rest = self.full ^ row
        for word in self.words[start:stop]:
            common = rest & self.places.get(word, 0)
            if common:
                rest = ((rest + common) | (rest - common)) & self.full
            yield self.full ^ rest


def _bits(places: Sequence[int], size: int) -> int:
    data = bytearray(size // 8 + 1)
    for place in places:
        data[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(data, "little")


def lcs_length(words: Sequence[str], others: Sequence[str]) -> int:
    """Returns the length of the longest common subsequence of two texts' words."""
    last = deque(_Table(words, others).rows(0, 0, len(words)), maxlen=1)
    return last[0].bit_count() if last else 0


def lcs_places(words: Sequence[str], others: Sequence[str]) -> set[int]:
    """Returns the places in `words` of that longest common subsequence with `others` which rouge-score reads out."""
    table = _Table(words, others)
    step = math.isqrt(len(words)) + 1
    kept = [0]
    for number, row in enumerate(table.rows(0, 0, len(words)), start=1):
        if number % step == 0:
            kept.append(row)
    found: set[int] = set()
    i, j = len(words), len(others)
    block: list[int] = []
    first = i + 1  # the row with which the block begins
    while i > 0 and j > 0:
        if i - 1 < first:
            first = (i - 1) // step * step
            block = [kept[first // step]]
            block += table.rows(block[0], first, min(first + step, len(words)))
        if words[i - 1] == others[j - 1]:
            i, j = i - 1, j - 1
            found.add(i)
            continue
        columns = (1 << j) - 1
        left = (block[i - first] & columns >> 1).bit_count()
        above = (block[i - 1 - first] & columns).bit_count()
        if left > above:
            j -= 1
        else:
            i -= 1
    return found


def summary_hits(sentences: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> int:
    """Returns how many words of the reference's sentences are in the union of their common subsequences with the
    others; a word counts as often as either text has it, as in ROUGE-1.5.5.
    """
    left = Counter(word for sentence in sentences for word in sentence)
    left &= Counter(word for sentence in others for word in sentence)
    hits = 0
    for sentence in sentences:
        for place in sorted(set[int]().union(*(lcs_places(sentence, other) for other in others))):
            if left[sentence[place]] > 0:
                left[sentence[place]] -= 1
                hits += 1
    return hits


def f1(shared: int, true: int, said: int) -> float:
    """Returns the F1 of a number of shared words, from 0 to 1, with rouge-score's order of operations."""
    if not shared:
        return 0.0
    precision, recall = shared / said, shared / true
    return 2 * precision * recall / (precision + recall)
