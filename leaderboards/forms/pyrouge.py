"""The folder form that pyrouge takes: a file for each summary, a sentence a line.

`decoded/000000_decoded.txt` and `reference/000000_reference.txt`, as the files of See et al. 2017 are called; the
patterns are `(\\d+)_decoded.txt` and `#ID#_reference.txt`. pyrouge puts the text into HTML as it stands, so that `<`
and `>` are spaces here, which is all that ROUGE takes them for. A summary without a sentence is a lone stop:
ROUGE-1.5.5 wants a line.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from leaderboards.files.archive import printable
from leaderboards.forms.segments import BREAKING, one_line
from leaderboards.verdict import FileFaults
from task_specs.support.errors import UserError
from task_specs.texts.sentences import split_sentences

DECODED, REFERENCE = "decoded", "reference"
EMPTY = "."
MAX_FILES = 100_000
MAX_FILE_BYTES = 1 << 20
MAX_TOTAL_BYTES = 256 << 20

_HTML = re.compile("[<>]")


def sentence_lines(text: str) -> str:
    """Returns a summary as the content of its file."""
    cleaned = (one_line(_HTML.sub(" ", line)) for line in split_sentences(text).split("\n"))
    return "\n".join([line for line in cleaned if line] or [EMPTY]) + "\n"


def write_folder(
    out: Path, summaries: Sequence[str], references: Sequence[str] | None, others: Mapping[str, bytes]
) -> None:
    """Writes the folder; it appears whole or not at all.

    Args:
        out: the folder, which must not be there, or be empty.
        summaries: in the order of the split.
        references: as many true summaries; None where there are none.
        others: further files of the folder.

    Raises:
        UserError: there is something at `out`, or it cannot be written.
    """
    from keras_model.files.atomic import new_folder  # not needed to check what is there

    parts = {DECODED: summaries} | ({REFERENCE: references} if references is not None else {})
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UserError(f"{out}: is there already; name a folder that is not, or an empty one")
        with new_folder(out) as partial:
            for part, texts in parts.items():
                folder = partial / part
                folder.mkdir()
                for row, text in enumerate(texts):
                    (folder / f"{row:06}_{part}.txt").write_bytes(sentence_lines(text).encode())
            for name, data in others.items():
                (partial / name).write_bytes(data)
    except (OSError, ValueError) as error:
        raise UserError(f"{out}: cannot be written: {getattr(error, 'strerror', None) or error}") from None


def read_part(folder: Path, part: str, faults: dict[str, FileFaults]) -> list[str]:
    """Returns the summaries of one part, by number, adding what is wrong with its files to `faults`.

    Raises:
        UserError: the folder cannot be read.
    """
    pattern = re.compile(rf"([0-9]{{6}})_{part}\.txt")
    found: dict[int, str] = {}
    total = 0
    try:
        with os.scandir(folder / part) as entries:
            for count, entry in enumerate(entries):
                name = f"{part}/{entry.name}"
                match = pattern.fullmatch(entry.name)
                if count >= MAX_FILES:
                    _fault(faults, part, None, f"holds more than {MAX_FILES:,} files; not a submission")
                    break
                if match is None:
                    if not entry.name.startswith("."):
                        _fault(faults, name, None, f"not a file of this folder; they are called 000000_{part}.txt")
                elif not entry.is_file(follow_symlinks=False):
                    _fault(faults, name, None, "a link or a special file; pyrouge wants the file itself")
                else:
                    data = _read(Path(entry.path))
                    total += len(data)
                    if total > MAX_TOTAL_BYTES:
                        _fault(faults, part, None, f"has more than {MAX_TOTAL_BYTES:,} bytes; not a submission")
                        break
                    found[int(match.group(1))] = _summary(name, data, faults)
    except OSError as error:
        raise UserError(f"{folder / part}: cannot be read: {error.strerror}") from None
    missing = [row for row in range(len(found)) if row not in found]
    if missing:
        name = f"{missing[0]:06}_{part}.txt"
        _fault(faults, part, None, f"has {len(found):,} files and no {name}; they are numbered from 0 without a gap")
    return [found[row] for row in sorted(found)]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _summary(name: str, data: bytes, faults: dict[str, FileFaults]) -> str:
    if len(data) > MAX_FILE_BYTES:
        _fault(faults, name, None, f"has more than {MAX_FILE_BYTES:,} bytes; no summary is so long")
        return ""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        _fault(faults, name, data.count(b"\n", 0, error.start) + 1, f"not UTF-8 (byte {data[error.start]:#04x})")
        return ""
    if not text.strip():
        _fault(faults, name, None, f"is empty; write {EMPTY!r} for a summary without a sentence")
    lines = text.removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if _HTML.search(line):
            _fault(faults, name, number, "a < or >, which breaks the HTML that pyrouge makes; write a space")
        elif BREAKING.search(line.replace("\t", " ")):
            _fault(faults, name, number, "a control character or line separator; write a space")
    return "" if text.strip() == EMPTY else "\n".join(lines)


def _fault(faults: dict[str, FileFaults], name: str, line: int | None, message: str) -> None:
    faults.setdefault(printable(name), FileFaults()).add(line, message)
