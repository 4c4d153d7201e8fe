"""One cause behind many faults of a submission, named as such: other data, another board's file, ids counted anew."""

from collections.abc import Iterable, Mapping, Sequence

from task_specs import BENCHMARKS, TaskSpec, get
from task_specs.submission_files.values import ClassFile
from task_specs.support.errors import first_few

Numbers = tuple[int, ...]

SLIP = 5  # so many rows or numbers may be off by a slip, which is named by its line
MAX_NUMBER = 10**18  # what is larger is no id, and too long for a line


def owner(file: str) -> str:
    """Returns the leaderboard that has a file of this name, empty if none has."""
    for name, benchmark in BENCHMARKS.items():
        for task in benchmark.tasks:
            submission = get(task).submission
            if submission is not None and submission.file == file:
                return name
    return ""


def other_owners(files: Iterable[str], own: str) -> str:
    """Returns whose files these are, where they are another leaderboard's; empty if there is no such file."""
    found: dict[str, list[str]] = {}
    for file in files:
        name = file.rpartition("/")[2]
        board = owner(name)
        if board and board != own:
            found.setdefault(board, []).append(name)
    if not found:
        return ""
    board, names = max(found.items(), key=lambda item: len(item[1]))
    are = "is a file" if len(names) == 1 else "are files"
    return f"{first_few(names, 3)} {are} of leaderboard {board}: t5eval check {board}"


def other_data(spec: TaskSpec, count: int, sizes: Mapping[TaskSpec, int]) -> str:
    """Returns what else a file of the wrong number of rows may be an answer to, empty if nothing has that number.

    Args:
        sizes: of each task of the leaderboard, how many rows its file has.
    """
    file = spec.submission
    if file is None or abs(count - sizes[spec]) <= SLIP:
        return ""
    tasks = [f"{other.submission.file} ({other.name})" for other in sizes if sizes[other] == count and other.submission]
    splits = [f"the {split} split" for split, size in spec.sizes.items() if size == count and split != file.split]
    versions = (
        [name for name, size in file.other_versions.items() if size == count] if isinstance(file, ClassFile) else []
    )
    meant = (tasks or splits or versions)[:3]
    if not meant:
        return ""
    exchanged = "; were the two files exchanged?" if tasks else f"; the leaderboard wants the {file.split} split"
    if versions and not tasks and not splits:
        exchanged = "; the leaderboard takes another version"
    return f"has {count:,} rows where {sizes[spec]:,} are expected, as many as {' or '.join(meant)}{exchanged}"


def shifted(what: str, found: Sequence[int], expected: Sequence[int]) -> str:
    """Returns that all numbers are off by the same, empty if they are not.

    Args:
        what: what the numbers are called.
        found: different numbers, ascending.
        expected: those that should stand there, ascending.
    """
    if not expected or len(found) != len(expected) or found[-1] > MAX_NUMBER:
        return ""
    offset = found[0] - expected[0]
    if not offset or any(number - wanted != offset for number, wanted in zip(found, expected, strict=True)):
        return ""
    return (
        f"{what} run from {found[0]:,} to {found[-1]:,}; they are those of the data, {expected[0]:,} to "
        f"{expected[-1]:,}, without an offset"
    )


def restarted(what: str, within: str, found: Sequence[Numbers], expected: Sequence[int]) -> str:
    """Returns that numbers begin anew in each group, where they should run on through the file; empty if they do not.

    Args:
        what: what the numbers are called.
        within: what a group is called.
        found: ids as numbers, ascending: the last is counted, the others are its group.
        expected: the last numbers in the same order, as they should be.
    """
    firsts: dict[Numbers, int] = {}
    for numbers in found:
        firsts.setdefault(numbers[:-1], numbers[-1])
    if len(firsts) < 2 or len(set(firsts.values())) > 1:
        return ""
    return (
        f"{what} begin anew in each {within}; in the data they run on, from {expected[0]:,} to {expected[-1]:,}: "
        f"write the data's"
    )
