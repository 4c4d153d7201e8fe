"""What a submission keeps of its data besides ids, by the name under which a leaderboard asks for it."""

from collections.abc import Callable
from typing import Any

from leaderboards.forms.documents import Frame
from t5eval.data.official_files import OfficialFiles
from t5eval.data.parallel_text import read_frame
from t5eval.data.source import DataSource
from t5eval.data.split import open_split
from t5eval.support.errors import MissingFile
from task_specs import TaskSpec


def read_references(spec: TaskSpec, split: str, source: DataSource) -> list[str] | None:
    """Returns the true text of each example of a split, None where it is unlabelled."""
    references: list[str] = []
    for example in open_split(spec, split, source, with_labels=True):
        gold = spec.answer.gold(example.features, "")
        if gold is None:
            return None
        references.append(gold.value[0])
    return references


def read_documents(spec: TaskSpec, split: str, source: DataSource) -> Frame:
    """Returns the documents of a test set, which its official files alone have.

    Raises:
        MissingFile: they are not at hand.
    """
    if not isinstance(source, OfficialFiles):
        raise MissingFile(f"{source.option}: has no documents of {spec.name}; name a folder of WMT's files")
    return read_frame(spec, split, source.folder)


KEPT: dict[str, Callable[[TaskSpec, str, DataSource], Any]] = {"frame": read_documents, "references": read_references}
