"""Blocks of examples become token ids in parallel processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from t5eval.preparation.blocks import Block, tokenise_block
from t5eval.support.plugin_record import files
from t5eval.support.processes import Processes
from task_specs import Example, TaskSpec

if TYPE_CHECKING:
    from keras_model.tokenizers.tokenizer import Tokenizer


class Workers(Processes):
    """Processes that tokenise.

    Args:
        tokenizer: makes the ids.
        count: how many processes; with 1 all is done in this one.
    """

    def __init__(self, tokenizer: Tokenizer, count: int) -> None:
        super().__init__(count, _start, (tokenizer, files()))
        self.tokenizer = tokenizer

    def tokenise(self, spec: TaskSpec, split: str, blocks: Iterable[list[Example]]) -> Iterator[Block]:
        """Yields the blocks' token ids. Raises UserError if a process was killed."""

        def here(spec: TaskSpec, split: str, block: list[Example]) -> Block:
            return tokenise_block(spec, split, block, self.tokenizer)

        return self.map(_work, ((spec, split, block) for block in blocks), here)


_tokenizer: Tokenizer


def _start(tokenizer: Tokenizer, plugins: tuple[str, ...]) -> None:
    global _tokenizer
    if plugins:
        from t5eval.plugins.loader import load

        for path in plugins:  # what the parent sends is made of their classes
            load(path)
    tokenizer.threads = 1
    _tokenizer = tokenizer


def _work(spec: TaskSpec, split: str, block: list[Example]) -> Block:
    return tokenise_block(spec, split, block, _tokenizer)
