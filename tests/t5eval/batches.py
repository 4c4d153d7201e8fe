"""Batches of judged examples, written as two lists of values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from t5eval.metrics import Batch, Scored
from task_specs import Answer

UNREAD = -1


def class_batch(gold: Sequence[int], said: Sequence[int], classes: int = 2, ids: Sequence[str] | None = None) -> Batch:
    """Returns examples with these true classes and answers, -1 standing for an answer that cannot be read."""
    ids = ids or [str(i) for i in range(len(gold))]
    return Batch(
        [
            Scored(i, {}, "", "", Answer(s, s) if s != UNREAD else Answer(None, UNREAD, "unreadable"), Answer(g, g))
            for i, g, s in zip(ids, gold, said, strict=True)
        ],
        tuple(f"class {c}" for c in range(classes)),
    )


def number_batch(gold: Sequence[float], said: Sequence[float | None], t5: Sequence[float] | None = None) -> Batch:
    """Returns examples with these labels and answers: None is unreadable, and so are nan and the infinities."""
    return Batch(
        [
            Scored(
                str(i),
                {},
                "",
                "",
                Answer(s, s)
                if s is not None and math.isfinite(s)
                else Answer(None, -1.0 if s is None else s, "unreadable"),
                Answer(g, g if t5 is None else t5[i]),
            )
            for i, (g, s) in enumerate(zip(gold, said, strict=True))
        ]
    )


def text_batch(references: Sequence[str | Sequence[str]], said: Sequence[str]) -> Batch:
    """Returns examples with these true texts (one each, or several) and answers."""
    return Batch(
        [
            Scored(str(i), {}, "", s, Answer(s, s), Answer((r,) if isinstance(r, str) else tuple(r), None))
            for i, (r, s) in enumerate(zip(references, said, strict=True))
        ]
    )
