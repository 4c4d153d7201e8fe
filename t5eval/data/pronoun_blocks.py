"""DPR's files: blocks of four lines and an empty one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from t5eval.data.bounded_lines import bounded_lines
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec
from task_specs.errors import quoted

if TYPE_CHECKING:
    from t5eval.data.summary import Summary

PARTS = ("sentence", "pronoun", "candidates", "right candidate")


def read_pronoun_blocks(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's examples in file order, and fills `summary`; an example's id is the number of its block.

    Raises:
        DataError: the file is damaged or is not the benchmark's; the message names file and line.
    """
    shown = f"{spec.source.folder}/{spec.source.paths(split)['']}"
    path = data_dir / shown
    sha256 = hashlib.sha256()
    count = 0
    for first, block in _blocks(path, sha256):
        if len(block) != len(PARTS):
            raise DataError(
                f"{path}: line {first}: a block has {len(PARTS)} lines ({', '.join(PARTS)}) and an empty one, "
                f"this one has {'more' if len(block) > len(PARTS) else len(block)}"
            )
        sentence, pronoun, listed, right = block
        candidates = [candidate.strip() for candidate in listed.split(",")]
        if right not in candidates:
            raise DataError(
                f"{path}: line {first + 3}: {quoted(right)} is not among the candidates {quoted(', '.join(candidates))}"
            )
        features = {
            "sentence": sentence,
            "pronoun": pronoun,
            "candidates": candidates,
            "label": candidates.index(right),
        }
        yield Example(str(count), features)
        count += 1
    if not count:
        raise DataError(f"{path}: line 1: the file has no rows")
    summary.files[shown] = sha256.hexdigest()


def _blocks(path: Path, sha256: hashlib._Hash) -> Iterator[tuple[int, list[str]]]:
    """Yields (number of the first line, stripped lines) of each block, and feeds the file to its hash."""
    block: list[str] = []
    number = 0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(bounded_lines(file, path), start=1):
                sha256.update(raw)
                try:
                    text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                except UnicodeDecodeError as error:
                    byte = raw[error.start]
                    raise DataError(
                        f"{path}: line {number}: not UTF-8: byte 0x{byte:02x} at position {error.start + 1}"
                    ) from None
                if text:
                    block.append(text)
                if block and not text:
                    yield number - len(block), block
                    block = []
                elif len(block) > len(PARTS):
                    yield number - len(block) + 1, block  # a fault; not the whole file in memory
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if block:
        yield number - len(block) + 1, block
