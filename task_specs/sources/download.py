"""Where a task's official files come from."""

import re
from dataclasses import dataclass

from task_specs.support.errors import SpecError


@dataclass(frozen=True)
class Download:
    """A file as its makers offer it, and where it goes.

    Attributes:
        url: its address.
        to: below the data directory, the file; of an archive that is unpacked, the folder.
        keep: of an archive (.zip, .tgz) that is unpacked, which members, as patterns such as `RTE/*.tsv`; they go
            into `to` without the folders that they are in, but see `folders_of`. Empty for a file that stays as it is.
        size: its size in bytes, None if it is not known for sure.
        sha256: its SHA-256 in hexadecimal digits, None if it is not known for sure.
        then: what the task's own files are made of it by, a key of `RECIPES` in `t5eval/data/recipes.py`.
        terms: in a line, under which terms its makers offer it.
        folders_of: the folder of an archive within which members keep the folders that they are in.
    """

    url: str
    to: str
    keep: tuple[str, ...] = ()
    size: int | None = None
    sha256: str | None = None
    then: str = ""
    terms: str = ""
    folders_of: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", tuple(self.keep))
        if not re.match(r"https?://[^/]+/", self.url):
            raise SpecError(f"download: an address begins with https:// or http://, got {self.url!r}")
        if not self.to or self.to.startswith("/") or ".." in self.to.split("/"):
            raise SpecError(f"download: 'to' is a path below the data directory, got {self.to!r}")
        if self.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise SpecError(f"download: sha256 is 64 hexadecimal digits, got {self.sha256!r}")
