"""The commands that a page shows: found in its text, and read by the command line without being run."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator

import click

from t5eval.cli.main import COMMANDS, cli

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
INLINE = re.compile(r"`([^`\n]+)`")
OTHERS = {
    "--sample": "python -m tools.mutate",
    "--lengths": "python -m benchmarks",
    "--batches": "python -m benchmarks",
    "--beam": "python -m benchmarks",
    "--rows": "python -m benchmarks",
    "--memory": "python -m benchmarks",
    "--paired-ar": "sacrebleu",
    "--na-prob-file": "SQuAD's script",
}
"""Options of other programs, which pages name by themselves."""


def shown(text: str) -> Iterator[list[str]]:
    """Yields the words behind `t5eval` of each command in the fenced blocks of a page.

    A line may have several. What stands in brackets may be left out; here it is not.
    """
    for language, block in FENCED.findall(text):
        for line in () if language else block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:&&|\|)\s", line.removeprefix("$ ")):
                if part.startswith("t5eval "):
                    bare = re.sub(r"\[(--[^]]*)\]", r"\1", re.sub(r"\s#\s.*", "", part))
                    yield [word.removesuffix("...") for word in shlex.split(bare)[1:] if word != "..."]


def read(arguments: list[str]) -> click.Context:
    """Returns the context of a command as the command line understands it; nothing runs.

    Raises:
        click.ClickException: there is no such command, option or value, or something is missing.
    """
    context = cli.make_context("t5eval", list(arguments))
    while isinstance(context.command, click.Group):
        words = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, words)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context


@functools.cache
def options_of(*names: str) -> frozenset[str]:
    """Returns the options of a command and of those that it is in: `data`, `get`; of all, where none is named."""
    command: click.Command | None = cli
    found = {"--help"}
    for name in ("", *names):
        if name and isinstance(command, click.Group):
            command = command.get_command(click.Context(command), name)
        if command is not None:
            found |= {option for parameter in command.params for option in parameter.opts}
    inner = [(name,) for name in COMMANDS] if not names else []
    if len(names) == 1 and isinstance(command, click.Group):
        inner = [(*names, name) for name in command.list_commands(click.Context(command))]
    return frozenset(found.union(*(options_of(*each) for each in inner)))


def unknown_names(text: str) -> list[str]:
    """Returns what a page names in its lines and is not there: a command, or an option of it, or of any command.

    Passed over are other programs' commands, and the first column of a table that maps their options to ours.
    """
    foreign, found = False, []
    for line in FENCED.sub("", text).splitlines():
        if line.startswith("|") and line.rstrip().endswith("| t5eval |"):
            foreign = True
        foreign = foreign and line.startswith("|")
        for span in INLINE.findall(line.partition(" | ")[2] if foreign else line):
            named = re.search(r"\bt5eval(?: --plugin \S+)* ([a-z]+)(?: ([a-z]+))?", span)
            ours = named or span.startswith("--")
            known = options_of(*filter(None, named.groups() if named else ())) | OTHERS.keys()
            found += [f"{span}: {option}" for option in OPTION.findall(span) if ours and option not in known]
            found += [f"{span}: {named[1]}"] if named and named[1] not in COMMANDS else []
    return found
