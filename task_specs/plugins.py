"""What is asked for and not there may come from a plugin: the harness says here how its plugins are loaded."""

from collections.abc import Callable
from typing import TypeVar

from task_specs.support.errors import SpecError

Found = TypeVar("Found")

_loaders: list[Callable[[], tuple[str, ...]]] = []


def install(loader: Callable[[], tuple[str, ...]]) -> None:
    """Makes known what loads plugins: called when a name is not found, it returns a line for each broken plugin."""
    _loaders.append(loader)


def load_installed() -> tuple[str, ...]:
    """Loads the installed plugins, each once; returns a line for each that is broken, and offers nothing."""
    return tuple(line for loader in _loaders for line in loader())


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
