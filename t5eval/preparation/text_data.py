"""Plain text to learn from: which files, by which objective, and which part of it is held out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from keras_model.data.objectives import OBJECTIVES as RECIPES
from task_specs.support.errors import UserError, require_known

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.objectives import Objective
    from keras_model.tokenizers.tokenizer import Tokenizer

Blocks = Iterator[tuple[int, Iterator["Examples"]]]
"""Numbers of blocks of documents, each with its examples, some at a time."""

OBJECTIVES = tuple(RECIPES)

# The names that configurations had before there were more objectives.
FORMER_NAMES = {"span_corruption": "spans"}

HELD_OUT_SEED = 0
"""Of the examples of the held-out part, whatever a run's seed: the losses of several runs are then of the same ones."""


@dataclasses.dataclass(frozen=True)
class TextData:
    """Plain text to learn from without labels; what a TOML file holds under `[train.text]`.

    Attributes:
        files: paths of text files: a document a line, or JSON lines with a `text`; gzip and xz by the name's end.
        objective: `spans`, `iid` or another of `OBJECTIVES`: what is noise, and what source and target show of it.
        noise_density: the share of the tokens that is noise; None for the objective's own.
        mean_span: the mean length of a run of noise, in tokens; None for the objective's own.
        inputs: the most tokens of a source, end of sequence included.
        held_out: the share of the documents that is not trained on, but validated; which ones follows from their text.
        limit_tokens: the most tokens of the text that are trained on, the first ones; None for all.
        size: what counts as its number of examples in the mixture; None for how many there are.
        prepared: a folder that `t5eval prepare --text` made of the files; None for one of the run's own.
    """

    files: tuple[str, ...]
    objective: str = OBJECTIVES[0]
    noise_density: float | None = None
    mean_span: float | None = None
    inputs: int = 512
    held_out: float = 0.0
    limit_tokens: int | None = None
    size: int | None = None
    prepared: str | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TextData:
        """Returns what a table describes.

        Raises:
            UserError: a key is unknown or missing, or a value is not possible.
        """
        where = "[train.text]"
        whole, number = (int,), (int, float)
        known: dict[str, tuple[type, ...]] = {
            "files": (list, tuple), "objective": (str,), "noise_density": number, "mean_span": number, "inputs": whole,
            "held_out": number, "limit_tokens": whole, "size": whole, "prepared": (str,),
        }  # fmt: skip
        require_known(table, known, where)
        for key, value in table.items():
            if not isinstance(value, known[key]) or isinstance(value, bool):
                raise UserError(f"{where}: {key} has the wrong type: {value!r}")
        files = tuple(table.get("files", ()))
        if not files or not all(isinstance(file, str) for file in files):
            raise UserError(f"{where}: files must name at least one text file, got {list(files)}")
        data = cls(**{**table, "files": files})
        objective = FORMER_NAMES.get(data.objective, data.objective)
        if objective not in RECIPES:
            raise UserError(f"{where}: objective is one of {', '.join(OBJECTIVES)}, got {data.objective!r}")
        for key in ("size", "limit_tokens"):
            value = getattr(data, key)
            if value is not None and value < 1:
                raise UserError(f"{where}: {key} must be at least 1, got {value}")
        if not 0 <= data.held_out < 1:
            raise UserError(f"{where}: held_out is a share of the documents, from 0 to below 1, got {data.held_out}")
        return dataclasses.replace(data, objective=objective)

    def objective_of(self, tokenizer: Tokenizer) -> Objective:
        """Returns the objective with a tokenizer's ids.

        Raises:
            UserError: a setting is out of range or not the objective's, or the vocabulary has no sentinels.
        """
        from keras_model.data.objectives import Objective

        try:
            return Objective.of(self.objective, tokenizer, self.inputs, self.noise_density, self.mean_span)
        except ValueError as error:
            raise UserError(f"[train.text]: {error}") from None

    def require_fit(self, tokenizer: Tokenizer, row: tuple[int, int]) -> None:
        """Raises UserError if a row of so many tokens, source and target, has no room for an example."""
        found = self.objective_of(tokenizer)
        if row[0] < found.sources or row[1] < found.targets:
            enough = [max(row[0], found.sources), max(row[1], found.targets)]
            raise UserError(
                f"[train.text]: objective {self.objective} makes sources of {found.sources} tokens and targets of "
                f"{found.targets}, and a row has room for {row[0]} and {row[1]}; say pack = {enough}, or fewer inputs"
            )

    def blocks(self, tokenizer: Tokenizer, objective: Objective, seed: int) -> Blocks:
        """Yields the blocks of the documents to train on, in constant memory; see `text_blocks`.

        Raises:
            UserError: a file cannot be read.
        """
        from keras_model.data.text_files import text_blocks

        return text_blocks(self._documents(held_out=False), tokenizer, objective, seed, self.limit_tokens)

    def held_out_blocks(self, tokenizer: Tokenizer, objective: Objective) -> Blocks:
        """Yields those of the held-out part, which are the same in every run with these files and this objective.

        Raises:
            UserError: a file cannot be read.
        """
        from keras_model.data.text_files import text_blocks

        return text_blocks(self._documents(held_out=True), tokenizer, objective, HELD_OUT_SEED)

    def _documents(self, held_out: bool) -> Iterator[str]:
        from keras_model.data.text_files import is_held_out, read_documents

        try:
            for text in read_documents(self.files):
                if not self.held_out or is_held_out(text, self.held_out) == held_out:
                    yield text
        except ValueError as error:
            raise UserError(str(error)) from None
