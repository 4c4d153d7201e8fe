"""`t5eval`: finds the command, and turns what went wrong into one line and an exit status."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from t5eval.cli.progress import stage_progress
from t5eval.support.stages import QUIET, USUAL, VERBOSE, cause, set_detail, shown, timed
from t5eval.support.version import version_and_commit
from t5eval.support.visible import for_reader, one_line
from task_specs.support.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""What a file's system says of itself, whatever the file."""

# Command to (module, one line for the help page): a listing must not import TensorFlow, nor even the commands.
COMMANDS = {
    "tasks": "List every task.",
    "show": "Print a task's whole row, with a formatted example, or a mixture's shares.",
    "validate": "Check a task's row against its data.",
    "examples": "Print a split as text pairs, one JSON object a line.",
    "score": "Score predictions.",
    "evaluate": "Predict with a model and score.",
    "merge": "Join the shards of an evaluation or a preparation.",
    "rerun": "Repeat an evaluation, and say what differs.",
    "compare": "Compare two runs, or a run with published scores.",
    "submit": "Write a leaderboard submission.",
    "check": "Check a submission file.",
    "report": "Write a report of runs.",
    "view": "Explore runs in a browser.",
    "prepare": "Format and tokenise once, for training.",
    "train": "Fine-tune a Keras T5.",
    "study": "Train and compare runs that differ in one thing, over seeds.",
    "recipe": "Print the paper's settings for fine-tuning or pre-training.",
    "convert": "Convert a checkpoint to another format.",
    "data": "Fetch official files, list what is there, build TensorFlow Datasets.",
    "completion": "Print a script that completes names in a shell.",
    "doctor": "Check the installation, the machine and the data at hand.",
    "demo": "Run the whole job on an embedded miniature suite.",
}


class Commands(click.Group):
    """The commands, each in the module of its name."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Takes the options of all commands from behind the command, and --json, which is each command's, before it."""
        known = {name: option for option in self.params for name in option.opts if name != "--version"}
        front: list[str] = []
        rest: list[str] = []
        named: list[str] = []  # what follows two dashes
        moved: list[str] = []
        values = iter(args)
        for value in values:
            option = known.get(value.partition("=")[0])
            if value == "--":
                named = [value, *values]
            elif value == "--json" and not rest:
                moved = [value]
            else:
                (rest if option is None else front).append(value)
            if option is not None and not getattr(option, "is_flag", True) and "=" not in value:
                word = next(values, None)
                if word is None and not context.resilient_parsing:
                    raise click.BadOptionUsage(value, f"Option {value!r} requires an argument.", context)
                front.extend([] if word is None else [word])
        return super().parse_args(context, [*front, *rest, *(moved if rest else []), *named])

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"t5eval.cli.{name}").command
        return command

    def shell_complete(self, context: click.Context, incomplete: str) -> list[CompletionItem]:
        options = click.Command.shell_complete(self, context, incomplete)
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *options]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, context: click.Context, arguments: list[str]) -> Any:
        from task_specs.support.errors import did_you_mean

        name = arguments[0]
        if not context.resilient_parsing and name not in COMMANDS and not name.startswith("-"):
            raise UserError(f"no command {name!r}.{did_you_mean(name, list(COMMANDS))} `t5eval --help` lists them.")
        return super().resolve_command(context, arguments)


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"t5eval {version_and_commit()}")
        context.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="The version."
)
@click.option("--quiet", is_flag=True, help="No progress and no notes on stderr; warnings and errors stay.")
@click.option("--verbose", is_flag=True, help="Also how long each stage took, and where an error came from.")
@click.option("--plugin", "plugins", multiple=True, metavar="FILE.py", help="Run a file that registers extensions.")
def cli(quiet: bool, verbose: bool, plugins: tuple[str, ...]) -> None:
    """Score text-to-text models on GLUE, SuperGLUE, SQuAD, WMT and CNN/DM as the benchmarks do."""
    if quiet and verbose:
        raise UserError("--quiet and --verbose exclude each other")
    set_detail(QUIET if quiet else VERBOSE if verbose else USUAL)
    for plugin in plugins:
        from t5eval.plugins.loader import load

        load(plugin)


def _fail(message: str) -> int:
    # One line, whatever a file name or a label contains; on a terminal it is broken between words.
    print(for_reader(f"t5eval: {one_line(message)}", sys.stderr), file=sys.stderr)  # noqa: T201
    return 2


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status: 0 done, 2 not possible as asked, 130 interrupted."""
    if arguments is None and len(sys.argv) == 1:
        arguments = ["--help"]
    set_detail(USUAL)
    try:
        with timed("all of it"), shown(stage_progress):
            status = cli.main(args=arguments, prog_name="t5eval", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201
        return 2
    except click.ClickException as error:
        return _fail(error.format_message())
    except UserError as error:
        cause(error)
        return _fail(str(error))
    except (click.Abort, KeyboardInterrupt) as error:
        # click makes another exception of it, which has the first one as its cause.
        notes = getattr(error.__cause__ or error, "__notes__", [])
        print(for_reader("; ".join(["t5eval: interrupted", *notes[:1]]), sys.stderr), file=sys.stderr)  # noqa: T201
        return 130
    except (BrokenPipeError, SystemExit):
        # The reader of our output went away (`| head`), which click makes a SystemExit of: nothing is wrong. What is
        # left in the buffer must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        # The system's own word on a file: the disk is full, its name is too long, it has vanished.
        if error.strerror and (error.filename or error.errno in FULL):
            cause(error)
            return _fail(f"{os.fsdecode(error.filename or 'writing')}: {error.strerror}")
        raise
    except RuntimeError as error:
        if str(error).startswith("Symlink loop"):  # so says Python 3.11's Path.resolve
            return _fail(f"symbolic links lead in a circle: {str(error).partition('from ')[2]}")
        raise
    return status if isinstance(status, int) else 0


def main() -> None:
    """The console script."""
    # TensorFlow logs its own start-up at length; what it says there is not about the run.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for stream in (sys.stdout, sys.stderr):
        # The same bytes on every system: UTF-8 whatever the locale says, and a stray surrogate must not end a run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    sys.exit(run())
