"""What reading a split found."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Summary:
    """What reading a split found.

    Attributes:
        files: the files read, relative to the data directory, each with the SHA-256 of its bytes; of a copy, its name
            and version, with the SHA-256 of its examples in canonical form.
        examples: how many examples came out.
        dropped: how many rows the official reader drops too.
        labels: how many examples each class has, empty for numbers and texts.
        notes: what a user should know of this data: dropped rows, counts other than the official ones.
    """

    files: dict[str, str] = field(default_factory=dict)
    examples: int = 0
    dropped: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files' hashes, in the order of their names."""
        text = "".join(f"{name}\0{digest}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Returns the summary as JSON data."""
        return {"sha256": self.fingerprint, **vars(self), "labels": dict(self.labels), "notes": list(self.notes)}
