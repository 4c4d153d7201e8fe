"""Options that several commands share, and how they print."""

import contextlib
import dataclasses
import functools
import json
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from t5eval.cli.names import complete_filter, complete_prompt, complete_split
from t5eval.prompts.asking import Asking
from t5eval.support.beam_runners import RUNNERS
from t5eval.support.visible import for_reader, one_line, visible, visible_json

LAST_OPTION = "t5eval.last_option"  # of a Spreading command, where it is repeatable
COLUMNS = 80  # of tables, help and lists, on a terminal and in a file alike
STDIO = "-"  # standard input, or standard output
STDOUT = "t5eval.stdout"  # where a command with --json prints its document

data_dir_option = click.option(
    "--data-dir",
    "data",
    metavar="DATA",
    help="Folder that holds glue/ and the other benchmarks, or tfds:[FOLDER], or hf:[FOLDER_OR_NAME], which alone is "
    "each task's usual dataset on the Hugging Face hub. [T5EVAL_DATA_DIR, else tfds:]",
)


def _keep_stdout(context: click.Context, parameter: click.Parameter, as_json: bool) -> None:
    """Keeps stdout for the document: what else is printed, by a library or a user's own code, goes to stderr."""
    if as_json and not context.resilient_parsing:
        context.meta[STDOUT] = sys.stdout
        context.with_resource(contextlib.redirect_stdout(sys.stderr))


json_option = click.option(
    "--json",
    is_flag=True,
    callback=_keep_stdout,
    expose_value=False,
    help="Print one JSON document, and nothing else there.",
)


class Spreading(click.Command):
    """A command whose repeatable options take several values: --task A B is --task A --task B.

    The last words behind such an option, if it does not know them, are left to arguments that have no others: of
    --task T A B, compare takes A and B.
    """

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        repeatable = {name: o for o in self.params if getattr(o, "multiple", False) for name in o.opts}
        groups: list[tuple[str, list[str]]] = [("", [])]  # an option, and the words behind it
        for value in args:
            if value.startswith("-") and value != "-":
                groups.append((value, []))
            else:
                groups[-1][1].append(value)
        wanting = self._wanting(groups, set(repeatable))
        spread: list[str] = []
        for option, words in reversed(groups):
            name, equals, _ = option.partition("=")
            own, left = 0 if equals else 1, 0
            if name in repeatable:
                left = _unknown(repeatable[name], context, words[own:], wanting)
                wanting -= left
                values = words[own : len(words) - left]
                words = [*words[:own], *(part for word in values for part in (name, word)), *words[len(words) - left :]]
            spread = [*filter(None, [option]), *words, *spread]
        last = groups[-1][0].partition("=")[0]
        context.meta[LAST_OPTION] = last if last in repeatable else ""
        return super().parse_args(context, spread)

    def _wanting(self, groups: list[tuple[str, list[str]]], repeatable: set[str]) -> int:
        """Returns for how many of the command's arguments there is no word yet, but behind a repeatable option."""
        arguments = [o for o in self.params if isinstance(o, click.Argument)]
        named = {option.partition("=")[0] for option, _ in groups}
        if len(arguments) == 1 and (arguments[0].nargs < 0 or "--task" in named):
            return 0
        takes = {name: 0 if getattr(o, "is_flag", False) else o.nargs for o in self.params for name in o.opts}
        have = 0
        for option, words in groups:
            name, equals, _ = option.partition("=")
            if name not in repeatable:
                have += max(0, len(words) - (0 if equals else takes.get(name, 0)))
        return max(0, sum(argument.nargs for argument in arguments if argument.nargs > 0) - have)

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(context, incomplete)
        if incomplete.startswith("-"):
            return found
        more = [option for option in self.params if context.meta.get(LAST_OPTION) in option.opts]
        return [*(item for option in more for item in option.shell_complete(context, incomplete)), *found]


def _unknown(option: click.Parameter, context: click.Context, words: list[str], wanting: int) -> int:
    """Returns how many of the last words are none of an option's values, as far as arguments want words."""
    count = 0
    for word in reversed(words[max(0, len(words) - wanting) :]):
        if any(item.value == word for item in option.shell_complete(context, word)):
            break
        count += 1
    return count


