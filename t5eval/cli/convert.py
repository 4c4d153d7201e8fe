"""`t5eval convert`: a checkpoint of any format as a folder of another."""

from collections.abc import Iterator
from typing import Any

import click

from t5eval.api.convert import DTYPES, FORMATS, Conversion, convert
from t5eval.cli.options import json_option, print_result, warn, wrapped


@click.command()
@click.argument("source")
@click.argument("dest")
@click.option(
    "--to", type=click.Choice(list(FORMATS)), default="huggingface", show_default=True, help="The new format."
)
@click.option("--vocab", metavar="FILE", help="SentencePiece model, or `bytes`, instead of the source's own tokenizer.")
@click.option(
    "--dtype", type=click.Choice(DTYPES), default="float32", show_default=True, help="Of the written weights."
)
@json_option
def command(**asked: Any) -> None:
    """Convert the checkpoint SOURCE to the new folder DEST.

    SOURCE is a folder or file of any format that is read here, or OWNER/NAME at Hugging Face. What was written is read
    back, and DEST appears when every tensor is the source's.
    """
    done = convert(**asked)
    print_result(done.to_json, lambda: _lines(done))
    if done.vocab_size is None:
        warn(f"{done.source} has no tokenizer; --vocab FILE writes one beside the model")


def _lines(done: Conversion) -> Iterator[str]:
    yield f"{done.source} ({done.source_format}, {done.parameters:,} parameters)"
    yield f"is {'now' if done.new else 'already'} the {done.format} {done.path}"
    ids = "no tokenizer" if done.vocab_size is None else f"a vocabulary of {done.vocab_size:,} ids"
    yield wrapped(f"{done.tensors} tensors, read back as {done.dtype} and equal to the source's; {ids}")
