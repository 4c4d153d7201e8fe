"""Leaderboards: submissions written, checked and read back. Imports task_specs, and `keras_model` to write."""

from leaderboards.cnn_dailymail import CNN_DAILYMAIL
from leaderboards.glue import GLUE
from leaderboards.leaderboard import Leaderboard, Written
from leaderboards.row_per_example import RowFault, RowPerExample
from leaderboards.squad import SQUAD
from leaderboards.super_glue import SUPER_GLUE
from leaderboards.verdict import Fault, Verdict, lines
from leaderboards.wmt import WMT
from task_specs import TaskSpec
from task_specs.plugins import load_installed, looked_up
from task_specs.support.errors import SpecError, did_you_mean

__all__ = [
    "Fault",
    "Leaderboard",
    "RowFault",
    "RowPerExample",
    "Verdict",
    "Written",
    "get",
    "lines",
    "names",
    "of_task",
    "register",
]

_LEADERBOARDS: dict[str, Leaderboard] = {
    leaderboard.name: leaderboard for leaderboard in (GLUE, SUPER_GLUE, SQUAD, CNN_DAILYMAIL, WMT)
}


def register(leaderboard: Leaderboard) -> Leaderboard:
    """Makes a leaderboard known by its name.

    Raises:
        SpecError: another one has it.
    """
    if leaderboard.name in _LEADERBOARDS:
        raise SpecError(f"leaderboard {leaderboard.name!r} is already there; give this one another name")
    _LEADERBOARDS[leaderboard.name] = leaderboard
    return leaderboard


def names() -> tuple[str, ...]:
    """Returns the names of all leaderboards."""
    load_installed()
    return tuple(_LEADERBOARDS)


def get(name: str) -> Leaderboard:
    """Returns the leaderboard called `name`.

    Raises:
        SpecError: there is none.
    """
    found = looked_up(lambda: _LEADERBOARDS.get(name), f"leaderboard {name!r}")
    if found is None:
        known = list(names())
        raise SpecError(f"unknown leaderboard {name!r}.{did_you_mean(name, known)} There is {', '.join(known)}")
    return found


def of_task(spec: TaskSpec) -> Leaderboard | None:
    """Returns the leaderboard that takes a task's answers, None if there is none."""

    def find() -> Leaderboard | None:
        return next((board for board in _LEADERBOARDS.values() if spec in board.tasks), None)

    return looked_up(find, f"leaderboard of {spec.name}")
