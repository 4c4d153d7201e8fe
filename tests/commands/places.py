"""A folder in which commands are killed, and what is in it afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.commands import killing
from tests.forked import Forks

KILLS = int(os.environ.get("T5EVAL_TEST_KILLS", "1"))  # of each command
STALE = [False, True] if KILLS > 1 else [True]  # whether there is something to replace
SEED = 20
TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?")
TEMPORARY = re.compile(r"(^|/)\.writing-[0-9a-f]+\.tmp($|/)")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Place:
    """A folder with data, predictions and what a command writes.

    Attributes:
        folder: it.
        forks: what starts the commands.
    """

    folder: Path
    forks: Forks

    def run(self, arguments: list[str], last: int = 0) -> subprocess.CompletedProcess[bytes]:
        """Runs a command, which dies before its step `last`."""
        asked = {**os.environ, "LAST_STEP": str(last)}
        return self.forks.run([killing.__file__, self.folder, *arguments], asked, timeout=300)

    def steps_of(self, arguments: list[str]) -> int:
        """Runs a command to its end; returns how many steps it had."""
        done = self.run(arguments)
        assert done.returncode == 0, done.stderr
        return int(done.stderr.split()[-1])

    def files(self) -> Files:
        """Every file in it but logs; times in their texts are taken out."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
        return {
            str(path.relative_to(self.folder)): TIME.sub(b"TIME", path.read_bytes())
            for path in found
            if path.parent.name != "logs"
        }

    def whole_files(self) -> Files:
        """The files that have their names."""
        return {name: data for name, data in self.files().items() if not TEMPORARY.search(name)}

    def path(self, name: str) -> str:
        """A path in it."""
        return str(self.folder / name)

    def restore(self, copy: Path) -> None:
        """Puts a copy of the folder in its place."""
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder)
