"""The options of how answers are decoded, for every command that predicts."""

from collections.abc import Callable
from typing import Any

import click

from t5eval.cli.options import not_empty
from t5eval.predictors.decoding_options import GENERATIONS, METHODS

_DECODING = (
    ("--decode", click.Choice(METHODS), "Generate greedily, by beam search or by sampling, or rank the task's fixed "
     "answers. [what the options below imply, else the task's row]"),
    ("--beam-size", click.IntRange(min=1), "Hypotheses of a beam search. [the row's, else 4]"),
    ("--alpha", float, "Exponent of its length penalty. [the row's, else 0.6]"),
    ("--max-new-tokens", click.IntRange(min=1), "The longest output in tokens. [the row's]"),
    ("--temperature", float, "Of sampling. [1.0]"),
    ("--top-k", click.IntRange(min=1), "Sample from so many of the most probable tokens. [all]"),
    ("--top-p", float, "Sample from the most probable tokens that have this probability together. [1.0]"),
    ("--seed", click.IntRange(min=0), "Of sampling. [0]"),
    ("--samples", click.IntRange(min=1), "Draw so many texts for each example; the commonest is its answer. [1]"),
)  # fmt: skip


def decoding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options of how answers are decoded, which `DecodingOptions` has, and --cache."""
    generation = click.option(
        "--generation",
        type=click.Choice(GENERATIONS),
        default="row",
        help="Decode as the task's row says, or as the generation_config.json of an hf: model does. [row]",
    )
    cache = click.option(
        "--cache", callback=not_empty, metavar="FOLDER", help="Keep answers there, and never ask for one twice."
    )
    command = generation(cache(command))
    for name, kind, text in reversed(_DECODING):
        command = click.option(name, type=kind, help=text)(command)
    return command
