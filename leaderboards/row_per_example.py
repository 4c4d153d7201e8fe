"""`RowPerExample`: a leaderboard whose files have a line for each example; what is left to say is how one looks."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from leaderboards.causes import SLIP, shifted
from leaderboards.forms.text import WHOLE_NUMBER, text_lines
from leaderboards.leaderboard import Leaderboard, Rows, official_size
from leaderboards.values import values_of
from leaderboards.verdict import FileFaults
from task_specs import TaskSpec, UserError
from task_specs.support.errors import quoted


class RowFault(ValueError):
    """What is wrong with a line.

    Args:
        message: the rule, what came, and the way out.
        example_id: the example that the line is meant for, as far as it can be told; it does not count as missing.
    """

    def __init__(self, message: str, example_id: str = ""):
        super().__init__(message)
        self.example_id = example_id


class RowPerExample(Leaderboard):
    """A leaderboard that takes classes or numbers, in a text file of one line an example, in any order.

    Derive from it and give it `suffix`, `write_row` and `read_row`. Encoding, header, labels, ranges, and ids that are
    unknown, missing or there twice are looked at here.
    """

    header: ClassVar[str] = ""  # the files' first line, empty for none
    id_name: ClassVar[tuple[str, str]] = ("id", "ids")  # what messages call an id, and several

    @abstractmethod
    def write_row(self, example_id: str, text: str) -> str:
        """Returns the line of an example, without its end; `text` is the label or number as the leaderboard spells it.

        Raises:
            ValueError: the id cannot stand in the file; the message says why.
        """

    @abstractmethod
    def read_row(self, row: str) -> tuple[str, str]:
        """Returns (id, text) of a line, the counterpart of `write_row`.

        Raises:
            RowFault: the line does not have the leaderboard's form.
        """

    def unknown(self, example_id: str, ids: Sequence[str]) -> str:
        """Returns what is wrong with an id that is none of those expected."""
        return f"{self.id_name[0]} {quoted(example_id[:200])} is none of the {len(ids):,} of the data"

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        values = values_of(spec)
        rows = [self.header] if self.header else []
        clipped = 0
        for example_id in sorted(answers, key=lambda name: (len(name), name)):  # numbers ascend so, too
            try:
                text, clip = values.write(answers[example_id])
                rows.append(self.write_row(example_id, text))
            except ValueError as error:
                raise UserError(f"{spec.name}, id {example_id!r}: {error}") from None
            clipped += clip
        return ("\n".join(rows) + "\n").encode(), clipped

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        found = text_lines(data, len(ids) or official_size(spec), faults)
        if found is None:
            return Rows(0, {})
        read, explain, read_row = values_of(spec).read, values_of(spec).explain, self.read_row
        expected = frozenset(ids)
        line_of: dict[str, int] = {}  # of each expected id, the line on which it came first
        answers: dict[str, Any] = {}
        unknown: set[str] = set()
        blank = 0
        start = self._after_header(found, faults)
        for line, row in enumerate(found[start:], start=start + 1):
            if not row.strip():
                blank += 1
                faults.add(line, "blank line")
                continue
            try:
                example_id, text = read_row(row)
            except RowFault as fault:
                faults.add(line, str(fault))
                if fault.example_id in expected:
                    line_of.setdefault(fault.example_id, line)
                continue
            value = read(text)
            if example_id in line_of:
                faults.add(line, self._again, example_id, line_of[example_id])
            elif example_id in expected or not ids:
                line_of[example_id] = line
                if value is not None:
                    answers[example_id] = value
            else:
                faults.add(line, self.unknown, example_id, ids)
                unknown.add(example_id)
            if value is None:
                faults.add(line, explain, text)
        if faults.add_missing(self.id_name[1], ids, line_of):
            faults.cause(self._shifted(unknown.union(line_of), ids) if len(unknown) > SLIP else "")
        elif not ids and len(line_of) != official_size(spec):
            faults.add(None, f"{len(line_of):,} {self.id_name[1]}; the leaderboard has {official_size(spec):,}")
        return Rows(len(found) - start - blank, answers)

    def _shifted(self, found: Collection[str], ids: Sequence[str]) -> str:
        if not all(map(WHOLE_NUMBER.fullmatch, (*found, *ids))):
            return ""
        return shifted(self.id_name[1], sorted(map(int, found)), sorted(map(int, ids)))

    def _after_header(self, found: Sequence[str], faults: FileFaults) -> int:
        """Returns the position of the first row: a first line that is not the header is one if it has a row's form."""
        if not self.header:
            return 0
        if found[0] == self.header:
            return 1
        got = f"expected the header {quoted(self.header)}, got {quoted(found[0][:200])}"
        if self._is_row(found[0]):
            faults.add(1, f"{got}; the file has no header")
            return 0
        faults.add(1, got)
        return 1

    def _is_row(self, line: str) -> bool:
        """Returns whether a first line that is not the header is a row."""
        try:
            return self.read_row(line)[0].isdecimal()
        except RowFault as fault:
            return fault.example_id.isdecimal()

    def _again(self, example_id: str, first: int) -> str:
        return f"{self.id_name[0]} {example_id} comes again; it came first on line {first}"
