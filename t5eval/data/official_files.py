"""Official files in a folder, each benchmark's in its own layout."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from t5eval.data.json_document import read_json_document
from t5eval.data.json_lines import listed_files, read_json_lines, read_wsc
from t5eval.data.language_files import read_language_files
from t5eval.data.nested_json_lines import read_multirc, read_record
from t5eval.data.parallel_files import parallel_files, parallel_otherwise
from t5eval.data.parallel_text import read_parallel_text
from t5eval.data.pronoun_blocks import read_pronoun_blocks
from t5eval.data.squad_json import read_squad
from t5eval.data.stories import read_stories, story_files, story_otherwise
from t5eval.data.summary import Summary
from t5eval.data.tsv import read_tsv
from t5eval.support.errors import MissingFile
from task_specs import Example, TaskSpec


@dataclass(frozen=True)
class Reader:
    """How the files of one kind of source are read.

    Attributes:
        read: (spec, split, data directory, summary, with labels) to examples, filling the summary on the way; raises
            a DataError that names file and line where a file is damaged or is not the benchmark's.
        files: (spec, split, data directory) to the paths it needs, relative to the data directory; where a split may
            stand in one of several forms, the paths of the form that is there, else of the first.
        otherwise: (spec, split) to a phrase that names the other forms, for the message that a file is not there.
    """

    read: Callable[[TaskSpec, str, Path, Summary, bool], Iterator[Example]]
    files: Callable[[TaskSpec, str, Path], list[str]] = listed_files
    otherwise: Callable[[TaskSpec, str], str] = lambda spec, split: ""


READERS: dict[str, Reader] = {
    "tsv": Reader(read_tsv),
    "csv": Reader(read_tsv),
    "json_lines": Reader(read_json_lines),
    "wsc_json_lines": Reader(read_wsc),
    "multirc_json_lines": Reader(read_multirc),
    "record_json_lines": Reader(read_record),
    "json_document": Reader(read_json_document),
    "language_files": Reader(read_language_files),
    "pronoun_blocks": Reader(read_pronoun_blocks),
    "squad_json": Reader(read_squad),
    "stories": Reader(read_stories, story_files, story_otherwise),
    "parallel_text": Reader(read_parallel_text, parallel_files, parallel_otherwise),
}


@dataclass(frozen=True)
class OfficialFiles:
    """A folder that holds `glue/`, `super_glue/` and so on, as the benchmarks distribute them.

    Attributes:
        folder: the data directory.
    """

    folder: Path

    @property
    def option(self) -> str:
        return str(self.folder.resolve())

    def splits(self, spec: TaskSpec) -> list[str]:
        files = READERS[spec.source.kind].files
        return [
            split
            for split in spec.source.splits
            if any((self.folder / name).exists() for name in files(spec, split, self.folder))
        ]

    def require(self, spec: TaskSpec, split: str) -> None:
        reader = READERS[spec.source.kind]
        for name in reader.files(spec, split, self.folder):
            if not (self.folder / name).is_file():
                otherwise = reader.otherwise(spec, split)
                raise MissingFile(
                    f"{self.folder / name}: no such file; {spec.name} needs it for its {split} split"
                    + (f", or {otherwise}" if otherwise else "")
                    # The official files of a split that has no official size, such as WMT's training, are no files.
                    + (f"; `t5eval data get {spec.name}` fetches it" if spec.downloads and split in spec.sizes else "")
                )

    def read(self, spec: TaskSpec, split: str, summary: Summary, with_labels: bool) -> Iterator[Example]:
        return READERS[spec.source.kind].read(spec, split, self.folder, summary, with_labels)

    def unsubmittable(self, spec: TaskSpec) -> str:
        return ""
