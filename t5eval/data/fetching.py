"""A file from its address onto the disk: what came before a break is kept, and only what is whole gets its name."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from t5eval.support.errors import DataError
from task_specs.sources.download import Download

if TYPE_CHECKING:
    import httpx2

MIRROR_VARIABLE = "T5EVAL_MIRROR"
ATTEMPTS = 5
PAUSE_SECONDS = 0.25  # before the second attempt; then twice as long each time
TIMEOUT_SECONDS = 30.0  # without a byte
MAX_BYTES = 4 << 30  # of a file whose size its row does not say; the largest that is known has 0.4 GB
AGAIN = {408, 425, 429, 500, 502, 503, 504}  # statuses that may pass


class Stopped(Exception):
    """Another file failed, or the user stopped."""


class _Passing(Exception):
    """A failure after which a further attempt may do."""


def address(download: Download) -> str:
    """Returns where a file is fetched from: at its mirror under host and path, if `T5EVAL_MIRROR` names one."""
    mirror = os.environ.get(MIRROR_VARIABLE)
    if not mirror:
        return download.url
    parts = urlsplit(download.url)
    return f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


@contextmanager
def client() -> Iterator[httpx2.Client]:
    """Opens what fetches: redirects and the environment's proxies are followed."""
    import httpx2

    limits = httpx2.Limits(max_connections=16)
    with httpx2.Client(follow_redirects=True, timeout=TIMEOUT_SECONDS, limits=limits) as opened:
        yield opened


def fetch(
    http: httpx2.Client,
    download: Download,
    partial: Path,
    advance: Callable[[int], None],
    stop: threading.Event,
) -> str:
    """Fetches a file into `partial`, from where an earlier try ended, and returns its SHA-256.

    Args:
        http: what fetches.
        partial: where it grows; beside it, with the ending `.etag`, which version of it that is.
        advance: told how many bytes came; negative where some came for nothing.
        stop: ends the work when it is set.

    Raises:
        DataError: it cannot be had, or is not the file that its row declares.
        Stopped: `stop` is set.
    """
    import httpx2

    url = address(download)
    for attempt in range(ATTEMPTS):
        try:
            _continue(http, url, download, partial, advance, stop)
            break
        except httpx2.UnsupportedProtocol:
            raise DataError(f"{url}: an address begins with https:// or http://; see {MIRROR_VARIABLE}") from None
        except (httpx2.TransportError, _Passing) as error:
            reason = str(error) or type(error).__name__
            if attempt == ATTEMPTS - 1:
                raise DataError(
                    f"{url}: {reason}, {ATTEMPTS} times; what came so far is kept, the same command goes on"
                ) from None
            if stop.wait(PAUSE_SECONDS * 2**attempt):
                raise Stopped from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise DataError(f"{url}: {error}") from None
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if download.sha256 not in (None, found):
        advance(-partial.stat().st_size)
        remove(partial)
        raise DataError(
            f"{url}: not the official file: its SHA-256 is {found}, not {download.sha256}; if its makers changed it, "
            "please report that"
        )
    return found


def remove(partial: Path) -> None:
    """Removes what came of a file."""
    for path in (partial, _tag(partial)):
        path.unlink(missing_ok=True)


def _tag(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.etag")


def _continue(
    http: httpx2.Client,
    url: str,
    download: Download,
    partial: Path,
    advance: Callable[[int], None],
    stop: threading.Event,
) -> None:
    """Fetches what is still missing of a file; one whose server has changed it begins anew.

    Raises:
        DataError: it is not there, or larger than it may be.
        _Passing: the server is busy, or ends the answer early.
    """
    have = partial.stat().st_size if partial.is_file() else 0
    tag = _tag(partial).read_text() if _tag(partial).is_file() else ""
    if have and have == download.size:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have and tag else {}
    with http.stream("GET", url, headers={**headers, "Accept-Encoding": "identity"}) as answer:
        if answer.status_code == 416:
            remove(partial)
            raise _Passing("the server has less than came before")
        if answer.status_code in AGAIN:
            _wait(answer.headers.get("Retry-After"), stop)
            raise _Passing(f"the server answers {answer.status_code} {answer.reason_phrase}")
        if answer.status_code not in (200, 206):
            raise DataError(f"{url}: the server answers {answer.status_code} {answer.reason_phrase}")
        resumed = answer.status_code == 206
        if not resumed and have:
            advance(-have)
            have = 0
        # A weak tag does not promise the same bytes.
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        _tag(partial).write_text("" if tag.startswith("W/") else tag)
        whole = have + int(answer.headers.get("Content-Length") or -have - 1)
        with partial.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_raw():  # as it comes, so that a break loses nothing
                if stop.is_set():
                    raise Stopped
                file.write(chunk)
                have += len(chunk)
                advance(len(chunk))
                if have > (download.size or MAX_BYTES):
                    raise _too_large(url, download, partial)
    if 0 <= whole != have:
        raise _Passing(f"the server ended after {have:,} of {whole:,} bytes")
    if download.size not in (None, have):
        remove(partial)
        raise DataError(f"{url}: not the official file: it has {have:,} bytes, not {download.size:,}")


def _too_large(url: str, download: Download, partial: Path) -> DataError:
    remove(partial)
    if download.size:
        return DataError(f"{url}: not the official file: it has more than {download.size:,} bytes")
    return DataError(f"{url}: more than {MAX_BYTES:,} bytes, the most that is taken")


def _wait(seconds: str | None, stop: threading.Event) -> None:
    """Waits as long as a server asks, up to half a minute. Raises Stopped if `stop` is set meanwhile."""
    if seconds and seconds.isdigit() and stop.wait(min(int(seconds), 30)):
        raise Stopped
