"""Plugins of installed packages: which there are, without importing any."""

from functools import cache
from importlib import metadata

# Installed packages offer plugins under this entry point group: modules that register, as files of --plugin do.
ENTRY_POINT_GROUP = "t5eval.plugins"


@cache
def entry_points() -> tuple[metadata.EntryPoint, ...]:
    """Returns the entry points of all plugins, by package and name. The search takes longer than any other lookup."""
    points = metadata.entry_points(group=ENTRY_POINT_GROUP)
    return tuple(sorted(points, key=lambda point: (point.dist.name if point.dist else "", point.name)))
