"""Blocks go through parallel processes and come out in the same order, a bounded number of them at a time."""

from __future__ import annotations

import collections
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import TYPE_CHECKING

from t5eval.preparation.blocks import Block, tokenise_block
from t5eval.support.plugin_record import files
from task_specs import Example, TaskSpec
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.tokenizers.tokenizer import Tokenizer

SECONDS_BEFORE_PROCESSES = 0.5
"""For so long the work is done here; what takes no longer is done before processes would have started."""

PATIENCE = 2.0
"""Seconds that a result is waited for before a look whether the processes live."""


class Workers:
    """Processes that tokenise; they start when there is enough to do, and end with the block.

    Args:
        tokenizer: makes the ids.
        count: how many processes; with 1 all is done in this one.
    """

    def __init__(self, tokenizer: Tokenizer, count: int) -> None:
        self.tokenizer = tokenizer
        self.count = count
        self._seconds_here = 0.0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def tokenise(self, spec: TaskSpec, split: str, blocks: Iterable[list[Example]]) -> Iterator[Block]:
        """Yields the blocks' token ids. Raises UserError if a process was killed."""
        waiting: collections.deque[Future[Block]] = collections.deque()
        for block in blocks:
            if self.count == 1 or self._seconds_here < SECONDS_BEFORE_PROCESSES:
                started = time.monotonic()
                yield tokenise_block(spec, split, block, self.tokenizer)
                self._seconds_here += time.monotonic() - started
                continue
            waiting.append(self._submit(spec, split, block))
            if len(waiting) > 2 * self.count:
                yield self._result(waiting.popleft())
        while waiting:
            yield self._result(waiting.popleft())

    def _result(self, future: Future[Block]) -> Block:
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                self._end_if_one_died()
            except BrokenProcessPool:
                raise _killed() from None

    def _end_if_one_died(self) -> None:
        """Ends a pool that a dead process blocks.

        A process that is killed while it hands over a result leaves half of it in the pipe, and the executor waits for
        the rest for ever. With all processes gone and our own end of the pipe closed, it sees the pipe's end instead.
        """
        assert self._pool is not None
        processes = list((self._pool._processes or {}).values())
        if any(not process.is_alive() for process in processes):
            for process in processes:
                process.kill()
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]

    def _submit(self, spec: TaskSpec, split: str, block: list[Example]) -> Future[Block]:
        if self._pool is None:
            # Not forked: TensorFlow's threads would not survive that.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.count, context, _start, (self.tokenizer, files()))
        try:
            return self._pool.submit(_work, spec, split, block)
        except BrokenProcessPool:
            raise _killed() from None


def _killed() -> UserError:
    return UserError(
        "a process that prepares examples was killed, or could not start; if memory is short, use fewer --workers"
    )


_tokenizer: Tokenizer


def _start(tokenizer: Tokenizer, plugins: tuple[str, ...]) -> None:
    global _tokenizer
    if plugins:
        from t5eval.plugins.loader import load

        for path in plugins:  # what the parent sends is made of their classes
            load(path)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tokenizer.threads = 1
    _tokenizer = tokenizer


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(spec: TaskSpec, split: str, block: list[Example]) -> Block:
    return tokenise_block(spec, split, block, _tokenizer)
