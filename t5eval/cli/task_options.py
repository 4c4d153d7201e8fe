"""Tasks on a command line: by themselves or behind --task, which every command takes alike."""

import functools
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from t5eval.cli.names import NAMED, POSITIONAL, Complete
from t5eval.cli.options import LAST_OPTION

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def several_tasks(complete: Complete, text: str, *, name: str = "tasks", required: bool = False) -> Decorator:
    """Returns what gives a command tasks, any number of them.

    Args:
        complete: the names that a shell completes.
        text: the help of --task.
        name: the argument of the command's function.
        required: whether there must be one.
    """
    option = click.option("--task", NAMED, multiple=True, metavar="T...", shell_complete=complete, help=text)
    return _taking(option, complete, lambda found: found, name, required, nargs=-1)


def one_task(complete: Complete | None = None, *, name: str = "task", metavar: str = "TASK") -> Decorator:
    """Returns what gives a command one task.

    Args:
        complete: the names that a shell completes; files where there are none.
        name: the argument of the command's function.
        metavar: what the help calls it.
    """
    option = click.option("--task", NAMED, multiple=True, metavar=metavar, shell_complete=complete, hidden=True)

    def first(found: tuple[str, ...]) -> str:
        if len(found) > 1:
            raise click.UsageError(f"one {metavar} is wanted, got {' and '.join(found)}")
        return found[0]

    return _taking(option, complete, first, name, required=True, nargs=1, metavar=metavar)


def _beside_options(complete: Complete) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Returns what completes tasks, and behind a repeatable option its values, which may go on."""

    def both(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        last = context.meta.get(LAST_OPTION)
        options = [option for option in context.command.params if last in option.opts]
        more = [item for option in options for item in option.shell_complete(context, incomplete)]
        return [*more, *map(CompletionItem, complete(context, parameter, incomplete))]

    return both


def _taking(
    option: Decorator,
    complete: Complete | None,
    chosen: Callable[[tuple[str, ...]], Any],
    name: str,
    required: bool,
    nargs: int,
    metavar: str = "TASK",
) -> Decorator:
    shown = {1: metavar, -1: "[TASK...]"}[nargs]
    argument = click.argument(
        POSITIONAL, nargs=nargs, required=False, metavar=shown, shell_complete=complete and _beside_options(complete)
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(**asked: Any) -> Any:
            alone = asked.pop(POSITIONAL)
            found = (*(alone if nargs < 0 else filter(None, [alone])), *asked.pop(NAMED))
            if required and not found:
                raise click.UsageError(f"Missing argument '{metavar}'.")
            return command(**asked, **{name: chosen(found)})

        return argument(option(gathered))

    return decorate
