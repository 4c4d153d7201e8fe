"""WMT's sets as two files line by line. Test sets are published with their translations."""

from collections.abc import Sequence

from tools.demo_suite.fill import Part, Render, Task
from tools.demo_suite.templates import translation
from tools.demo_suite.templates.item import Item


def _side(place: int) -> Render:
    def lines(items: Sequence[Item]) -> str:
        return "".join(f"{item.texts[place]}\n" for item in items)

    return lines


def _part(name: str, rows: int) -> Part:
    path = f"wmt/en-de/{name}"
    return Part({f"{path}.en": _side(0), f"{path}.de": _side(1)}, rows, translation.translation)


TASKS = (Task(("",), (_part("newstest2013", 60), _part("newstest2014", 60), _part("train", 700))),)
