"""Writes docs/results_json.md from the schema: `python docs/write_results_json.py`. A test holds the two together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from key_tables import filled

SCHEMA = Path(__file__).parents[1] / "t5eval" / "runs" / "schema" / "results.schema.json"
PAGE = Path(__file__).with_name("results_json.md")
HEAD = """\
# Every key of results.json

Written from the schema by `python docs/write_results_json.py`. The schema itself is JSON Schema (2020-12), in
`t5eval/runs/schema/results.schema.json` of the package, and tests hold what t5eval writes to it. Keys are only ever
added: read those that you know, and pass over the others. [What a run records](results.md) says what each is good for.

A name in capitals stands for any name: `results.TASK.SPLIT` may be `results["glue/rte"]["validation"]`. `[]` stands for
each item of a list.
"""
TITLES = {
    "result": "A result",
    "score": "A score",
    "decode": "How answers came about",
    "confidence_part": "A part by confidence",
    "data": "The data",
    "average": "A benchmark's average",
    "call": "A call",
}
"""Titles of the parts that stand in several places, in the order of the page; others follow under their names."""
NAMES = {
    "results": ("TASK", "SPLIT"),
    "benchmarks": ("BENCHMARK", "SPLIT"),
    "scores": ("SCORE",),
    "repetitions": ("SCORE",),
    "slices": ("SLICE", "VALUE"),
}
"""What the names in a table of names are; `NAME` where nothing is said."""
TYPES = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null",
    "array": "list", "object": "table",
}  # fmt: skip


def page() -> str:
    """Returns the page's text."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parts = [HEAD, f"\n## The document\n\n{schema['description']}\n\n", *_table(schema, schema)]
    for name in dict.fromkeys([*TITLES, *schema["$defs"]]):
        part = schema["$defs"][name]
        parts.append(f"\n## {_title(name)}\n\n{part['description']}\n\n")
        parts += (
            [_same(part)] if all("$ref" in inner for inner in part["properties"].values()) else _table(part, schema)
        )
    return "".join(parts)


def _same(part: Mapping[str, Any]) -> str:
    """Returns a sentence on an object all of whose keys the document has, too."""
    return filled(f"Its keys are {', '.join(f'`{key}`' for key in part['properties'])}.") + "\n"


def _table(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | is | always there | meaning |\n|---|---|---|---|\n"
    for path, inner, required in _entries(part, "", NAMES):
        said = schema["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        meaning = said["description"].replace("|", "\\|")
        yield f"| `{path}` | {_type(inner)} | {'yes' if required else '–'} | {meaning} |\n"


def _entries(
    part: Mapping[str, Any], prefix: str, names: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yields the path of each key in an object, with its schema and whether it must be there."""
    for key, inner in part.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield path, inner, key in part.get("required", ())
        yield from _within(path, inner, names.get(key, ()))


def _within(
    path: str, part: Mapping[str, Any], names: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yields what lies in a value: keys of an object, any name of a table of names, items that are no plain values."""
    yield from _entries(part, f"{path}.", NAMES)
    inner = part.get("additionalProperties")
    if isinstance(inner, Mapping):
        name, *rest = names or ("NAME",)
        yield f"{path}.{name}", inner, False
        yield from _within(f"{path}.{name}", inner, tuple(rest))
    items = part.get("items", {})
    if "$ref" in items or "properties" in items:
        yield f"{path}[]", items, False
        yield from _within(f"{path}[]", items, ())


def _title(name: str) -> str:
    return TITLES.get(name) or name.replace("_", " ").capitalize()


def _type(part: Mapping[str, Any]) -> str:
    if "$ref" in part:
        title = _title(part["$ref"].rpartition("/")[2])
        return f"[{title[0].lower()}{title[1:]}](#{title.lower().replace(' ', '-').replace(chr(39), '')})"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return " or ".join(f"`{value}`" for value in part["enum"])
    said = part.get("type", "object")
    return " or ".join(TYPES[each] for each in ([said] if isinstance(said, str) else said))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
