"""References: a file of them, texts, or several sets of either, by id."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from t5eval.scoring.text_files import REFERENCE, decoded, each_once, entries, named, read_bytes
from t5eval.support.errors import PredictionError
from task_specs.support.errors import quoted

References = str | os.PathLike[str] | Mapping[Any, str] | Iterable[Any]


def given_references(given: References) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Returns the references of each example by id, numbered from 0 without one; and SHA-256 by name of each file.

    Args:
        given: a file's path, id to text, texts (a list of sentences is one text too), or a list of several sets, each
            a `Path` or a mapping.

    Raises:
        PredictionError: a file cannot be read, a text is none, an id comes twice, or two sets have other ids.
    """
    sets = given if isinstance(given, Sequence) and given and _are_sets(given) else [given]
    files: dict[str, str] = {}
    found = [_one_set(one, files) for one in sets]
    first = found[0]
    for one, texts in zip(sets, found, strict=True):
        for ids, others, here in ((first, texts, one), (texts, first, sets[0])):
            absent = [example_id for example_id in ids if example_id not in others]
            if absent:
                name = here if isinstance(here, str | os.PathLike) else "references"
                raise PredictionError(
                    f"{name}: {len(absent):,} of {len(ids):,} references of another set have none here, the first "
                    f"being {quoted(absent[0])}; each set has one for every example"
                )
    return {example_id: tuple(texts[example_id] for texts in found) for example_id in first}, files


def _are_sets(given: Sequence[Any]) -> bool:
    return all(isinstance(one, os.PathLike | Mapping) for one in given)


def _one_set(given: Any, files: dict[str, str]) -> dict[str, str]:
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        data = read_bytes(path)
        files[str(path)] = hashlib.sha256(data).hexdigest()
        found = entries(path, decoded(path, data), REFERENCE)
    else:
        path = Path("references")
        pairs = given.items() if isinstance(given, Mapping) else enumerate(given)
        found = [named(path, 0, i, "\n".join(t) if isinstance(t, list) else t, REFERENCE) for i, t in pairs]
    numbered = ((e.line, e.id or str(i if e.row is None else e.row), e.text) for i, e in enumerate(found))
    return each_once(path, numbered, REFERENCE)
