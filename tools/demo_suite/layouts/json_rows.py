"""Files of JSON lines."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tools.demo_suite.fill import Render


def json_lines(objects: Callable[[Sequence[Any]], Iterable[dict[str, Any]]]) -> Render:
    """Returns what writes a file with one object a line.

    Args:
        objects: a file's items to its objects.
    """
    return lambda items: "".join(f"{json.dumps(value)}\n" for value in objects(items))
