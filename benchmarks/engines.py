"""Our decoder and its peers behind one interface, all with the same weights; each runs in a `Worker`.

The weights are those of t5-small's configuration, random from a fixed seed, with two changes. The embeddings of
end of sequence, of the unknown piece and of all ids from 32,000 on are zero: their logits are then 0, which never wins
against the best of 32,000 random ones, so that no engine can end a text early and none needs a rule that forbids it.
And the decoder's attention is sharpened and its output matrices are enlarged, since otherwise a tied random T5
repeats its last token for ever and any two engines would agree.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.workers import QUIET, ROOT, WorkerError

SEED = 0
PIECES = 32_000
"""Ids of T5's vocabulary without sentinels and padding."""
NEVER_WRITTEN = (1, 2)
OUTPUT_GAIN, QUERY_GAIN, POSITION_GAIN = 20.0, 8.0, 100.0
"""Factors on matrices of the decoder; with them, nine in ten ids differ from the one before."""
ALPHA = 0.6
CORES = len(os.sched_getaffinity(0))


def input_ids(batch: int, length: int) -> Any:
    """Returns random ids without padding, int32 [batch, length], the same in every process."""
    import numpy as np

    return np.random.default_rng(SEED).integers(3, PIECES, (batch, length), dtype=np.int32)


class Engine:
    """What a benchmark calls; ids go in by `load` and come out by `ids`, outside the timed `generate`."""

    distribution = ""
    """The package whose version the table shows."""

    def load(self, batch: int, length: int) -> None:
        """Makes the inputs in the form that the engine takes."""
        raise NotImplementedError

    def generate(self, steps: int, beam: int = 1) -> None:
        """Generates `steps` ids for every row, greedily or by a beam search."""
        raise NotImplementedError

    def ids(self) -> list[list[int]]:
        """Returns what was generated last, the best hypotheses [batch, steps]."""
        raise NotImplementedError


class Ours(Engine):
    """keras_model.decoding.generator.Generator."""

    distribution = "tensorflow"

    def __init__(self, folder: str) -> None:
        from keras_model.checkpoints import load_model
        from keras_model.decoding.generator import Generator

        self.generator = Generator(load_model(Path(folder) / "model"))

    def load(self, batch: int, length: int) -> None:
        self.inputs = input_ids(batch, length)

    def generate(self, steps: int, beam: int = 1) -> None:
        if beam == 1:
            self.output = self.generator.greedy(self.inputs, steps)
        else:
            self.output = self.generator.beam(self.inputs, steps, beam, ALPHA)[0][:, 0]

    def ids(self) -> list[list[int]]:
        return self.output.tolist()


class Transformers(Engine):
    """transformers on PyTorch, with its fused attention and as many threads as there are cores."""

    distribution = "transformers"

    def __init__(self, folder: str) -> None:
        import torch
        import transformers

        torch.set_num_threads(CORES)
        self.torch = torch
        self.model = transformers.T5ForConditionalGeneration.from_pretrained(
            Path(folder) / "model", attn_implementation="sdpa", dtype=torch.float32
        ).eval()

    def load(self, batch: int, length: int) -> None:
        self.inputs = self.torch.from_numpy(input_ids(batch, length).astype("int64"))
        self.mask = self.torch.ones_like(self.inputs)

    def generate(self, steps: int, beam: int = 1) -> None:
        with self.torch.inference_mode():
            self.output = self.model.generate(
                self.inputs,
                attention_mask=self.mask,
                do_sample=False,
                num_beams=beam,
                length_penalty=ALPHA,
                max_new_tokens=steps,
            )

    def ids(self) -> list[list[int]]:
        return self.output[:, 1:].tolist()


class CTranslate2(Engine):
    """CTranslate2 in float32, the whole batch at once."""

    distribution = "ctranslate2"

    def __init__(self, folder: str) -> None:
        import ctranslate2

        self.translator = ctranslate2.Translator(
            str(Path(folder) / "ctranslate2"),
            device="cpu",
            compute_type="float32",
            inter_threads=1,
            intra_threads=CORES,
        )

    def load(self, batch: int, length: int) -> None:
        self.inputs = [[str(i) for i in row] for row in input_ids(batch, length).tolist()]

    def generate(self, steps: int, beam: int = 1) -> None:
        self.output = self.translator.translate_batch(
            self.inputs,
            max_batch_size=0,
            beam_size=beam,
            length_penalty=ALPHA,
            min_decoding_length=steps,
            max_decoding_length=steps,
            max_input_length=0,
        )

    def ids(self) -> list[list[int]]:
        return [[int(token) for token in result.hypotheses[0]] for result in self.output]


class KerasHub(Engine):
    """KerasHub's T5Seq2SeqLM without XLA, which makes it slower on CPU; its beam search has no length penalty."""

    distribution = "keras-hub"

    def __init__(self, folder: str) -> None:
        import keras_hub

        backbone = keras_hub.models.T5Backbone(**json.loads((Path(folder) / "keras_hub.json").read_text()))
        backbone.load_weights(Path(folder) / "keras_hub.weights.h5")
        self.model = keras_hub.models.T5Seq2SeqLM(backbone)
        self.beam = 0

    def load(self, batch: int, length: int) -> None:
        import numpy as np

        ids = input_ids(batch, length)
        self.inputs = {"encoder_token_ids": ids, "encoder_padding_mask": np.ones_like(ids)}

    def generate(self, steps: int, beam: int = 1) -> None:
        import keras_hub
        import numpy as np

        if beam != self.beam:
            sampler = keras_hub.samplers.BeamSampler(num_beams=beam) if beam > 1 else "greedy"
            self.model.compile(sampler=sampler, jit_compile=False)
            self.beam = beam
        # The start token takes the first place.
        start = np.zeros((len(self.inputs["encoder_token_ids"]), steps + 1), np.int32)
        given = np.ones_like(start) * (np.arange(steps + 1) < 1)
        decoder = {"decoder_token_ids": start, "decoder_padding_mask": given}
        self.output = self.model.generate({**self.inputs, **decoder}, stop_token_ids=None)["decoder_token_ids"]

    def ids(self) -> list[list[int]]:
        return [[int(i) for i in row[1:]] for row in self.output]


ENGINES = {"t5eval": Ours, "transformers": Transformers, "ctranslate2": CTranslate2, "keras_hub": KerasHub}
OURS = "t5eval"


def factory(name: str) -> str:
    """Returns the engine as a `Worker` takes it."""
    return f"benchmarks.engines:{ENGINES[name].__name__}"


def random_model() -> Any:
    """Returns the model that all engines run."""
    import keras

    from keras_model.config import T5Config
    from keras_model.t5 import T5

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
    """Writes the model into a folder in the form of each engine, in a process that ends before any time is taken.

    Raises:
        WorkerError: it did not work.
    """
    command = [sys.executable, "-m", "benchmarks.engines", str(folder.resolve()), *names]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **QUIET}, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise WorkerError(done.stderr[-4000:])


def main(folder: Path, names: list[str]) -> None:
    """What `prepare` runs."""
    from t5eval.support.tensorflow_import import import_keras_model

    import_keras_model()
    from keras_model.checkpoints import save_model

    model = random_model()
    save_model(model, folder / "model")
    makers = {
        "ctranslate2": functools.partial(_for_ctranslate2, folder),
        "keras_hub": functools.partial(_for_keras_hub, model, folder),
    }
    for name in names:
        if name in makers:
            makers[name]()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
