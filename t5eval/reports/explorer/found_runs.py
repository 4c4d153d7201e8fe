"""The runs below some folders, and when one of them changed."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from task_specs.support.errors import UserError

PARTS = ("results.json", "config.toml", "predictions", "logs")
"""What a run's folder holds that is read."""


@dataclass(frozen=True)
class FoundRun:
    """A run's folder.

    Attributes:
        name: what it is called: its path below the folder that was named.
        root: that folder; nothing outside it is read.
    """

    name: str
    path: Path
    root: Path

    @property
    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """What changes when one of its files does."""
        return tuple(sorted(_stamped(path) for path in files_of(self.path)))


def _stamped(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:  # gone since it was listed
        return str(path), 0, 0
    return str(path), found.st_mtime_ns, found.st_size


def files_of(run: Path) -> Iterator[Path]:
    """Yields the files of a run that are read; links to folders are not followed."""
    for name in PARTS[:2]:
        if (run / name).is_file():
            yield run / name
    for name in PARTS[2:]:
        for folder, _, files in os.walk(run / name, followlinks=False):
            yield from (Path(folder, file) for file in files if file.endswith((".jsonl", ".json")))


def is_run(path: Path) -> bool:
    """Returns whether a folder holds anything of a run."""
    return (path / "results.json").is_file() or any(file.suffix == ".jsonl" for file in files_of(path))


def leads_out(run: Path, root: Path) -> bool:
    """Returns whether something that would be read of a run lies outside of a folder."""
    inside = root.resolve()
    places = [run / name for name in PARTS]
    for part in places[2:]:
        for folder, folders, files in os.walk(part, followlinks=False):
            places += [Path(folder, name) for name in (*folders, *files)]
    return any(place.is_symlink() and not place.resolve().is_relative_to(inside) for place in places)


def find_runs(folders: Sequence[Path]) -> list[FoundRun]:
    """Returns the runs that are folders, or lie below them, in the order of their names.

    Links to folders are not followed, and a run that has links to files outside is left out.

    Raises:
        UserError: a folder is not there.
    """
    found = []
    for root in folders:
        if not root.is_dir():
            raise UserError(f"{root}: there is no such folder")
        prefix = f"{root.resolve().name}/" if len(folders) > 1 else ""
        for path in _below(root):
            below = path.relative_to(root).as_posix()
            name = root.resolve().name if below == "." else f"{prefix}{below}"
            found.append(FoundRun(name, path, root))
    return sorted(_with_own_names(found), key=lambda run: run.name)


def _with_own_names(runs: Sequence[FoundRun]) -> Iterator[FoundRun]:
    names = [run.name for run in runs]
    for run in runs:
        yield run if names.count(run.name) == 1 else FoundRun(str(run.path), run.path, run.root)


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root, followlinks=False):
        path = Path(folder)
        if is_run(path):
            folders.clear()
            if not leads_out(path, root):
                yield path
        else:
            folders[:] = sorted(name for name in folders if not name.startswith("."))
