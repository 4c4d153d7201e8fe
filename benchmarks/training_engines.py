"""One training step of ours and of transformers' behind one interface, from the same weights; each in a `Worker`.

t5-small's configuration with random weights, dropout 0.1, float32, Adafactor with parameter scaling at a rate of 1e-3,
all cores. Batches are random ids without padding (`load`), packed rows that are the same for both (`load_rows`), or
real examples (`load_task`): packed by ours, and by the other padded to the longest of 16 in random order.
"""

import itertools
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.engines import input_ids, transformers_t5
from benchmarks.frame import OURS
from benchmarks.models import SEED

BATCH = 16
FILE = "{}.json"  # a task's examples
RATE = 1e-3
ROWS = {"glue/sst2": (128, 24), "glue/rte": (320, 32)}
"""The lengths of packed rows, source and target."""
TEXT_ROWS = (128, 32)
"""The same of pre-training."""


class TrainingEngine:
    """What the benchmark calls; `step` takes one step of training."""

    def load(self, source: int, target: int) -> None:
        """Makes batches of random ids [16, source] and [16, target] without padding."""
        import numpy as np

        labels = input_ids(BATCH, target)
        shifted = np.pad(labels, ((0, 0), (1, 0)))[:, :-1]
        inputs = {"encoder_ids": input_ids(BATCH, source), "decoder_ids": shifted}
        self.batches = itertools.repeat((inputs, labels))

    def load_rows(self, folder: str, name: str, rows: int) -> None:
        """Makes batches of packed rows; who cannot keep the examples of a row apart sees it as one."""
        from keras_model.data.layouts import PAD_ID, laid_out
        from keras_model.data.packed_plan import PackedPlan

        examples = read_examples(Path(folder), name)
        plan = PackedPlan(examples.sources.lengths, examples.targets.lengths, rows, TEXT_ROWS, SEED)
        batches = (
            next(laid_out(examples, [plan.layout(step)], PAD_ID, packed=True).batches()) for step in itertools.count()
        )
        self.batches = ((batch.inputs, batch.labels) for batch in batches)

    def load_task(self, folder: str, task: str, rows: int) -> None:
        """Makes batches of a task: 16 examples, padded, in random order; or so many rows of several, packed."""
        import numpy as np

        from keras_model.data.batches import make_batch

        examples = read_examples(Path(folder), task)
        order = np.random.default_rng(SEED).permutation(len(examples))
        chosen = [order[i : i + BATCH] for i in range(0, len(order) - BATCH, BATCH)]
        batches = (make_batch(examples, numbers, BATCH) for numbers in chosen)
        self.batches = ((batch.inputs, batch.labels) for batch in batches)

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
        from keras_model import load_model
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
        import transformers

        self.torch, model = transformers_t5(Path(folder) / "model")
        self.model = model.train()
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


TRAINING_ENGINES: dict[str, type[TrainingEngine]] = {OURS: Ours, "transformers": Transformers}


def write_examples(data: Path, task: str, folder: Path, split: str = "train") -> int:
    """Formats and tokenises a task's split into a file of the folder; returns the number of examples."""
    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import data_source, open_split
    from t5eval.preparation.blocks import learnable_pairs

    spec = task_specs.get(task)
    pairs = list(learnable_pairs(open_split(spec, split, data_source(str(data)))))
    encode = T5Tokenizer(data / "t5_vocab" / "spiece.model").encode
    sources = encode([pair.inputs for pair in pairs], spec.lengths.inputs)
    targets = encode([pair.targets for pair in pairs], spec.lengths.targets)
    _write(folder, task, sources, targets)
    return len(pairs)


def write_text(data: Path, name: str, folder: Path, documents: int = 2000) -> int:
    """Makes span-corruption examples of film reviews into a file of the folder; returns the number of examples."""
    from keras_model.data.objectives import Objective
    from keras_model.data.text_files import read_documents, text_examples
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    tokenizer = T5Tokenizer(data / "t5_vocab" / "spiece.model")
    texts = itertools.islice(read_documents([data / "text" / "imdb_unsup.txt.xz"]), documents)
    parts = list(text_examples(texts, tokenizer, Objective.of("spans", tokenizer, TEXT_ROWS[0])))
    sources, targets = ([row for part in parts for row in getattr(part, side)] for side in ("sources", "targets"))
    _write(folder, name, sources, targets)
    return len(sources)


def _write(folder: Path, name: str, *sides: Any) -> None:
    ids = [[list(map(int, row)) for row in rows] for rows in sides]
    (folder / FILE.format(name.replace("/", "_"))).write_text(json.dumps(ids))


def read_examples(folder: Path, task: str) -> Any:
    """Returns the `Examples` that `write_examples` wrote."""
    from keras_model.data.batches import Examples

    return Examples.from_sequences(*json.loads((folder / FILE.format(task.replace("/", "_"))).read_text()))
