"""How long a user waits for commands that need no TensorFlow: `python -m benchmarks.commands [DATA] [--turns N]`.

Whole processes in turn, beside an empty Python process. Of each task whose data is at hand the true answers are scored;
without DATA the data is the embedded suite. A full GLUE submission of 426,309 random answers is checked.
"""

import functools
import random
import tempfile
from pathlib import Path

from benchmarks.frame import arguments, in_turn, middle, print_table, run

SCORED = {"glue/rte": "validation", "squad/v1.1": "validation", "cnn_dailymail": "test"}


def write_submission(path: Path) -> None:
    """Writes seeded random answers for every example of every GLUE task."""
    import leaderboards
    from leaderboards.values import submission_of
    from task_specs import ClassFile

    chance = random.Random(0)
    given: dict[str, dict[str, float]] = {}
    for spec in leaderboards.get("glue").tasks:
        file = submission_of(spec)
        labels = len(file.labels) if isinstance(file, ClassFile) else 0
        rows = range(spec.sizes[file.split])
        given[spec.name] = {str(i): chance.randrange(labels) if labels else chance.uniform(-0.5, 5.5) for i in rows}
    leaderboards.get("glue").write(path, given)


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "?", turns=9)
    from t5eval.data import available_splits, data_source, open_split
    from t5eval.demo import suite_folder
    from task_specs import get

    folder_of_data = given.data or suite_folder()
    data = data_source(str(folder_of_data))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        commands = {"t5eval --help": ["--help"], "t5eval tasks": ["tasks"]}
        for task, split in SCORED.items():
            spec = get(task)
            if split in available_splits(spec, data):
                pairs = [pair for e in open_split(spec, split, data) for pair in spec.pairs(e, training=False)]
                predictions = folder / f"{len(commands)}.txt"
                predictions.write_text("".join(" ".join(p.targets.split()) + "\n" for p in pairs), encoding="utf-8")
                said = ["score", task, "--split", split, "--data-dir", folder_of_data, "--predictions", predictions]
                commands[f"t5eval score {task}, {len(pairs):,} examples"] = said
        write_submission(folder / "glue.zip")
        commands["t5eval check glue"] = ["check", "glue", folder / "glue.zip"]
        work = {name: functools.partial(run, "-m", "t5eval", *command) for name, command in commands.items()}
        found = in_turn(given.turns, {"empty Python process": functools.partial(run, "-c", "pass"), **work})
    rows = [[name, middle([seconds for seconds, _ in runs])] for name, runs in found.items()]
    print_table(f"whole processes, {given.turns} turns", ["command", "seconds"], rows)


if __name__ == "__main__":
    main()
