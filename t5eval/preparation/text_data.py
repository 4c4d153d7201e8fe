"""Plain text to learn from: which files, and by which objective."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from task_specs.support.errors import UserError, require_known

if TYPE_CHECKING:
    from keras_model.data.objectives import Objective
    from keras_model.tokenizers.tokenizer import Tokenizer

OBJECTIVES = ("span_corruption", "prefix_lm")


@dataclasses.dataclass(frozen=True)
class TextData:
    """Plain text to learn from without labels; what a TOML file holds under `[train.text]`.

    Attributes:
        files: paths of text files, a document a line, gzip by the name's end.
        objective: `span_corruption` or `prefix_lm`.
        inputs: the most tokens of a source, end of sequence included.
        size: what counts as its number of examples in the mixture; None for how many there are.
        prepared: a folder that `t5eval prepare --text` made of the files; None for one of the run's own.
    """

    files: tuple[str, ...]
    objective: str = "span_corruption"
    inputs: int = 512
    size: int | None = None
    prepared: str | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TextData:
        """Returns what a table describes.

        Raises:
            UserError: a key is unknown or missing, or a value is not possible.
        """
        where = "[train.text]"
        known = {"files": list | tuple, "objective": str, "inputs": int, "size": int, "prepared": str}
        require_known(table, known, where)
        for key, value in table.items():
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise UserError(f"{where}: {key} has the wrong type: {value!r}")
        files = tuple(table.get("files", ()))
        if not files or not all(isinstance(file, str) for file in files):
            raise UserError(f"{where}: files must name at least one text file, got {list(files)}")
        data = cls(**{**table, "files": files})
        if data.objective not in OBJECTIVES:
            raise UserError(f"{where}: objective is {' or '.join(OBJECTIVES)}, got {data.objective!r}")
        if data.size is not None and data.size < 1:
            raise UserError(f"{where}: size must be at least 1, got {data.size}")
        return data

    def pairs(self, tokenizer: Tokenizer, seed: int) -> Iterator[tuple[Any, Any]]:
        """Yields ids of a source and a target, in constant memory; see `keras_model.data.text_files.text_pairs`.

        Raises:
            UserError: a file cannot be read, or the vocabulary has too few sentinels.
        """
        from keras_model.data.objectives import PrefixLm, SpanCorruption
        from keras_model.data.text_files import text_pairs

        make: dict[str, Callable[[], Objective]] = {
            "span_corruption": lambda: SpanCorruption.of(tokenizer, self.inputs),
            "prefix_lm": lambda: PrefixLm(self.inputs, tokenizer.eos_id),
        }
        try:
            yield from text_pairs(self.files, tokenizer, make[self.objective](), seed)
        except ValueError as error:
            raise UserError(str(error)) from None
