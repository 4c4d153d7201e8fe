"""`t5eval data get`: the official files of tasks, from where their rows say they are, into a data directory."""

from __future__ import annotations

import filecmp
import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_model.files.atomic import Held, held, replacing, temporary_path
from t5eval.data.fetching import Stopped, client, fetch, remove
from t5eval.data.recipes import RECIPES
from t5eval.data.unpacking import unpack
from t5eval.support.errors import DataError
from t5eval.support.strict_json import parse_json
from task_specs import TaskSpec
from task_specs.sources.download import Download
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    import httpx2

AT_ONCE = 4
PARTS = ".downloads"  # what came of files that are not whole yet
RECORD = "downloads.json"  # what was fetched: address to SHA-256, size and files


@dataclass(frozen=True)
class Fetched:
    """A file that is there now.

    Attributes:
        download: what its row says of it.
        sha256: of the bytes that came.
        files: what there is of it, below the data directory.
        new: whether it was fetched just now.
    """

    download: Download
    sha256: str
    files: tuple[str, ...]
    new: bool


def get(
    specs: Sequence[TaskSpec],
    folder: Path,
    *,
    say: Callable[[str], None] = lambda line: None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> list[Fetched]:
    """Fetches what is not there yet, several files at once; nothing that is there is written over.

    Args:
        folder: the data directory; made if absent.
        say: told the terms of what will be fetched, a line each.
        advance: told how many bytes came, of how many; the total counts what rows know.

    Returns:
        Each file once, in the rows' order.

    Raises:
        UserError: a row does not say where its files come from, one cannot be had or is not the official one, another
            file is in its place, or another process fetches into this folder.
    """
    silent = [spec.name for spec in specs if not spec.downloads]
    if silent:
        raise UserError(f"{', '.join(silent)}: its row has no [[downloads]], so it is not known where its files are")
    wanted = list(dict.fromkeys(download for spec in specs for download in spec.downloads))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with held(folder / f"{PARTS}.lock"):
            return _Work(folder, advance).run(wanted, say)
    except Held as error:
        raise DataError(f"{folder}: process {error} is fetching into it; wait until it has ended") from None


class _Work:
    """One fetching into a folder that this process holds."""

    def __init__(self, folder: Path, advance: Callable[[int, int], None]) -> None:
        self.folder = folder
        self.advance = advance
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.record = _read_record(folder / RECORD)
        self.done = self.total = 0

    def run(self, wanted: Sequence[Download], say: Callable[[str], None]) -> list[Fetched]:
        there = {download: self._there(download) for download in wanted}
        missing = [download for download in wanted if there[download] is None]
        for terms in dict.fromkeys(download.terms for download in missing if download.terms):
            say(terms)
        self.total = sum(download.size or 0 for download in missing)
        (self.folder / PARTS).mkdir(exist_ok=True)
        with client() as http, ThreadPoolExecutor(AT_ONCE) as pool:
            futures: dict[Download, Future[Fetched]] = {d: pool.submit(self._get, http, d) for d in missing}
            try:
                wait(futures.values(), return_when=FIRST_EXCEPTION)
            finally:
                self.stop.set()  # does nothing where all have ended; after Ctrl-C, too, files end at their next bytes
        failed = [e for future in futures.values() if (e := future.exception()) and not isinstance(e, Stopped)]
        if failed:
            raise failed[0]
        found = [there[download] or futures[download].result() for download in wanted]
        for download in wanted:
            if not download.then:
                continue
            folder = (self.folder / download.to).parent
            entry = self.record.setdefault(download.url, {})
            if not entry.get("made") or not all((folder / name).is_file() for name in entry["made"]):
                made = RECIPES[download.then](folder)
                with temporary_path(folder) as temporary:
                    temporary.mkdir()
                    for name, content in made.items():
                        (temporary / name).write_bytes(content)
                    _move(temporary, folder)
                entry["made"] = sorted(made)
                _write_record(self.folder / RECORD, self.record)
        return found

    def _there(self, download: Download) -> Fetched | None:
        """Returns what is there of a file; None where it is still to be fetched.

        Raises:
            DataError: another file is in its place.
        """
        recorded = self.record.get(download.url)
        if recorded and recorded.get("files") and all((self.folder / name).is_file() for name in recorded["files"]):
            return Fetched(download, recorded["sha256"], tuple(recorded["files"]), new=False)
        target = self.folder / download.to
        if download.keep or not target.is_file():
            return None
        with target.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if download.sha256 is None or download.sha256 == found:
            return Fetched(download, found, (download.to,), new=False)
        raise _in_the_way(target)

    def _get(self, http: httpx2.Client, download: Download) -> Fetched:
        partial = self.folder / PARTS / hashlib.sha256(download.url.encode()).hexdigest()[:16]
        if partial.is_file():
            self._came(partial.stat().st_size)
        if self.stop.is_set():
            raise Stopped
        try:
            sha256 = fetch(http, download, partial, self._came, self.stop)
            files = self._place(download, partial)
        except BaseException:
            self.stop.set()
            raise
        with self.lock:
            self.record[download.url] = {"sha256": sha256, "files": list(files)}
            _write_record(self.folder / RECORD, self.record)
        remove(partial)
        return Fetched(download, sha256, files, new=True)

    def _came(self, size: int) -> None:
        with self.lock:
            self.done += size
            self.advance(self.done, max(self.total, self.done))

    def _place(self, download: Download, partial: Path) -> tuple[str, ...]:
        """Gives a whole file, or an archive's members, their names.

        Raises:
            DataError: the archive cannot be used, or another file is in the way.
        """
        target = self.folder / download.to
        if not download.keep:
            with replacing(target) as temporary:
                partial.replace(temporary)
            return (download.to,)
        target.mkdir(parents=True, exist_ok=True)
        with temporary_path(target) as temporary:
            temporary.mkdir()
            names = unpack(partial, download.keep, temporary, download.url, download.folders_of)
            _move(temporary, target)
        return tuple(f"{download.to}/{name}" for name in names)


def _move(made: Path, target: Path) -> None:
    """Moves a folder's files into another, all or none.

    Raises:
        DataError: a file of other content is in the way of one.
    """
    files = [path.relative_to(made) for path in made.rglob("*") if path.is_file()]
    for path in files:
        if (target / path).exists() and not filecmp.cmp(target / path, made / path, shallow=False):
            raise _in_the_way(target / path)
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).replace(target / path)


def _in_the_way(path: Path) -> DataError:
    return DataError(f"{path}: is there, and is not the official file; move it away, or name another folder with --to")


def _read_record(path: Path) -> dict[str, Any]:
    try:
        found = parse_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; remove it to fetch all anew") from None
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise DataError(f"{path}: not what `t5eval data get` writes; remove it to fetch all anew")
    return found


def _write_record(path: Path, record: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
