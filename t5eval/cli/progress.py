"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from t5eval.stages import shows_notes

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
        self.show = show and shows_notes()
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
        left = f", {duration((total - done) * seconds / made)} left" if total > done else ""
        return f"{made / seconds:,.0f} examples/s{left}"

    def __call__(self, done: int, total: int) -> None:
        if self._resumed_at is None:
            self._resumed_at = done  # what an earlier process did says nothing about this one's rate
        self._last = (done, total)
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, rate=self._rate(done, total))
        elif self.show and time.monotonic() - self._logged > LOG_EVERY_SECONDS:
            self._logged = time.monotonic()
            of = f" of {total:,}" if total > done else ""  # nobody may know how many there will be
            self._log(f"{done:,}{of}, {self._rate(done, total)}")

    def _log(self, text: str) -> None:
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)  # noqa: T201

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self.show and kind is None:
            self._log(f"{self._last[1]:,} examples in {duration(time.monotonic() - self._started)}")


class StepProgress:
    """Steps done, loss, speed and remaining time of a training run; called after each step with its numbers."""

    def __init__(self, steps: int, show: bool = True) -> None:
        self.steps = steps
        self.show = show and shows_notes()
        self._bar: Any = None
        self._task: Any = None
        self._started = self._logged = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> StepProgress:
        if self.show and sys.stderr.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            from t5eval.cli.options import console

            self._bar = Progress(
                TextColumn("training"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[numbers]}"),
                console=console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=self.steps, numbers="")
        return self

    def __call__(self, logs: Mapping[str, Any]) -> None:
        step = int(logs["step"])
        now = time.monotonic()
        if self._first is None:
            self._first, self._started = step, now
        left = ""
        if step > self._first:
            left = f", {duration((self.steps - step) * (now - self._started) / (step - self._first))} left"
        numbers = (
            f"loss {logs['loss']:.4f}, {logs['tokens_per_second']:,.0f} tokens/s, {logs['waiting']:.0%} waiting{left}"
        )
        if self._bar is not None:
            self._bar.update(self._task, completed=step, numbers=numbers)
        elif self.show and now - self._logged > LOG_EVERY_SECONDS:
            self._logged = now
            self.say(f"step {step:,} of {self.steps:,}: {numbers}")

    def say(self, text: str) -> None:
        """Prints a line above the bar, or into the log."""
        if self._bar is not None:
            self._bar.console.print(text)
        elif self.show:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
