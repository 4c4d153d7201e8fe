"""A seeded fuzzer over every reader: mutated files are read or refused in one line, within a time and a memory.

`T5EVAL_TORTURE` is how many mutations there are in all, and `T5EVAL_FUZZ_SEED` the number that they follow from.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from task_specs import UserError
from tests.fuzz import checkpoints, subjects
from tests.fuzz.mutations import mutated
from tests.fuzz.subjects import Subject

MUTATIONS = int(os.environ.get("T5EVAL_TORTURE", "3000"))
SEED = int(os.environ.get("T5EVAL_FUZZ_SEED", "0"))
SECONDS = 5  # for one file of a few kilobytes
MEGABYTES = 1_500  # that the whole test may add to what the process holds


class TooSlow(BaseException):
    """No reader may take it for a fault of its file."""


@contextmanager
def time_budget() -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS * 12)  # a loaded machine may stand still; the processor's time counts
    started = time.process_time()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if time.process_time() - started > SECONDS:
        raise TooSlow


@pytest.fixture(scope="module")
def kinds(official: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    folder = tmp_path_factory.mktemp("fuzz")
    return {
        **subjects.of_data(official),
        **subjects.of_predictions(folder / "predictions"),
        **subjects.of_runs(folder / "run", subjects.results_of(folder / "made")),
        **subjects.of_configurations(folder / "configurations"),
        **subjects.of_submissions(folder / "submissions"),
        **subjects.of_models(folder / "models"),
        **checkpoints.of_checkpoints(folder / "checkpoints"),
    }


def test_every_kind_is_there_and_sound_files_are_read(kinds: dict[str, Subject]) -> None:
    assert len(kinds) > 90, sorted(kinds)
    for name, subject in kinds.items():
        found = subject.read(subject.folder)
        assert found if subject.expected is None else found == subject.expected, name
        assert all((subject.folder / file).is_file() for file in subject.files), name


def test_mutated_files_are_read_or_refused(kinds: dict[str, Subject], tmp_path: Path) -> None:
    failures: list[str] = []
    messages: set[bool] = set()
    read = refused = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, subject in kinds.items():
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        for number in range(-(-MUTATIONS // len(kinds))):
            if number == 0 or subject.writes:
                _copied(subject, copy)
            chance = Random(f"{SEED} {name} {number}")
            file = chance.choice(subject.files)
            kept = mutated((subject.folder / file).read_bytes(), chance, file)
            (copy / file).unlink()  # a reader may still have it open
            (copy / file).write_bytes(kept)
            try:
                with time_budget():
                    subject.read(copy)
                read += 1
            except (UserError, *subject.refusals) as error:
                refused += 1
                messages.add(bool(str(error)))
            except (Exception, TooSlow) as error:
                reproducer = tmp_path / f"{len(failures)}-{Path(file).name}"
                reproducer.write_bytes(kept)
                failures.append(
                    f"{name}: mutation {number} of {file} under T5EVAL_FUZZ_SEED={SEED}: {type(error).__name__}: "
                    f"{str(error)[:200]} (the file is {reproducer})"
                )
                _note(error, reproducer)
            if not subject.writes:
                (copy / file).unlink()
                shutil.copy(subject.folder / file, copy / file)
    assert not failures, f"{len(failures)} of {read + refused + len(failures)}\n" + "\n".join(failures[:60])
    assert messages == {True}
    assert min(read, refused) > MUTATIONS / 20
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES


def _copied(subject: Subject, copy: Path) -> None:
    """Makes the copy whole again: of all files but data, of which only what a split needs."""
    if copy.exists():
        shutil.rmtree(copy)
    if subject.folder.name != "data":
        shutil.copytree(subject.folder, copy)
        return
    for file in subject.files:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(subject.folder / file, copy / file)


def _note(error: BaseException, reproducer: Path) -> None:
    """Writes the traceback beside the file."""
    import traceback

    reproducer.with_name(reproducer.name + ".traceback").write_text(
        "".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace"
    )
