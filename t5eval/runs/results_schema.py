"""Whether a document is what the published schema of results.json says, `schema/results.schema.json` beside this."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from task_specs.support.errors import quoted

if TYPE_CHECKING:
    import jsonschema

_FILE = Path(__file__).parent / "schema" / "results.schema.json"


def fault_of(document: Any, whole: bool) -> str:
    """Returns where a document does not follow the schema and how, empty if it does.

    Args:
        document: parsed JSON.
        whole: whether every key that the schema requires must be there.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(whole).iter_errors(document))
    if error is None:
        return ""
    place = "".join(f"[{quoted(part, 40) if isinstance(part, str) else part}]" for part in error.absolute_path)
    return f"{place or 'the document'}: {_short(error.message)}"


def _short(message: str) -> str:
    return message if len(message) <= 160 else f"{message[:60]} ... {message[-90:]}"


@functools.cache
def _validator(whole: bool) -> jsonschema.Draft202012Validator:
    import jsonschema

    schema = json.loads(_FILE.read_bytes())
    return jsonschema.Draft202012Validator(schema if whole else _without_required(schema, top=True))


def _without_required(part: Any, top: bool = False) -> Any:
    """The schema of which nothing is required but what the results stand under."""
    if isinstance(part, list):
        return [_without_required(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {key: _without_required(value) for key, value in part.items() if key != "required"}
    return {**found, "required": ["schema", "results"]} if top else found
