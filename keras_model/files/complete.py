"""Writing files so that each appears under its name only when it is complete."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_model.files.temporary import temporary_folder


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file near `path`, renamed to it if the block ends well and removed if not.

    The file has the permissions that the user's umask gives, whatever those are with which the block makes it
    (safetensors makes its files readable for their owner alone).
    """
    with temporary_folder(path.parent) as folder:
        temporary = folder / path.name
        temporary.touch()
        mode = stat.S_IMODE(temporary.stat().st_mode)
        yield temporary
        temporary.chmod(mode)
        os.replace(temporary, path)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Writes an object as JSON, names in alphabetical order."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
