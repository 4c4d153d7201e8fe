"""Which examples have the same input, and are answered once: `python -m benchmarks.repeats DATA`.

Of every task and split whose data is at hand, train left out: how many examples there are, how many different inputs,
and which share of the input words is not read twice, by which the encoder's work shrinks. Needs no TensorFlow.
"""

from benchmarks.frame import arguments, print_table


def main() -> None:
    """Prints the table; splits without equal inputs are left out of it."""
    given = arguments(__doc__, "+")
    import task_specs
    from t5eval.data import available_splits, open_split
    from t5eval.scoring.score import evaluation_pair

    rows, alone = [], []
    for spec in task_specs.resolve(["all"]):
        for split in sorted(set(available_splits(spec, given.data)) - {"train"}):
            inputs = [evaluation_pair(spec, example).inputs for example in open_split(spec, split, given.data)]
            words = sum(len(text.split()) for text in inputs)
            kept = sum(len(text.split()) for text in set(inputs))
            if len(set(inputs)) == len(inputs):
                alone.append(f"{spec.name} {split}")
                continue
            saved = f"{100 * (1 - kept / words):.2f}"
            rows.append([f"{spec.name} {split}", f"{len(inputs):,}", f"{len(set(inputs)):,}", saved])
    print_table("examples with the same input", ["task and split", "examples", "inputs", "% of words saved"], rows)
    print(f"all inputs differ: {', '.join(alone)}")


if __name__ == "__main__":
    main()
