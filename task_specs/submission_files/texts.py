"""Files of generated texts in a submission."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class TextFile:
    """A file of one text a line, in the order of the split.

    Attributes:
        file: the file's name.
        split: the split whose texts it holds.
    """

    file: str
    split: str = "test"
    kind: ClassVar[str] = "text"
