"""One training step of ours and of its peers behind one interface, all from the same weights; each runs in a `Worker`.

t5-small's configuration with random weights, dropout 0.1, float32, Adafactor with parameter scaling at a rate of 1e-3,
all cores. Batches are random ids without padding (`load`), or real examples (`load_task`): packed by ours, and by the
others padded to the longest of 16 in random order.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.engines import CORES, SEED, input_ids

BATCH = 16
RATE = 1e-3
ROWS = {"glue/sst2": (128, 24), "glue/rte": (320, 32)}
"""The lengths of packed rows, source and target."""


class TrainingEngine:
    """What the benchmark calls."""

    def load(self, source: int, target: int) -> None:
        """Makes batches of random ids [16, source] and [16, target] without padding."""
        labels = input_ids(BATCH, target)
        inputs = {"encoder_ids": input_ids(BATCH, source), "decoder_ids": _shifted(labels)}
        self.batches = _endless([(inputs, labels)])

    def load_task(self, folder: str, task: str, rows: int) -> None:
        """Makes batches of a task: 16 examples, padded, in random order; or so many rows of several, packed."""
        import numpy as np

        from keras_model.data.batches import make_batch

        examples = read_examples(Path(folder), task)
        order = np.random.default_rng(SEED).permutation(len(examples))
        chosen = [order[i : i + BATCH] for i in range(0, len(order) - BATCH, BATCH)]
        batches = (make_batch(examples, numbers, BATCH) for numbers in chosen)
        self.batches = ((batch.inputs, batch.labels) for batch in batches)

    def step(self, inputs: dict[str, Any], labels: Any) -> None:
        """One step of training."""
        raise NotImplementedError

    def steps(self, count: int) -> dict[str, float]:
        """Takes steps; returns the seconds spent on them and those waited for batches, real tokens and places."""
        import numpy as np

        waited = tokens = places = 0.0
        started = time.perf_counter()
        for _ in range(count):
            asked = time.perf_counter()
            inputs, labels = next(self.batches)
            waited += time.perf_counter() - asked
            self.step(inputs, labels)
            ids = (np.asarray(inputs["encoder_ids"]), np.asarray(labels))
            tokens += sum(np.count_nonzero(side) for side in ids)
            places += sum(side.size for side in ids)
        return {"seconds": time.perf_counter() - started, "waited": waited, "tokens": tokens, "places": places}


class Ours(TrainingEngine):
    """keras_model, as `keras_model.training_run.fit.fit` compiles and feeds it."""

    def __init__(self, folder: str) -> None:
        from keras_model.checkpoints import load_model
        from keras_model.training_run.fit import compile_model
        from keras_model.training_run.fit_settings import TrainSettings

        self.model = load_model(Path(folder) / "model")
        compile_model(self.model, TrainSettings(steps=1, learning_rate=RATE))

    def load_task(self, folder: str, task: str, rows: int) -> None:
        from keras_model.data.batches import batch_dataset
        from keras_model.training_run.fit import make_plan
        from keras_model.training_run.fit_settings import TrainSettings

        examples = read_examples(Path(folder), task)
        plan = make_plan(examples, TrainSettings(steps=1, batch_size=rows, seed=SEED, packing=ROWS[task]))
        self.batches = iter(batch_dataset(examples, plan))

    def step(self, inputs: dict[str, Any], labels: Any) -> None:
        self.model.train_on_batch(inputs, labels)


class Transformers(TrainingEngine):
    """transformers on PyTorch with its fused attention and its Adafactor."""

    def __init__(self, folder: str) -> None:
        import torch
        import transformers

        torch.set_num_threads(CORES)
        torch.manual_seed(SEED)
        self.torch = torch
        self.model = transformers.T5ForConditionalGeneration.from_pretrained(
            Path(folder) / "model", attn_implementation="sdpa", dtype=torch.float32
        ).train()
        self.optimizer = transformers.Adafactor(
            self.model.parameters(), lr=RATE, scale_parameter=True, relative_step=False, warmup_init=False
        )

    def step(self, inputs: dict[str, Any], labels: Any) -> None:
        encoder, decoder, wanted = (
            self.torch.from_numpy(ids.astype("int64")) for ids in (inputs["encoder_ids"], inputs["decoder_ids"], labels)
        )
        self.optimizer.zero_grad()
        output = self.model(
            input_ids=encoder,
            attention_mask=encoder != 0,
            decoder_input_ids=decoder,
            labels=wanted.masked_fill(wanted == 0, -100),
        )
        output.loss.backward()
        self.optimizer.step()
        output.loss.item()


class KerasHub(TrainingEngine):
    """KerasHub's T5Seq2SeqLM with Keras' Adafactor, without XLA, which makes it several times slower on CPU."""

    def __init__(self, folder: str) -> None:
        import keras
        import keras_hub

        config = json.loads((Path(folder) / "keras_hub.json").read_text())
        backbone = keras_hub.models.T5Backbone(**{**config, "dropout": 0.1})
        backbone.load_weights(Path(folder) / "keras_hub.weights.h5")
        self.model = keras_hub.models.T5Seq2SeqLM(backbone)
        self.model.compile(
            optimizer=keras.optimizers.Adafactor(RATE, relative_step=False),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[],
            weighted_metrics=[],
            jit_compile=False,
        )

    def step(self, inputs: dict[str, Any], labels: Any) -> None:
        import numpy as np

        mask = (labels != 0).astype("int32")
        start = np.maximum(mask, np.arange(labels.shape[1]) == 0).astype("int32")
        given = {
            "encoder_token_ids": inputs["encoder_ids"],
            "encoder_padding_mask": (inputs["encoder_ids"] != 0).astype("int32"),
            "decoder_token_ids": inputs["decoder_ids"],
            "decoder_padding_mask": start,
        }
        self.model.train_on_batch(given, labels, sample_weight=mask.astype("float32"))


TRAINING_ENGINES = {"t5eval": Ours, "transformers": Transformers, "keras_hub": KerasHub}


def training_factory(name: str) -> str:
    """Returns the engine as a `Worker` takes it."""
    return f"benchmarks.training_engines:{TRAINING_ENGINES[name].__name__}"


def write_examples(data: Path, task: str, folder: Path, split: str = "train") -> int:
    """Formats and tokenises a task's split into a file of the folder; returns the number of examples."""
    import numpy as np

    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import data_source, open_split
    from t5eval.preparation.blocks import learnable_pairs

    (spec,) = task_specs.resolve([task])
    pairs = list(learnable_pairs(open_split(spec, split, data_source(str(data)))))
    tokenizer = T5Tokenizer(data / "t5_vocab" / "spiece.model")
    sides = {
        "source": tokenizer.encode([pair.inputs for pair in pairs], spec.lengths.inputs),
        "target": tokenizer.encode([pair.targets for pair in pairs], spec.lengths.targets),
    }
    flat = {f"{side}_values": np.concatenate([np.array(row, np.int32) for row in rows]) for side, rows in sides.items()}
    lengths = {f"{side}_lengths": np.array([len(row) for row in rows]) for side, rows in sides.items()}
    np.savez(folder / f"{spec.name.replace('/', '_')}.npz", **flat, **lengths)
    return len(pairs)


def read_examples(folder: Path, task: str) -> Any:
    """Returns the `Examples` that `write_examples` wrote."""
    import numpy as np

    from keras_model.data.batches import Examples

    file = np.load(folder / f"{task.replace('/', '_')}.npz")
    return Examples.from_sequences(
        *(
            np.split(file[f"{side}_values"], np.cumsum(file[f"{side}_lengths"])[:-1].tolist())
            for side in ("source", "target")
        )
    )


def _endless(batches: list[Any]) -> Any:
    while True:
        yield from batches


def _shifted(labels: Any) -> Any:
    import numpy as np

    return np.pad(labels, ((0, 0), (1, 0)))[:, :-1]
