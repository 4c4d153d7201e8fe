"""Texts and JSON documents that are written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from keras_model.files.atomic import replacing


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 file in one step; half surrogates, as in names of files that are not UTF-8, become `?`."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="replace"))


def write_json(path: Path, document: Any) -> None:
    """Writes a JSON file in one step; NaN is refused."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="backslashreplace"))  # half surrogates, in JSON's own escapes
