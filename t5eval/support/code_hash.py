"""The SHA-256 of a user's code: its file, and what that imports from its own folder."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

OURS = ("t5eval", "keras_model", "task_specs", "leaderboards")
"""Packages whose version and commit results record anyway."""


def code_sha256(file: Path) -> str:
    """Returns the SHA-256 of a file of Python; where it imports from its own folder, of all these files by name.

    Of a file in a package it is that of the whole package. What is imported by a name that only running the code would
    tell is not seen.
    """
    package = file.parent
    if (package / "__init__.py").is_file():
        while (package.parent / "__init__.py").is_file():
            package = package.parent
        return files_sha256(package, package.rglob("*.py"))
    files = {file, *imported_from(file, file.parent)}
    return hashlib.sha256(file.read_bytes()).hexdigest() if len(files) == 1 else files_sha256(file.parent, files)


def files_sha256(folder: Path, files: Iterable[Path]) -> str:
    """Returns the SHA-256 over the names, relative to a folder, and the hashes of files."""
    digest = hashlib.sha256()
    for part in sorted(files):
        line = f"{part.relative_to(folder).as_posix()} {hashlib.sha256(part.read_bytes()).hexdigest()}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def imported_from(file: Path, folder: Path) -> set[Path]:
    """Returns the files below a folder that a file of Python imports, also through one another; of a package all."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        for name in _imported_names(waiting.pop()):
            fresh = set(_files_of(folder, name)) - found
            found |= fresh
            waiting += fresh
    return found - {file}


def _files_of(folder: Path, name: str) -> Iterator[Path]:
    """Yields the files of a top-level module in a folder; none if it is not there."""
    if name in OURS:
        return
    if (folder / name).is_dir():
        yield from (folder / name).rglob("*.py")
    elif (folder / f"{name}.py").is_file():
        yield folder / f"{name}.py"


def _imported_names(file: Path) -> set[str]:
    """Returns the top-level modules that a file names in its imports; none if it is no Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):  # running it says what is wrong
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
