"""Our decoder and its peers behind one interface, all with the same weights (`models.py`); each runs in a `Worker`.

`load` makes inputs of random ids in the form that the engine takes; `generate`, which is timed, writes `steps` ids for
every row, greedily or by a beam search; `ids` returns them, [batch, steps].
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.frame import CORES, OURS
from benchmarks.models import PIECES, SEED

ALPHA = 0.6


def input_ids(batch: int, length: int) -> Any:
    """Returns random ids without padding, int32 [batch, length], the same in every process."""
    import numpy as np

    return np.random.default_rng(SEED).integers(3, PIECES, (batch, length), dtype=np.int32)


def transformers_t5(model: Path, dtype: str = "float32") -> tuple[Any, Any]:
    """Returns PyTorch with as many threads as there are cores, and transformers' T5 with its fused attention."""
    import torch
    import transformers

    torch.set_num_threads(CORES)
    torch.manual_seed(SEED)
    return torch, transformers.T5ForConditionalGeneration.from_pretrained(
        model, attn_implementation="sdpa", dtype=getattr(torch, dtype)
    ).eval()


class Ours:
    """keras_model.decoding.generator.Generator."""

    dtype = "float32"

    def __init__(self, folder: str) -> None:
        from keras_model import Generator, load_model

        self.generator = Generator(load_model(Path(folder) / "model", dtype=self.dtype))

    def load(self, batch: int, length: int) -> None:
        self.inputs = input_ids(batch, length)

    def generate(self, steps: int, beam: int = 1) -> None:
        if beam == 1:
            self.output = self.generator.greedy(self.inputs, steps)
        else:
            self.output = self.generator.beam(self.inputs, steps, beam, ALPHA)[0][:, 0]

    def ids(self) -> list[list[int]]:
        return self.output.tolist()


class OursRounded(Ours):
    """The same in bfloat16."""

    dtype = "bfloat16"


class Transformers:
    """transformers on PyTorch."""

    dtype = "float32"

    def __init__(self, folder: str) -> None:
        self.torch, self.model = transformers_t5(Path(folder) / "model", self.dtype)

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


class TransformersRounded(Transformers):
    """The same in bfloat16."""

    dtype = "bfloat16"


class CTranslate2:
    """CTranslate2 in float32, the whole batch at once."""

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


class KerasHub:
    """KerasHub's T5Seq2SeqLM without XLA, which makes it slower on CPU; its beam search has no length penalty."""

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


ENGINES: dict[str, type] = {OURS: Ours, "transformers": Transformers, "ctranslate2": CTranslate2, "keras_hub": KerasHub}
ROUNDED: dict[str, type] = {f"{OURS}:bfloat16": OursRounded, "transformers:bfloat16": TransformersRounded}
"""Left out unless they are asked for: they write other ids."""
