"""Progress on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from t5eval.support.stages import note, shows_notes
from t5eval.support.visible import for_reader, one_line

if TYPE_CHECKING:
    from t5eval.api.evaluate import Plan

LOG_EVERY_SECONDS = 30.0
REFRESH_SECONDS = 0.1
STAGE_AFTER_SECONDS = 2.0
ESTIMATE_AFTER_SECONDS = 10.0
NAME_COLUMNS = 26
_SHOWN: list[SplitProgress | StepProgress] = []  # of one within another the outer one


def duration(seconds: float) -> str:
    """Returns a time as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _stderr() -> TextIO:
    """Returns stderr; the process's own as a copy, which shows what is printed while a library is kept silent."""
    if sys.stderr is not sys.__stderr__ or sys.__stderr__ is None:
        return sys.stderr
    return open(os.dup(sys.__stderr__.fileno()), "w", encoding="utf-8", errors="backslashreplace")


def _bar(stream: TextIO, counts: bool = True) -> Any:
    """Returns a bar for a terminal, which takes the room that the texts beside it leave.

    Where there is little room, the name is cut first, then the speed, and never how much is done of how much.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    name = TextColumn("{task.description}", markup=False, table_column=_cut(NAME_COLUMNS))
    whole = Column(no_wrap=True, justify="right")
    numbers = TextColumn("{task.fields[numbers]}", markup=False, table_column=_cut())
    beside = [MofNCompleteColumn(table_column=whole), numbers] if counts else [TimeElapsedColumn(table_column=whole)]
    console = Console(file=stream, highlight=False)
    bar = BarColumn(bar_width=None, table_column=Column(min_width=4))
    return Progress(name, bar, *beside, console=console, expand=True)


def _cut(columns: int | None = None) -> Any:
    """Returns a column that is cut, and not broken, where it has not the room."""
    from rich.table import Column

    return Column(no_wrap=True, overflow="ellipsis", max_width=columns)


class SplitProgress:
    """Things done, rate and remaining time of one split, or of another stage; called with (done, total).

    Args:
        name: the split or stage.
        show: whether to show anything.
        unit: what is counted; empty if nothing is.
        after: seconds after which it appears on a terminal; in a log it does with its first line. Defaults to 0, at
            once.
    """

    def __init__(self, name: str, show: bool = True, unit: str = "examples", after: float = 0.0) -> None:
        self.name = one_line(name)
        self.show = show and shows_notes()
        self.unit = unit
        self.after = after
        self._stream: TextIO = sys.stderr
        self._bar: Any = None
        self._task: Any = None
        self._begun = False
        self._ended = threading.Event()
        self._watch: threading.Thread | None = None
        self._started = self._logged = time.monotonic()
        self._resumed_at: int | None = None
        self._last = (0, 0)
        self._outer: SplitProgress | StepProgress | None = None

    def __enter__(self) -> SplitProgress:
        if self.show and _SHOWN:
            self.show, self._outer = False, _SHOWN[-1]
            self._outer.within(self.name)
        if not self.show:
            return self
        _SHOWN.append(self)
        self._stream = _stderr()
        if self.after:
            self._watch = threading.Thread(target=self._appear_later, daemon=True)
            self._watch.start()
        else:
            self._appear()
        return self

    def _appear_later(self) -> None:
        """Appears when it has taken long enough, in a log with the first of its lines."""
        if self._stream.isatty():
            if not self._ended.wait(self.after):
                self._appear()
            return
        while not self._ended.wait(LOG_EVERY_SECONDS):
            self._appear()
            self._log(self._state())

    def _appear(self) -> None:
        self._begun = True
        if self._stream.isatty():
            bar = _bar(self._stream, bool(self.unit))
            bar.start()
            done, total = self._last
            self._task = bar.add_task(self.name, completed=done, total=total or None, numbers="")
            self._bar = bar

    def _rate(self, done: int, total: int) -> str:
        seconds = time.monotonic() - self._started
        made = done - (self._resumed_at or 0)
        if made <= 0 or seconds <= 0:
            return ""
        left = f", {duration((total - done) * seconds / made)} left" if total > done else ""
        rate = made / seconds
        return f"{rate:,.0f}/s{left}" if rate >= 10 else f"{rate:.1f}/s{left}"

    def _state(self) -> str:
        done, total = self._last
        if not self.unit:
            return f"{duration(time.monotonic() - self._started)} so far"
        of = f" of {total:,}" if total > done else ""  # nobody may know how many there will be
        rate = self._rate(done, total)
        return f"{done:,}{of} {self.unit}" + (f", {rate}" if rate else "")

    def __call__(self, done: int, total: int) -> None:
        if self._resumed_at is None:
            self._resumed_at = done  # what an earlier process did says nothing about this one's rate
        self._last = (done, total)
        if self._outer is not None:
            self._outer.within(f"{self.name}: {self._state()}")
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, numbers=self._rate(done, total))
        elif self.show and not self.after and time.monotonic() - self._logged > LOG_EVERY_SECONDS:
            self._logged = time.monotonic()
            self._log(self._state())

    def within(self, text: str) -> None:
        """Is told of a stage within this one, which is no news: this one goes on."""

    def _log(self, text: str) -> None:
        print(f"{self.name}: {text}", file=self._stream, flush=True)

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if not self.show:
            return
        self._ended.set()
        if self._watch is not None:
            self._watch.join()
        _SHOWN.remove(self)
        if self._bar is not None:
            self._bar.stop()
        elif self._begun and kind is None:
            counted = f"{self._last[1]:,} {self.unit}" if self._last[1] else "done"
            self._log(f"{counted} in {duration(time.monotonic() - self._started)}")
        if self._stream is not sys.stderr:
            self._stream.close()


def stage_progress(name: str, unit: str) -> SplitProgress:
    """Returns the display of a stage that may be over before there is anything to show."""
    return SplitProgress(name, unit=unit, after=STAGE_AFTER_SECONDS)


class RunProgress:
    """What `evaluate` says of a whole run: how many examples it answers and, once it has begun, how long that takes."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._total = self._done = 0
        self._made = 0
        self._started: float | None = None

    def plan(self, plan: Plan) -> None:
        """Is told what will be answered, and says it when that begins: until then the command may be refused."""
        self._plan = plan
        self._total = sum(plan.examples.values())

    def _say_plan(self) -> None:
        plan, self._plan = self._plan, None
        if plan is None:
            return
        parts = ", ".join(f"{name} {count:,}" for name, count in plan.examples.items())
        several = f" of {len(plan.examples)} splits" if len(plan.examples) > 1 else ""
        note(for_reader(f"answering {self._total:,} examples{several}: {parts}", sys.stderr))
        if plan.unlabelled:
            names = ", ".join(plan.unlabelled)
            text = f"left out, having no labels (--for submit or --split test answers them): {names}"
            note(for_reader(text, sys.stderr))

    @contextmanager
    def split(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Opens the display of a split."""
        first: int | None = None
        before = self._done

        with SplitProgress(name) as shown:

            def advance(done: int, total: int) -> None:
                nonlocal first
                self._say_plan()
                first = done if first is None else first  # what an earlier process did took no time of this one's
                shown(done, total)
                self._done = before + done
                self._estimate(done - first)
                if done == total:
                    self._made += done - first

            yield advance

    def _estimate(self, made: int) -> None:
        """Says once how long all of it takes, when some of it is done."""
        if self._started is None:
            self._started = time.monotonic()
        seconds = time.monotonic() - self._started
        made += self._made
        left = self._total - self._done
        if made and left > 0 and ESTIMATE_AFTER_SECONDS <= seconds < math.inf:
            self._started = -math.inf
            note(f"about {duration(left * seconds / made)} for the {left:,} examples that are left, at this rate")


class StepProgress:
    """Steps done, loss, speed and remaining time of a training run; called after each step with its numbers.

    It appears with the first step: what comes before has its own stages.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.show = shows_notes()
        self._bar: Any = None
        self._task: Any = None
        self._started = self._logged = time.monotonic()
        self._first: int | None = None
        self._step = 0
        self._shown = -math.inf

    def __enter__(self) -> StepProgress:
        return self

    def _appear(self) -> None:
        _SHOWN.append(self)
        if sys.stderr.isatty():
            self._bar = _bar(sys.stderr)
            self._bar.start()
            self._task = self._bar.add_task("training", total=self.steps, numbers="")

    def __call__(self, logs: Mapping[str, Any]) -> None:
        step = int(logs["step"])
        now = time.monotonic()
        if self._first is None:
            self._first, self._started = step, now
            if self.show:
                self._appear()
        self._step = step
        # What is not shown is not looked at: on an accelerator, that would wait for the end of the step.
        if now - self._shown < (REFRESH_SECONDS if self._bar else LOG_EVERY_SECONDS) and step < self.steps:
            return
        self._shown, left = now, ""
        if step > self._first:
            left = f", {duration((self.steps - step) * (now - self._started) / (step - self._first))} left"
        speed = f"{logs['tokens_per_second']:,.0f} tokens/s, {logs['waiting']:.0%} waiting"
        rest = f"{logs['tokens']:,} tokens, rate {logs['learning_rate']:.3g}, gradient {logs['gradient_norm']:.3g}"
        numbers = f"loss {logs['loss']:.4f}{left}, {speed}, {rest}"  # what comes last is cut first
        self._tell(numbers)

    def within(self, text: str) -> None:
        """Shows what is done between two steps, such as a validation."""
        self._tell(text)

    def _tell(self, text: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self._step, numbers=text)
        elif self.show and time.monotonic() - self._logged > LOG_EVERY_SECONDS:
            self._logged = time.monotonic()
            self.say(f"step {self._step:,} of {self.steps:,}: {text}")

    def say(self, text: str) -> None:
        """Prints a line above the bar, or into the log."""
        text = one_line(text)
        if self._bar is not None:
            self._bar.console.print(text, markup=False)
        elif self.show:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def __exit__(self, *raised: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self in _SHOWN:
            _SHOWN.remove(self)
