"""DPR's files: blocks of four lines and an empty one."""

from collections.abc import Iterator
from pathlib import Path

from t5eval.data.bounded_lines import LineFile
from t5eval.data.summary import Summary
from task_specs import Example, TaskSpec
from task_specs.support.errors import quoted

PARTS = ("sentence", "pronoun", "candidates", "right candidate")


def read_pronoun_blocks(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's examples in file order, and fills `summary`; an example's id is the number of its block."""
    shown = f"{spec.source.folder}/{spec.source.paths(split)['']}"
    file = LineFile(data_dir / shown)
    count = 0
    for first, block in _blocks(file):
        if len(block) != len(PARTS):
            has = "more" if len(block) > len(PARTS) else len(block)
            form = f"{len(PARTS)} lines ({', '.join(PARTS)}) and an empty one"
            raise file.fault(f"a block has {form}, this one has {has}", first)
        sentence, pronoun, listed, right = block
        candidates = [candidate.strip() for candidate in listed.split(",")]
        if right not in candidates:
            said = f"{quoted(right)} is not among the candidates {quoted(', '.join(candidates))}"
            raise file.fault(said, first + 3)
        features = {
            "sentence": sentence,
            "pronoun": pronoun,
            "candidates": candidates,
            "label": candidates.index(right),
        }
        yield Example(str(count), features)
        count += 1
    if not count:
        raise file.fault("the file has no rows", 1)
    summary.files[shown] = file.sha256.hexdigest()


def _blocks(file: LineFile) -> Iterator[tuple[int, list[str]]]:
    """Yields (number of the first line, stripped lines) of each block."""
    block: list[str] = []
    for raw in file:
        text = file.text(raw).strip()
        if text:
            block.append(text)
        if block and not text:
            yield file.line - len(block), block
            block = []
        elif len(block) > len(PARTS):
            yield file.line - len(block) + 1, block  # a fault; not the whole file in memory
    if block:
        yield file.line - len(block) + 1, block
