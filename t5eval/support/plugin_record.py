"""Which plugins this process runs with, as results say it, and which one is being loaded."""

from dataclasses import dataclass
from pathlib import Path

LOADED: dict[str, str] = {}
"""Each plugin's name to its SHA-256: of a file its path, hashed with what it imports from its folder; of a package
`NAME VERSION: MODULE` and all its modules."""


@dataclass(frozen=True)
class Plugin:
    """A plugin.

    Attributes:
        shown: what messages call it: the path as it was given, or as `name`.
        name: what results call it, see `LOADED`.
        sha256: of its code.
        place: its file, or its package's folder.
    """

    shown: str
    name: str
    sha256: str
    place: Path


def files() -> tuple[str, ...]:
    """Returns the paths of the plugins that are files, in the order in which they were loaded."""
    return tuple(name for name in LOADED if Path(name).is_file())


LOADING: list[Plugin] = []
"""The plugin that is being loaded, last; empty where none is."""
