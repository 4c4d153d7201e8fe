"""Stories from a .tgz of unknown origin: its tar is read here, in order, within bounds, and nothing of it is unpacked.

An archive can claim anything: names that lead elsewhere, links, members of any size, a gigabyte in a kilobyte. This
reader knows one kind of member, a regular file called `PUBLISHER/stories/SHA1.story` of at most a few megabytes; it
skips the rest, and counts every byte that comes out of the decompressor.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from t5eval.support.errors import DataError

BLOCK = 512
MAX_STORY = 4 << 20  # the longest has some 100 KB
MAX_TOTAL = 8 << 30  # the Daily Mail's stories have 1 GB
MAX_MEMBERS = 2_000_000

_MEMBER = re.compile(rb"(?:\./)?(?:cnn|dailymail)/stories/([0-9a-f]{40})\.story")
_OCTAL = re.compile(rb"[ \0]*([0-7]{1,11})[ \0]*")


class _Hashed:
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.sha256.update(data)
        return data


class StoryArchive:
    """One archive: iterate it for (SHA-1 of the URL, story's bytes), in the archive's order.

    Args:
        path: the .tgz.

    Attributes:
        sha256: the file's hash, once it is through.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = ""
        self._total = 0

    def _fault(self, message: str) -> DataError:
        return DataError(f"{self.path}: {message}")

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        try:
            with self.path.open("rb") as file:
                hashed = _Hashed(file)
                with gzip.GzipFile(fileobj=cast(Any, hashed), mode="rb") as unpacked:
                    yield from self._members(unpacked)
                while hashed.read(1 << 20):  # what follows the archive's end belongs to the file's hash too
                    pass
                self.sha256 = hashed.sha256.hexdigest()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._fault(f"not a .tgz, or one that is damaged or cut off ({error})") from None
        except OSError as error:
            raise self._fault(f"cannot be read: {error.strerror or error}") from None

    def _take(self, file: gzip.GzipFile, size: int) -> bytes:
        data = file.read(size)
        self._total += len(data)
        if len(data) < size:
            raise self._fault("the archive ends early; it is cut off")
        if self._total > MAX_TOTAL:
            raise self._fault(f"unpacks to more than {MAX_TOTAL:,} bytes; CNN/DailyMail's archives are smaller")
        return data

    def _members(self, file: gzip.GzipFile) -> Iterator[tuple[str, bytes]]:
        seen: set[bytes] = set()
        for _ in range(MAX_MEMBERS):
            header = self._take(file, BLOCK)
            if not header.strip(b"\0"):
                return  # a block of zeros ends the archive
            name, size, kind = self._header(header)
            padded = -(-size // BLOCK) * BLOCK
            story = _MEMBER.fullmatch(name)
            if story is None or kind not in (b"0", b"\0"):
                for start in range(0, padded, 1 << 20):
                    self._take(file, min(1 << 20, padded - start))
                continue
            if size > MAX_STORY:
                raise self._fault(f"story {story.group(1).decode()} has {size:,} bytes; none has over {MAX_STORY:,}")
            if story.group(1) in seen:
                raise self._fault(f"story {story.group(1).decode()} comes twice; which one counts is anybody's guess")
            seen.add(story.group(1))
            yield story.group(1).decode(), self._take(file, padded)[:size]
        raise self._fault(f"holds more than {MAX_MEMBERS:,} files; CNN/DailyMail's archives hold fewer")

    def _header(self, header: bytes) -> tuple[bytes, int, bytes]:
        """Returns a member's name, size and kind (POSIX.1-1988, ustar)."""
        checksum, size = _OCTAL.fullmatch(header[148:156]), _OCTAL.fullmatch(header[124:136])
        found = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
        if checksum is None or int(checksum.group(1), 8) != found or size is None:
            raise self._fault("not a tar archive, or a damaged one (a header's checksum is wrong)")
        name = header[:100].split(b"\0", 1)[0]
        prefix = header[345:500].split(b"\0", 1)[0] if header[257:262] == b"ustar" else b""
        return (prefix + b"/" + name if prefix else name), int(size.group(1), 8), header[156:157]
