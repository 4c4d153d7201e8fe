"""Writes docs/kinds.md from the dataclasses of rows: `python docs/write_kinds.py`. A test holds the two together."""

from __future__ import annotations

from pathlib import Path

from key_tables import described, filled, keys

from task_specs import TaskSpec
from task_specs.kinds import KINDS
from task_specs.mixture import Member, Mixture
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.sources.tsv import Labels
from task_specs.spec import Decode, Lengths, Published
from task_specs.texts.prompt import Prompt

PAGE = Path(__file__).with_name("kinds.md")
HEAD = """\
# Every key of a task's file

Written from the code by `python docs/write_kinds.py`. A task's TOML file has the keys of a row, and tables in it; the
tables `[source]`, `[text]`, `[answer]` and `[submission]` say by `kind` which of the kinds below they are. [How to
write one](extending.md) begins with an example.
"""
PARTS = {
    "source": "Where examples come from.",
    "text": "What a model reads of an example.",
    "answer": "What a model should write, and how it is read.",
    "submission": "The task's file in a leaderboard's submission; a task without a leaderboard has none.",
}
TABLES = (
    ("`[lengths]`", Lengths),
    ("`[decode]`", Decode),
    ("`[[downloads]]`", Download),
    ("`[copies]`", Copies),
    ("`[[published]]`", Published),
    ("`[prompts.NAME]`", Prompt),
    ("`[source.labels.SPLIT]`, of the kinds tsv and csv", Labels),
)
HIDDEN = ("base",)  # what no file can say


def page() -> str:
    """Returns the page's text."""
    parts = [HEAD, "\n## The row\n\n", *keys(TaskSpec, HIDDEN)]
    for part, meaning in PARTS.items():
        parts.append(f"\n## `[{part}]`\n\n{meaning}\n")
        for kind, cls in KINDS[part].items():
            parts += [f'\n### kind = "{kind}"\n\n', f"{_described(cls)}\n\n", *keys(cls, HIDDEN)]
    parts.append("\n## Other tables\n")
    for name, cls in TABLES:
        parts += [f"\n### {name}\n\n", f"{_described(cls)}\n\n", *keys(cls, HIDDEN)]
    parts += [
        "\n## A mixture's file\n\n",
        *keys(Mixture),
        "\nEach of `members` is a name, or a table:\n\n",
        *keys(Member),
    ]
    return "".join(parts)


def _described(cls: type) -> str:
    """Returns what a class's docstring says, the names of classes in it being those of their kinds."""
    text = described(cls)
    for kinds in KINDS.values():
        for kind, other in kinds.items():
            text = text.replace(f"`{other.__name__}`", f"`{kind}`")
    return filled(text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
