"""How fast plain text becomes examples: `python -m benchmarks.text DATA [--peer PYTHON]`.

DATA holds `t5_vocab/spiece.model` and `text/imdb_unsup.txt.xz`. PYTHON is an interpreter that has t5 0.9.4, seqio and
TensorFlow (`make seqio`), whose own preprocessors then do the same to the same documents. One process and one thread
each, in turns; million tokens of text per second of processor time, the best of the turns. "from ids" is an objective
over documents that are tokenised already, the time of reading these taken off on both sides; "from text" has the
tokenising in it, which is SentencePiece's work in both, and "prepared" also the writing of records.

    --documents N  of the file
    --turns N
"""

import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.frame import arguments, print_table, run

OBJECTIVES = ("spans", "iid", "prefix_lm")

PEER = """
import json, os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
import seqio
from t5.data import preprocessors as t5
vocabulary = seqio.SentencePieceVocabulary(sys.argv[2], extra_ids=100)
features = {name: seqio.Feature(vocabulary, add_eos=True) for name in ("inputs", "targets")}
options = tf.data.Options()
options.threading.private_threadpool_size = options.threading.max_intra_op_parallelism = 1
documents = json.load(open(sys.argv[1], encoding="utf-8"))
texts = tf.data.Dataset.from_tensor_slices({"targets": documents})
ids = [np.array(vocabulary.encode(text), np.int32) for text in documents]
tokens = sum(map(len, ids))
tokenised = tf.data.Dataset.from_tensor_slices(tf.ragged.constant(ids)).map(lambda row: {"targets": row})
tokenised = tokenised.cache()
for _ in tokenised.with_options(options):
    pass

def seconds(dataset):
    start = time.process_time()
    for _ in dataset.with_options(options).as_numpy_iterator():
        pass
    return time.process_time() - start

# Reading the ids themselves is taken off.
reading = min(seconds(tokenised) for _ in range(int(sys.argv[3])))
lengths = {"inputs": 512, "targets": 512}
objectives = {"spans": t5.span_corruption, "iid": t5.iid_denoising, "prefix_lm": t5.prefix_lm}
for name in sys.argv[4:]:
    def examples(dataset):
        return seqio.preprocessors.append_eos_after_trim(
            objectives[name](dataset, lengths, features), output_features=features, sequence_length=lengths)
    from_ids = min(seconds(examples(tokenised)) for _ in range(int(sys.argv[3]))) - reading
    from_text = min(
        seconds(examples(seqio.preprocessors.tokenize(texts, features, copy_pretokenized=False)))
        for _ in range(int(sys.argv[3])))
    print(json.dumps([name, tokens / from_ids / 1e6, tokens / from_text / 1e6]), flush=True)
"""


def seconds(work: Callable[[], Iterator[object]], turns: int) -> float:
    """Returns the processor time of the best turn."""
    best = float("inf")
    for _ in range(turns):
        start = time.process_time()
        for _ in work():
            pass
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", peer=None, documents=5000, turns=3)
    from keras_model.data.objectives import Objective
    from keras_model.data.text_files import read_documents, text_examples
    from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.cli.progress import SplitProgress
    from t5eval.preparation.text_data import TextData
    from t5eval.preparation.text_records import text_records

    vocabulary = given.data / "t5_vocab" / "spiece.model"
    tokenizer = T5Tokenizer(vocabulary)
    tokenizer.threads = 1
    texts = list(itertools.islice(read_documents([given.data / "text" / "imdb_unsup.txt.xz"]), given.documents))
    encoded = tokenizer.encode(texts)
    tokens = sum(map(len, encoded)) - len(encoded)

    class Tokenised(ByteTokenizer):
        """Returns ids that are there already, in the order of the documents."""

        def encode(self, texts: list[str], max_tokens: int | None = None) -> list[list[int]]:  # type: ignore[override]
            return [encoded[int(text)] for text in texts]

    def read() -> Iterator[object]:
        yield from (np.fromiter(ids, np.int32, len(ids)) for ids in encoded)

    reading = seconds(read, given.turns)
    numbers = [str(number) for number in range(len(texts))]
    ours = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "text.txt"
        file.write_text("\n".join(texts), encoding="utf-8")

        def prepare(name: str) -> Iterator[object]:
            wanted = text_records(
                TextData((str(file),), objective=name), tokenizer, 0, lambda shown: SplitProgress(shown, show=False)
            )
            yield wanted.prepare(Path(folder) / name)

        for name in OBJECTIVES:
            objective = Objective.of(name, tokenizer)
            times = (
                seconds(lambda made=objective: text_examples(numbers, Tokenised(), made), given.turns) - reading,
                seconds(lambda made=objective: text_examples(texts, tokenizer, made), given.turns),
                seconds(lambda name=name: prepare(name), given.turns),
            )
            ours[name] = [tokens / time / 1e6 for time in times]
        theirs: dict[str, list[float]] = {}
        if given.peer:
            documents = Path(folder) / "documents.json"
            documents.write_text(json.dumps(texts), encoding="utf-8")
            _, printed = run("-c", PEER, documents, vocabulary, given.turns, *OBJECTIVES, python=given.peer)
            theirs = {name: rates for name, *rates in map(json.loads, printed.splitlines())}
    table = []
    for name, rates in ours.items():
        peer = theirs.get(name, [])
        against = [f"{rate:.2f}" for rate in peer] + [f"{a / b:.1f}" for a, b in zip(rates, peer, strict=False)]
        table.append([name, *(f"{rate:.2f}" for rate in rates), *(against or ["-"] * 4)])
    heads = [
        "objective",
        "from ids",
        "from text",
        "prepared",
        "t5 from ids",
        "t5 from text",
        "ratio",
        "ratio from text",
    ]
    print_table("million tokens a second", heads, table)


if __name__ == "__main__":
    main()
