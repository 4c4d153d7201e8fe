"""Plugins of installed packages, loaded when something is asked for that is not there without them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from task_specs.errors import SpecError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

# Installed packages offer plugins under this entry point group: modules that register, as files of --plugin do.
ENTRY_POINT_GROUP = "t5eval.plugins"

Found = TypeVar("Found")


@cache
def entry_points() -> tuple[EntryPoint, ...]:
    """Returns the entry points of all plugins, by package and name. The search takes longer than any other lookup."""
    from importlib import metadata

    points = metadata.entry_points(group=ENTRY_POINT_GROUP)
    return tuple(sorted(points, key=lambda point: (point.dist.name if point.dist else "", point.name)))


def load_installed() -> tuple[str, ...]:
    """Loads the installed plugins, each once; returns a line for each that is broken, and offers nothing."""
    points = entry_points()
    if not points:
        return ()
    # Whatever registers does it with t5eval: where there is a plugin, there is t5eval, too.
    broken: tuple[str, ...] = importlib.import_module("t5eval.plugins.loader").load_installed(points)
    return broken


def looked_up(find: Callable[[], Found | None], what: str) -> Found | None:
    """Returns what `find` finds, after loading the installed plugins if it finds nothing without them.

    Args:
        find: returns None for nothing.
        what: what is looked for, such as `task 'x'`.

    Raises:
        SpecError: it finds nothing, and a plugin that might offer it is broken.
    """
    found = find()
    if found is None:
        broken = load_installed()
        found = find()
        if found is None and broken:
            others = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            raise SpecError(f"no {what}, unless an installed plugin has it that is broken: {broken[0]}{others}")
    return found
