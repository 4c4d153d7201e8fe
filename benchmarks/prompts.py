"""What a template and shots cost beside reading, formatting and tokenizing: `python -m benchmarks.prompts DATA`.

Processor time an example, the middle of several turns in one process. DATA has RTE, BoolQ and `t5_vocab/spiece.model`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.frame import arguments, in_turn, middle, print_table

ASKED = {"glue/rte": "letter", "super_glue/boolq": "passage"}


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", turns=9)
    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import open_split
    from t5eval.prompts.asking import Asking
    from t5eval.prompts.questions import Questions
    from t5eval.scoring.score import evaluation_pair

    tokenizer = T5Tokenizer(str(given.data / "t5_vocab" / "spiece.model"))
    rows = []
    for name, prompt in ASKED.items():
        row, spec = task_specs.get(name), task_specs.get(f"{name}@{prompt}")
        examples = list(open_split(row, "validation", given.data))
        pairs = [evaluation_pair(spec, example) for example in examples]
        questions = Questions(Asking(shots=3), open_split(spec, "validation", given.data))
        work: dict[str, Callable[[], Sequence[Any]]] = {
            "reading": lambda row=row: list(open_split(row, "validation", given.data)),
            "T5's form": lambda row=row, e=examples: [evaluation_pair(row, one) for one in e],
            "a template": lambda spec=spec, e=examples: [evaluation_pair(spec, one) for one in e],
            "3 shots before it": lambda q=questions, p=pairs: [q.text(pair) for pair in p],
            "its tokens, without shots": lambda p=pairs: tokenizer.encode([pair.inputs for pair in p], 512),
        }
        timed = {what: _seconds(call) for what, call in work.items()}
        for what, found in in_turn(given.turns, timed).items():
            rows.append([f"{name}, {what}", middle([1e6 * seconds / len(examples) for seconds in found])])
    print_table(f"microseconds an example, {given.turns} turns", ["work", "µs"], rows)


def _seconds(call: Callable[[], Any]) -> Callable[[], float]:
    def measured() -> float:
        started = time.process_time()
        call()
        return time.process_time() - started

    return measured


if __name__ == "__main__":
    main()
