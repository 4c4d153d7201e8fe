"""What stands in several pages of a set is kept in one of them: lines, as in C4, or three sentences in a row.

Of all pages that have a line, the one keeps it whose address has the smallest hash: that depends on neither the order
of the pages nor on who reads them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from t5eval.preparation.cleaning.rules import Counts, sentences_of

WINDOW = 3
"""Sentences."""


def digest(text: str) -> bytes:
    """Returns the hash by which texts are told apart: MD5, 16 bytes, as in the original."""
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).digest()


def units_of(text: str, kind: str) -> list[bytes]:
    """Returns hashes of what a page should not share with others, in its order.

    Args:
        kind: `lines` or `sentences`, as in `Rules`.
    """
    if kind == "lines":
        return [digest(line.strip().lower()) for line in text.split("\n")]
    return _windows([sentence for line in text.split("\n") for sentence in sentences_of(line)])


def _windows(sentences: list[str]) -> list[bytes]:
    return [
        digest("\n".join(sentences[start : start + WINDOW]).lower()) for start in range(len(sentences) - WINDOW + 1)
    ]


def without_duplicates(text: str, kind: str, lost: Collection[bytes], counts: Counts) -> str:
    """Returns a page without what other pages keep, and with the rest once.

    Args:
        lost: those of the page's `units_of` that another page keeps.
    """
    if kind == "lines":
        kept, units = [], set(lost)
        for line, unit in zip(text.split("\n"), units_of(text, kind), strict=True):
            if unit not in units:
                kept.append(line)
                units.add(unit)
            else:
                counts["lines/duplicates"] += 1
        return "\n".join(kept)
    lines = [sentences_of(line) for line in text.split("\n")]
    gone: set[int] = set()
    seen = set(lost)
    for start, window in enumerate(_windows([sentence for line in lines for sentence in line])):
        if window in seen:
            gone.update(range(start, start + WINDOW))
        seen.add(window)
    counts["sentences/duplicates"] += len(gone)
    kept, number = [], 0
    for line, sentences in zip(text.split("\n"), lines, strict=True):
        numbers = range(number, number + len(sentences))
        number += len(sentences)
        if not gone.intersection(numbers):
            kept.append(line)
        elif stays := [sentence for i, sentence in zip(numbers, sentences, strict=True) if i not in gone]:
            kept.append(" ".join(stays))
    return "\n".join(kept)
