"""Repeatable options that take several values at once."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from t5eval.cli.options import Spreading


@click.command(cls=Spreading)
@click.option("--task", multiple=True)
@click.option("--split", multiple=True)
@click.option("--limit", type=int)
@click.option("--json", "as_json", is_flag=True)
def command(**values: Any) -> None:
    click.echo(repr(values))


def given(*arguments: str) -> Any:
    done = CliRunner().invoke(command, arguments)
    return eval(done.output) if done.exit_code == 0 else done.output


@pytest.mark.parametrize(
    "arguments",
    [
        "--task a --task b --split s --limit 3",
        "--task a b --split s --limit 3",
        "--limit 3 --task a --split s --task b",
        "--task=a b --limit=3 --split=s",
    ],
)
def test_several_values_are_the_option_repeated(arguments: str) -> None:
    assert given(*arguments.split()) == {"task": ("a", "b"), "split": ("s",), "limit": 3, "as_json": False}


@pytest.mark.parametrize("arguments", ["a", "--limit 3 4", "--task a --json b"])
def test_other_options_take_one_value(arguments: str) -> None:
    assert "unexpected extra argument" in given(*arguments.split())
