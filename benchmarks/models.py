"""Writes the model that all engines run, in the form of each.

The weights are those of t5-small's configuration, random from a fixed seed, with two changes. The embeddings of
end of sequence, of the unknown piece and of all ids from 32,000 on are zero: their logits are then 0, which never wins
against the best of 32,000 random ones, so that no engine can end a text early and none needs a rule that forbids it.
And the decoder's attention is sharpened and its output matrices are enlarged, since otherwise a tied random T5
repeats its last token for ever and any two engines would agree.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.workers import Worker

SEED = 0
PIECES = 32_000
"""Ids of T5's vocabulary without sentinels and padding."""
NEVER_WRITTEN = (1, 2)
OUTPUT_GAIN, QUERY_GAIN, POSITION_GAIN = 20.0, 8.0, 100.0
"""Factors on matrices of the decoder; with them, nine in ten ids differ from the one before."""


def random_model() -> Any:
    """Returns the model that all engines run."""
    import keras

    from keras_model import T5, T5Config

    keras.utils.set_random_seed(SEED)
    model = T5(T5Config.preset("t5-small"))
    embedding = model.token_embedding.embedding.numpy()
    embedding[list(NEVER_WRITTEN)] = 0
    embedding[PIECES:] = 0
    model.token_embedding.embedding.assign(embedding)
    table = model.decoder.position_biases[0].table
    table.assign(table * POSITION_GAIN)
    for block in model.decoder.blocks:
        for attention in (block.self_attention, block.cross_attention):
            attention.query_matrix.assign(attention.query_matrix * QUERY_GAIN)
            attention.output_matrix.assign(attention.output_matrix * OUTPUT_GAIN)
        block.feed_forward.wo.assign(block.feed_forward.wo * OUTPUT_GAIN)
    return model


def _for_ctranslate2(folder: Path) -> None:
    """Converts `model` into `ctranslate2`, with a vocabulary whose words are the ids."""
    import ctranslate2
    import tokenizers
    import transformers

    words = {str(i): i for i in range(json.loads((folder / "model" / "config.json").read_text())["vocab_size"])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="2"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    source = folder / "with_words"
    source.mkdir()
    for file in (folder / "model").iterdir():
        (source / file.name).symlink_to(file)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="0", eos_token="1", unk_token="2"
    ).save_pretrained(source)
    ctranslate2.converters.TransformersConverter(str(source)).convert(str(folder / "ctranslate2"))


def _for_keras_hub(model: Any, folder: Path) -> None:
    from tests.parity.test_keras_hub import hub_model

    backbone = hub_model(model).backbone
    config = {key: value for key, value in backbone.get_config().items() if key not in ("name", "trainable", "dtype")}
    (folder / "keras_hub.json").write_text(json.dumps({**config, "activation": "relu"}))
    backbone.save_weights(folder / "keras_hub.weights.h5")


def prepare(folder: Path, names: list[str]) -> None:
    """Writes the model into a folder in the form of each engine, in a process that ends before any time is taken."""
    Worker(Model, str(folder), names).__exit__()


class Model:
    """What `prepare` runs in a worker."""

    def __init__(self, path: str, names: list[str]) -> None:
        from keras_model import save_model

        folder, model = Path(path), random_model()
        save_model(model, folder / "model")
        if "ctranslate2" in names:
            _for_ctranslate2(folder)
        if "keras_hub" in names:
            _for_keras_hub(model, folder)
