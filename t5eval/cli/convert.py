"""`t5eval convert`: a checkpoint of any format as a folder of another."""

from __future__ import annotations

from pathlib import Path

import click

from t5eval.cli.options import json_option, print_json, warn, wrapped
from t5eval.support.stages import stage
from t5eval.support.tensorflow_import import import_keras_model
from task_specs.errors import UserError

FORMATS = {"huggingface": "Hugging Face folder", "keras_hub": "KerasHub preset"}


@click.command()
@click.argument("source")
@click.argument("dest")
@click.option(
    "--to", type=click.Choice(list(FORMATS)), default="huggingface", show_default=True, help="The new format."
)
@click.option("--vocab", metavar="FILE", help="SentencePiece model, or `bytes`, instead of the source's own tokenizer.")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="Of the written weights.",
)
@json_option
def command(source: str, dest: str, to: str, vocab: str | None, dtype: str, as_json: bool) -> None:
    """Convert the checkpoint SOURCE to the new folder DEST.

    SOURCE is a folder or file of any format that is read here, or hf://OWNER/NAME. What was written is read back, and
    DEST appears when every tensor is the source's.
    """
    import_keras_model()
    from keras_model.checkpoints import CheckpointError, load_tokenizer
    from keras_model.checkpoints.converting import convert, require_new
    from keras_model.checkpoints.hub_names import PREFIX, resolve
    from keras_model.tokenizers.loading import NoTokenizerError

    try:
        require_new(Path(dest))  # before much is fetched
        folder, source = resolve(source) if source.startswith(PREFIX) else (Path(source), source)
        try:
            tokenizer = load_tokenizer(folder, vocab)
        except NoTokenizerError:
            tokenizer = None
        done = convert(folder, Path(dest), to, tokenizer, dtype, stage)
    except CheckpointError as error:
        raise UserError(str(error)) from None
    if as_json:
        print_json(
            {
                "source": source,
                "source_format": done.format,
                "path": dest,
                "format": FORMATS[to],
                "dtype": dtype,
                "parameters": done.parameters,
                "tensors": done.tensors,
                "vocab_size": tokenizer.vocab_size if tokenizer else None,
            }
        )
    else:
        click.echo(f"{source} ({done.format}, {done.parameters:,} parameters)\nis now the {FORMATS[to]} {dest}")
        ids = f"a vocabulary of {tokenizer.vocab_size:,} ids" if tokenizer else "no tokenizer"
        click.echo(wrapped(f"{done.tensors} tensors, read back as {dtype} and equal to the source's; {ids}"))
    if tokenizer is None:
        warn(f"{source} has no tokenizer; --vocab FILE writes one beside the model")
