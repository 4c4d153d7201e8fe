"""The explorer as files: what the server would give out, in scripts, since a page on disk can fetch nothing."""

import base64
import itertools
import json
import statistics
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_model.files.atomic import flush, naming, temporary_path
from t5eval.reports import overview
from t5eval.reports.explorer.collection import Collection
from t5eval.reports.explorer.page_files import FOLDER, page_files
from t5eval.reports.joined_examples import RunAnswers
from t5eval.reports.reported_run import Key
from t5eval.support.stages import each
from task_specs.support.errors import UserError

TASK_BYTES = 3_000_000
"""What the file of a task's split may take; the worst examples that fit are in it."""
ALL_PAIRS = 4
"""Of so many runs every pair is compared by itself, too; of more, the first with each other one, on one page."""
MARK = "explorer.js"
"""The file by which a folder is known as ours, and may be replaced."""


def packed(document: Any) -> str:
    """Returns a document as text of letters: deflated JSON in base64, which nothing in it can break out of."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", errors="replace"), 6)).decode("ascii")


def script(number: int | str, packed_document: str) -> bytes:
    """Returns a script that hands a packed document to the page."""
    return f'explorer.arrived("{number}","{packed_document}");\n'.encode("ascii")


def static_files(collection: Collection) -> dict[str, bytes]:
    """Returns the files that stand beside the entry page, by name."""
    names = list(collection.found)
    groups: list[tuple[list[str], Any]] = [(["run", name], collection.run_page(name)) for name in names]
    runs = [collection.run(name) for name in names]
    for key in each(overview.keys_of(runs), "reading the examples", "splits"):
        groups.append((["task", *key], _fitted(collection, key)))
    for chosen in each(list(_comparisons(names)), "comparing", "comparisons"):
        groups.append((["compare", *chosen], collection.comparison(chosen)))
    files = page_files()
    for number, (_, found) in enumerate(groups):
        files[f"data/{number}.js"] = script(number, found if isinstance(found, str) else packed(found))
    index = {**collection.index(), "files": [name for name, _ in groups]}
    files["data/index.js"] = script("index", packed(index))
    return files


def _comparisons(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if len(names) > 2:
        yield tuple(names)
    if len(names) <= ALL_PAIRS:
        yield from itertools.combinations(names, 2)


def _fitted(collection: Collection, key: Key) -> str:
    """Returns the packed document of a task's split with as many of its worst examples as fit."""
    order = worst_first(collection, key)
    count = len(order)
    while True:
        found = packed(task_document(collection, key, sorted(order[:count])))
        if len(found) <= TASK_BYTES or not count:
            return found
        count = min(count - 1, int(count * TASK_BYTES / len(found) * 0.97))


def task_document(collection: Collection, key: Key, kept: Sequence[int]) -> dict[str, Any]:
    """Returns all that the page of a task's split shows, with the examples at some places."""
    names = [name for name in collection.found if key in collection.run(name).results]
    answers, faults = _answers(collection, key, names)
    first = next(iter(answers), names[0])
    pages: dict[str, Any] = {name: collection.answers_page(key, name, kept) for name in answers}
    try:
        split: dict[str, Any] = collection.split_page(key, first, kept)
    except UserError as error:
        split = {"fault": str(error)}
    return {
        "split": split,
        "answers": {**pages, **{name: {"fault": fault} for name, fault in faults.items()}},
        "examples": collection.examples(key, list(answers), kept) if answers else [],
        "slices": collection.slices_page(key, list(answers), kept) if answers else {"by": {}, "scores": {}},
    }


def _answers(collection: Collection, key: Key, names: Sequence[str]) -> tuple[dict[str, RunAnswers], dict[str, str]]:
    answers, faults = {}, {}
    for name in names:
        try:
            answers[name] = collection.answers(key, name)
        except UserError as error:
            faults[name] = str(error)
    return answers, faults


def worst_first(collection: Collection, key: Key) -> list[int]:
    """Returns the places of a split's examples: those with the lowest mean over the runs first.

    Of examples that are as bad, those come first that more runs left out or answered unreadably.
    """
    names = [name for name in collection.found if key in collection.run(name).results]
    runs = list(_answers(collection, key, names)[0].values())
    places = sorted({place for run in runs for place in run.places})

    def rank(place: int) -> tuple[float, int]:
        numbers = [(run, run.numbers[place]) for run in runs if place in run.numbers]
        unread = sum(not run.judged[n].answer.readable or run.judged[n].missing for run, n in numbers)
        badness = [run.measure.badness(n) for run, n in numbers if run.measure is not None]
        return -(statistics.fmean(badness) if badness else 0.0), -unread

    return sorted(places, key=rank)


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Writes the files beside the entry page; what an earlier report left there goes in one step.

    Raises:
        UserError: something else is there.
    """
    target = folder / FOLDER
    if target.exists() and not (target / MARK).is_file():
        raise UserError(f"{target}: holds something else than a report's files; give another --out")
    folder.mkdir(parents=True, exist_ok=True)
    with temporary_path(folder) as temporary:
        for name, content in files.items():
            path = temporary / name
            with naming(target / name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                flush(path)
        with naming(target):
            if target.exists():
                target.rename(temporary.parent / "old")
            temporary.rename(target)
    return [target / name for name in files]
