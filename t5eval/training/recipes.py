"""The paper's settings for a task, a benchmark or a mixture, or for pre-training, as a configuration of `t5eval train`.

Sections are those of Raffel et al. 2020.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from t5eval.training.mixture import drawn, drawn_tasks
from task_specs import TEXT, Mixture, TaskSpec, find, tasks_of, training_mixture

# The final runs trained each of these tasks by itself.
TRAINED_IN_SMALL_BATCHES = ("glue", "super_glue")
# What it trained a benchmark's model on.
MIXTURES = {"glue": "glue_proportional", "super_glue": "super_glue_proportional"}
INPUTS = 512
# Of span corruption with so many inputs.
TEXT_TARGETS = 114


@dataclass(frozen=True)
class Setting:
    """A line of a configuration.

    Attributes:
        key: a key of `TrainConfig`.
        value: its value.
        source: where the value is from.
    """

    key: str
    value: Any
    source: str


PRETRAIN = "pretrain"
"""The name of the recipe that learns from plain text alone."""

# What the baseline of the study does, by the table that it stands in.
BASELINE: dict[str, tuple[Setting, ...]] = {
    "train": (
        Setting("task", [TEXT], ""),
        Setting("preset", "t5-base", "12 + 12 layers, 220 million parameters; section 3.1.1"),
        Setting("vocab", "spiece.model", "32,000 pieces, 100 sentinels; section 3.1.3"),
        Setting("data_dir", "DATA", ""),
        Setting("out", "RUN", ""),
        Setting("steps", 2**19, "2^19; section 3.1.2"),
        Setting("batch_size", 128, f"rows of {INPUTS}, 2^16 tokens; section 3.1.2"),
        Setting("pack", [INPUTS, 192], "inputs and targets of the objective; section 3.1.4"),
        Setting("optimizer", "adafactor", "section 3.1.2"),
        Setting("learning_rate", 0.01, "of the first steps; section 3.1.2"),
        Setting("schedule", "inverse_square_root", "1/sqrt(max(n, 10^4)); section 3.1.2"),
        Setting("warmup_steps", 10_000, "its 10^4; section 3.1.2"),
    ),
    "train.text": (
        Setting("files", ["text.txt.gz"], "a document a line; C4 in the paper, section 2.2"),
        Setting("objective", "iid", "a sentinel for each run; section 3.1.4"),
        Setting("noise_density", 0.15, "section 3.1.4"),
        Setting("inputs", INPUTS, "section 3.1.4"),
        Setting("held_out", 0.001, "validated at each checkpoint; no setting of the paper's"),
    ),
}
# What T5 v1.1 does otherwise: its release notes where no section is named.
V1_1: dict[str, tuple[Setting, ...]] = {
    "train": (
        Setting("preset", "t5-v1_1-base", "gated GELU, an output head of its own"),
        Setting("steps", 1_000_000, "section 3.7"),
        Setting("batch_size", 2048, f"2^11 rows of {INPUTS}; section 3.7"),
        Setting("pack", [INPUTS, TEXT_TARGETS], "of spans of 3; section 3.3.4"),
        Setting("z_loss", 1e-4, "as T5X has it"),
        Setting("dropout_rate", 0.0, "no dropout until fine-tuning"),
    ),
    "train.text": (
        Setting("objective", "spans", "sections 3.3.4 and 3.7"),
        Setting("mean_span", 3.0, "sections 3.3.4 and 3.7"),
    ),
}


def pretraining() -> str:
    """Returns the TOML file of pre-training: the baseline's, and what T5 v1.1 does otherwise in comments."""
    lines = [
        "# Pre-training as the baseline of Raffel et al. 2020; dropout is 0.1 (section 3.1.1).\n",
        "# t5eval train --config FILE; flags overrule it.\n",
    ]
    for table, settings in BASELINE.items():
        lines += [*_lines(settings, table), "\n"]
    lines.append("# T5 v1.1: these instead of the lines above.\n")
    for table, settings in V1_1.items():
        lines += [f"# {line}" for line in _lines(settings, table)]
    return "".join(lines)


