"""Submissions to disk: the same answers give the same bytes, and nothing half-written is ever seen."""

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from task_specs.support.errors import UserError


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Returns a zip of `files` in their order that depends on nothing else: no times, no user's permissions."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever this runs
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data, compresslevel=6)
    return buffer.getvalue()


def folder_digest(files: Mapping[str, bytes]) -> str:
    """Returns the SHA-256 of what `sha256sum` prints for `files`, in their order."""
    listing = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    return hashlib.sha256(listing.encode()).hexdigest()


def write_file(path: Path, data: bytes) -> str:
    """Writes one file as `write_files` does, and returns its SHA-256."""
    write_files({path: data})
    return hashlib.sha256(data).hexdigest()


def write_folder(folder: Path, files: Mapping[str, bytes]) -> str:
    """Writes files into a folder as `write_files` does, and returns its `folder_digest`."""
    write_files({folder / file: data for file, data in files.items()})
    return folder_digest(files)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes files so that none is ever seen half-written: under temporary names beside them, synced, then renamed.

    Missing folders are made. Nothing is renamed before everything is written.

    Raises:
        UserError: a file cannot be written; what was written of it is removed again.
    """
    from keras_model.files.atomic import flush, temporary_path  # not needed to check what is there

    target = Path()
    try:
        with ExitStack() as stack:
            temporary: dict[Path, Path] = {}
            for target, data in files.items():
                if os.path.exists(target) and not os.path.isfile(target):
                    raise UserError(f"{target}: is no regular file and is not replaced; name another one")
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary[target] = stack.enter_context(temporary_path(target.parent))
                temporary[target].write_bytes(data)
                flush(temporary[target])
            for target, partial in temporary.items():
                os.replace(partial, target)
    except (OSError, ValueError) as error:
        raise UserError(f"{target}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