def not_empty(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuses an empty name, such as a variable of a script that was not set: it would be the current folder."""
    if value == "":
        raise click.BadParameter("is empty; name a folder or a file", context, parameter)
    return value


def spooled(value: str, ending: str = "") -> str:
    """Returns the name of a file: for `-` one that holds what came on standard input, as long as the command runs."""
    if value != STDIO:
        return value
    folder = click.get_current_context().with_resource(tempfile.TemporaryDirectory(prefix="t5eval-"))
    path = Path(folder, f"stdin{ending}")
    path.write_bytes(sys.stdin.buffer.read())
    return str(path)


def split_option(required: bool = True) -> Callable[..., Any]:
    """Returns the --split option."""
    text = "train, validation (also dev, val) or test."
    return click.option("--split", required=required, metavar="SPLIT", shell_complete=complete_split, help=text)


def splits_option(text: str) -> Callable[..., Any]:
    """Returns the --split option of commands that take several."""
    return click.option("--split", "splits", multiple=True, metavar="S...", shell_complete=complete_split, help=text)


def asking_options(answers: bool) -> Callable[..., Any]:
    """Returns the options of how a task is asked, which a command gets as one `asking`.

    Args:
        answers: whether there will be answers, and so filters.
    """
    options = [
        click.option(
            "--prompt",
            "prompts",
            multiple=True,
            metavar="NAME...",
            shell_complete=complete_prompt,
            help="Prompts of the task, a file of them, or all. [t5]",
        ),
        click.option("--shots", type=click.IntRange(min=0), default=0, help="So many training examples before each."),
        click.option("--shot-seed", type=int, default=0, help="Which examples these are. [0]"),
        click.option("--chat", is_flag=True, help="Send turns of a conversation instead of one text."),
        click.option("--system", metavar="TEXT", help="The conversation's first turn."),
        *([filter_option] if answers else []),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(**asked: Any) -> Any:
            names = [field.name for field in dataclasses.fields(Asking) if field.name in asked]
            how = {name: asked.pop(name) for name in names}
            how["filters"] = how.get("filters") or None
            return command(**asked, asking=Asking(**how))

        return functools.reduce(lambda found, option: option(found), reversed(options), gathered)

    return decorate


filter_option = click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME...",
    shell_complete=complete_filter,
    help="Read answers after strip, first_line, casefold, strip_punctuation, last_number, choice_letter, "
    "regex:PATTERN, in this order. [what the prompt says, else as they stand]",
)


def print_result(document: Callable[[], Any], lines: Callable[[], Iterable[str]]) -> None:
    """Prints what a command with `json_option` found: its document with --json (no NaN, no escapes), else lines."""
    stdout = click.get_current_context().meta.get(STDOUT)
    if stdout is not None:
        print_document(json.dumps(document(), ensure_ascii=False, allow_nan=False, indent=2), stdout)
        return
    for line in lines():
        click.echo(visible(line))


def print_document(text: str, stdout: Any = None) -> None:
    """Prints JSON as it is, or where a person reads it, the same JSON with what cannot be seen escaped."""
    click.echo(visible_json(text) if (stdout or sys.stdout).isatty() else text, file=stdout)


def wrapped(text: str, indent: str = "", further: str = "  ") -> str:
    """Returns a text in lines of at most 80 columns, broken between words only: a path or a name stays whole."""
    return textwrap.fill(
        text, COLUMNS, initial_indent=indent, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def warn(messages: Iterable[str] | str) -> None:
    """Prints warnings on stderr."""
    for message in [messages] if isinstance(messages, str) else messages:
        click.echo(for_reader(f"warning: {one_line(message)}", sys.stderr), err=True)


wandb_option = click.option(
    "--wandb", metavar="PROJECT", help="Tell Weights & Biases the numbers as well; needs t5eval[wandb]."
)
mlflow_option = click.option(
    "--mlflow", metavar="EXPERIMENT", help="Tell MLflow the numbers as well; needs t5eval[mlflow]."
)


def table_lines(table: Any) -> list[str]:
    """Returns a rich table's lines; where stdout is not a terminal, it is as wide as it needs to be."""
    from rich.console import Console

    # Without styles: what is printed is made visible, and a style is made of control characters.
    console = Console(highlight=False, color_system=None, width=None if sys.stdout.isatty() else 200)
    with console.capture() as drawn:
        console.print(table)
    return drawn.get().splitlines()


def shard_option(what: str) -> Callable[..., Any]:
    """Returns the --shard option.

    Args:
        what: what is shared out: `answers`.
    """
    return click.option(
        "--shard", metavar="I/N", help=f"Only the I-th of N shares of the {what}; t5eval merge joins them."
    )


def runner_options(
    what: str, runners: Sequence[str] = tuple(RUNNERS)
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds `--runner` with its options.

    Args:
        what: what is done on Beam, as the help says it: `Prepare`.
        runners: those that can do it.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option(
            "--runner-option",
            "runner_options",
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of Beam or its runner; repeatable.",
        )(command)
        kind = click.Choice(runners)
        return click.option("--runner", type=kind, help=f"{what} on Apache Beam instead.")(command)

    return add


workers_option = click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one per core]"
)
"""In how many processes of this machine, where no runner is named."""