def recipe(name: str) -> str:
    """Returns the TOML file of a task, a benchmark or a mixture, or of pre-training (`PRETRAIN`).

    Raises:
        UserError: there is nothing of this name, or nothing of it to train on.
    """
    if name == PRETRAIN:
        return pretraining()
    row = find(MIXTURES.get(name, name))
    # A file is known by its path alone.
    known_as = name if name.endswith(".toml") else row.name
    mixture = training_mixture([known_as])
    with_text = TEXT in drawn(mixture, with_text=True)
    validated = [spec for spec in tasks_of(mixture) if "validation" in spec.source.splits]
    settings = [
        Setting("task", [known_as], ""),
        Setting("model", "MODEL", "a checkpoint's folder; pre-trained, in the paper"),
        Setting("data_dir", "DATA", ""),
        Setting("out", "RUN", ""),
        *_numbers(row if isinstance(row, TaskSpec) else None, validated),
        Setting("pack", _longest(mixture, with_text), "several examples a sequence; section 3.1.2"),
    ]
    if with_text and mixture.rates == "proportional" and mixture.limit is None:
        settings.append(Setting("mixture_limit", 2**19, "2^18 to 2^19 did best; section 3.5.2"))
    title = f"# {known_as}, fine-tuned as in Raffel et al. 2020.\n# t5eval train --config FILE; flags overrule it.\n"
    return title + "".join(_lines(settings)) + "\n" + "".join(_remarks(validated, with_text))


def _longest(mixture: Mixture, with_text: bool) -> list[int]:
    """Returns the length of a row that holds any example of the mixture: the paper's, or a later suite's longer one."""
    lengths = [spec.lengths for spec in drawn_tasks(mixture, with_text)]
    targets = [TEXT_TARGETS] if with_text else []
    return [max([INPUTS, *(n.inputs for n in lengths)]), max([*targets, *(n.targets for n in lengths)])]


def _numbers(task: TaskSpec | None, validated: Iterable[TaskSpec]) -> Iterator[Setting]:
    """Yields what the paper gives numbers for; `task` where it is a single one."""
    small = task is not None and task.benchmark in TRAINED_IN_SMALL_BATCHES
    yield Setting("steps", 2**18, "2^18; section 3.1.2")
    if small:
        yield Setting("batch_size", 8, f"sequences of {INPUTS}, for each GLUE and SuperGLUE task; section 3.7")
    else:
        yield Setting("batch_size", 128, f"sequences of {INPUTS}, 2^16 tokens; section 3.1.2")
    yield Setting("learning_rate", 1e-3, "constant, Adafactor's; section 3.1.2")
    if small:
        yield Setting("checkpoint_every", 1000, "with batches of 8; section 3.7")
    else:
        yield Setting("checkpoint_every", 5000, "best on validation is reported; section 3.1.2")
    sizes = [spec.sizes["validation"] for spec in validated if "validation" in spec.sizes]
    if sizes:
        yield Setting("validate_limit", max(sizes), "whole validation sets")


def _lines(settings: Iterable[Setting], table: str = "train") -> Iterator[str]:
    yield f"[{table}]\n"
    for setting in settings:
        # JSON's strings, numbers and lists are TOML's.
        line = f"{setting.key} = {json.dumps(setting.value, ensure_ascii=False)}"
        yield f"{line:<27} # {setting.source}\n" if setting.source else f"{line}\n"


def _remarks(validated: Iterable[TaskSpec], with_text: bool) -> Iterator[str]:
    """Yields what holds without being a setting of a run."""
    yield "# Dropout is 0.1 (section 3.1.1), as in most models' config.json; where it is\n"
    yield "# not, say dropout_rate = 0.1.\n"
    yield (
        "# Packing wastes least: one shape, hardly any padding. Without `pack`, batches\n"
        "# come in at most 12 shapes where each shape is compiled.\n"
    )
    rows: dict[str, set[str]] = {}
    for spec in validated:
        lengths, decode = spec.lengths, spec.decode
        how = f"beam {decode.beam_size}, alpha {decode.alpha:g}" if decode.beam_size > 1 else "greedy"
        row = f"{lengths.inputs} tokens in, {lengths.targets} out, end included; {how}"
        rows.setdefault(row, set()).add(spec.benchmark)
    if rows:
        yield "# The tasks' rows, with at most so many tokens as in T5's released settings, and\n"
        yield "# decoding as in section 3.7:\n"
    for row, benchmarks in rows.items():
        yield f"#   {', '.join(sorted(benchmarks))}: {row}\n"
    if with_text:
        yield (
            "# Plain text is a member; without this table it is left out.\n"
            "# [train.text]\n"
            '# files = ["text.txt.gz"]          # a document a line\n'
            '# objective = "spans"              # 15 %, spans of 3 on average; 3.1.4, 3.3.4\n'
            f"# inputs = {INPUTS}                     # of 568 tokens; {TEXT_TARGETS} targets\n"
        )
