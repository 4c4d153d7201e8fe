"""The hash of files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest_of(files: Iterable[Path], before: bytes = b"") -> str:
    """SHA-256, hexadecimal, of some bytes and of the SHA-256 of each file, in their order. Raises OSError."""
    digest = hashlib.sha256(before)
    for file in files:
        try:
            with open(file, "rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        except OSError as error:
            error.filename = str(file)
            raise
    return digest.hexdigest()
