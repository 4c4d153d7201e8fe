"""Segments of two languages that stand in a file each, as FLORES has them."""

from collections.abc import Iterator
from pathlib import Path

from t5eval.data.json_lines import listed_files
from t5eval.data.parallel_files import Files
from t5eval.data.parallel_text import plain_pairs
from t5eval.data.summary import Summary
from task_specs import Example, TaskSpec
from task_specs.sources.language_files import LanguageFiles


def read_language_files(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's segments in file order, and fills `summary`; an example's id is its 0-based line.

    Raises:
        DataError: a file is damaged, or one has more lines than the other.
    """
    source = spec.source
    assert isinstance(source, LanguageFiles)
    files = Files("plain", *listed_files(spec, split, data_dir))
    for line, (original, translation) in enumerate(plain_pairs(files, data_dir, summary)):
        yield Example(str(line), {source.source: original, source.target: translation})
