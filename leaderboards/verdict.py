"""What a check of a submission finds: faults with file and line, and the verdict made of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboards.files.archive import printable
from task_specs.support.errors import first_few, some

KEPT_FAULTS = 20  # of each file; the others are counted

VALID = "valid"
VALID_FOR_DATA = "valid for this data, not for the leaderboard"
PARTIAL = "partial"
INVALID = "invalid"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: the file in the submission, or the archive's own name; printable.
        line: the line, from 1; None if the fault is the file's as a whole.
        message: the rule, what came, and the way out, in one line.
    """

    file: str
    line: int | None
    message: str


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        status: `valid`, `valid for this data, not for the leaderboard`, `partial` or `invalid`.
        faults: the first 20 of each file; files in the leaderboard's order, then others; a file's own faults, then
            its lines'.
        fault_count: how many faults there are.
        more: file to the number of its faults beyond the 20; only files that have such.
        files: file to its number of data rows, for the leaderboard's files that are there and can be unpacked.
        absent: the leaderboard's files that are not there.
        notes: what is no fault but should be known.
        ids_checked: whether the ids were compared; not, where only data that is not at hand tells them.
    """

    status: str
    faults: tuple[Fault, ...]
    fault_count: int
    more: Mapping[str, int]
    files: Mapping[str, int]
    absent: tuple[str, ...]
    notes: tuple[str, ...]
    ids_checked: bool = True

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval check --json` prints."""
        return {
            "status": self.status,
            "faults": [{"file": f.file, "line": f.line, "message": f.message} for f in self.faults],
            "fault_count": self.fault_count,
            "files": dict(self.files),
            "absent": list(self.absent),
            "ids_checked": self.ids_checked,
            "notes": list(self.notes),
        }


class FileFaults:
    """Collects one file's faults: keeps the first, counts all.

    A message may be a function with its arguments, which is called only for a fault that is kept: a file may have
    as many faults as lines.
    """

    def __init__(self) -> None:
        self.count = 0
        self._whole: list[str] = []
        self._lines: list[tuple[int, str]] = []

    def add(self, line: int | None, message: str | Callable[..., str], *args: object) -> None:
        """Adds a fault. Lines must come in ascending order."""
        self.count += 1
        if len(self._whole if line is None else self._lines) >= KEPT_FAULTS:
            return
        text = message if isinstance(message, str) else message(*args)
        if line is None:
            self._whole.append(text)
        else:
            self._lines.append((line, text))

    def add_missing(self, what: str, expected: Collection[str], found: Collection[str]) -> bool:
        """Adds the fault that some of the expected ids are not among those found; returns whether it did."""
        missing = [example_id for example_id in expected if example_id not in found]
        if missing:
            self.add(None, f"{len(missing):,} of {len(expected):,} {what} are missing: {first_few(missing)}")
        return bool(missing)

    def cause(self, message: str) -> None:
        """Adds what is behind the other faults, and is told before them; nothing if the message is empty."""
        if message:
            self.count += 1
            self._whole = [message, *self._whole][:KEPT_FAULTS]

    def kept(self, file: str) -> list[Fault]:
        """Returns the first faults, those of the file as a whole before those of its lines."""
        whole = [Fault(file, None, text) for text in self._whole]
        return (whole + [Fault(file, line, text) for line, text in self._lines])[:KEPT_FAULTS]


def verdict_of(
    faults: Mapping[str, FileFaults],
    rows: Mapping[str, int],
    notes: Sequence[str],
    *,
    others: Sequence[str] = (),
    absent: Sequence[str] = (),
    foreign: bool,
    ids_checked: bool = True,
) -> Verdict:
    """Returns the verdict on a submission.

    Args:
        faults: file to its faults, in the order in which they are shown.
        rows: file to its number of data rows.
        notes: what is no fault but should be known.
        others: names of files that were not looked at.
        absent: the leaderboard's files that are not there.
        foreign: whether the data at hand is not the leaderboard's.
        ids_checked: whether the ids were compared.
    """
    kept = {file: found.kept(printable(file)) for file, found in faults.items() if found.count}
    extra = [printable(name) for name in others if name not in faults]
    return Verdict(
        status=INVALID if kept else PARTIAL if absent else VALID_FOR_DATA if foreign else VALID,
        faults=tuple(fault for found in kept.values() for fault in found),
        fault_count=sum(found.count for found in faults.values()),
        more={printable(f): faults[f].count - len(k) for f, k in kept.items() if faults[f].count > len(k)},
        files={printable(file): count for file, count in rows.items()},
        absent=tuple(absent),
        notes=(*notes, *([f"not looked at: {some(extra)}"] if extra else [])),
        ids_checked=ids_checked,
    )


def lines(verdict: Verdict) -> list[str]:
    """Returns a verdict as lines of text: the faults, the notes, and last the verdict itself."""
    shown: list[str] = []
    for position, fault in enumerate(verdict.faults):
        where = fault.file if fault.line is None else f"{fault.file}:{fault.line}"
        shown.append(f"{where}: {fault.message}")
        last_of_file = position + 1 == len(verdict.faults) or verdict.faults[position + 1].file != fault.file
        if last_of_file and fault.file in verdict.more:
            shown.append(f"... and {verdict.more[fault.file]} more in {fault.file}")
    shown += [f"note: {note}" for note in verdict.notes]
    match verdict.status:
        case "invalid":
            shown.append(f"invalid: {verdict.fault_count} fault{'s' if verdict.fault_count != 1 else ''}")
        case "partial":
            shown.append(f"partial: {', '.join(verdict.absent)} absent")
        case status:
            shown.append(status if verdict.ids_checked else f"{status} (ids not checked: --data-dir)")
    return shown
