"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

LOG_EVERY_SECONDS = 30.0


def duration(seconds: float) -> str:
    """Returns a time as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class SplitProgress:
    """Examples done, rate and remaining time of one split; called after each batch with (done, total)."""

    def __init__(self, name: str, show: bool = True) -> None:
        self.name = name
        self.show = show
        self._bar: Any = None
        self._task: Any = None
        self._started = time.monotonic()
        self._logged = self._started
        self._resumed_at: int | None = None
        self._last = (0, 0)

    def __enter__(self) -> SplitProgress:
        if self.show and sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            from t5eval.cli.options import console

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                console=console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self.name, total=None, rate="")
        return self

    def _rate(self, done: int, total: int) -> str:
        seconds = time.monotonic() - self._started
        made = done - (self._resumed_at or 0)
        if made <= 0 or seconds <= 0:
            return ""
        return f"{made / seconds:,.0f} examples/s, {duration((total - done) * seconds / made)} left"

    def __call__(self, done: int, total: int) -> None:
        if self._resumed_at is None:
            self._resumed_at = done  # what an earlier process did says nothing about this one's rate
        self._last = (done, total)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, rate=self._rate(done, total))
        elif self.show and time.monotonic() - self._logged > LOG_EVERY_SECONDS:
            self._logged = time.monotonic()
            self._log(f"{done:,} of {total:,}, {self._rate(done, total)}")

    def _log(self, text: str) -> None:
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)  # noqa: T201

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self.show and kind is None:
            self._log(f"{self._last[1]:,} examples in {duration(time.monotonic() - self._started)}")
