"""Leaderboards: their submissions written, checked and read back. Imports task_specs and the standard library only."""

from leaderboards.base import Leaderboard, Written, lines
from leaderboards.cnn_dailymail import CNN_DAILYMAIL
from leaderboards.glue import GLUE
from leaderboards.squad import SQUAD
from leaderboards.super_glue import SUPER_GLUE
from leaderboards.verdict import Fault, Verdict
from leaderboards.wmt import WMT
from task_specs.errors import SpecError, did_you_mean

__all__ = ["Fault", "Leaderboard", "Verdict", "Written", "get", "lines", "names", "register"]

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
    return tuple(_LEADERBOARDS)


def get(name: str) -> Leaderboard:
    """Returns the leaderboard called `name`.

    Raises:
        SpecError: there is none.
    """
    if name not in _LEADERBOARDS:
        raise SpecError(
            f"unknown leaderboard {name!r}.{did_you_mean(name, list(names()))} There is {', '.join(names())}"
        )
    return _LEADERBOARDS[name]
