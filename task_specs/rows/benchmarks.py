"""Benchmarks: which tasks belong together, and what the leaderboard's average is made of."""

from dataclasses import dataclass

from task_specs.rows import pawsx, xnli


@dataclass(frozen=True)
class Benchmark:
    """A named set of tasks.

    Attributes:
        name: the benchmark's name.
        tasks: the tasks of its leaderboard, in the leaderboard's order.
        average: what the leaderboard averages, without weights: one entry per column, each a tuple of tasks whose
            scores are averaged first (MNLI's two halves are one column). Empty where there is no average.
        training: the tasks that a model for it is trained on; empty where these are its tasks.
        not_validated: what T5's paper leaves out of averages over validation sets.
        of_t5: whether T5's paper has it, so that `all` means it too.
    """

    name: str
    tasks: tuple[str, ...]
    average: tuple[tuple[str, ...], ...] = ()
    training: tuple[str, ...] = ()
    not_validated: tuple[str, ...] = ()
    of_t5: bool = True


# AX is reported by the leaderboard but left out of its average (Wang et al. 2019, section 3.4).
GLUE = Benchmark(
    name="glue",
    tasks=(
        "glue/cola",
        "glue/sst2",
        "glue/mrpc",
        "glue/stsb",
        "glue/qqp",
        "glue/mnli_matched",
        "glue/mnli_mismatched",
        "glue/qnli",
        "glue/rte",
        "glue/wnli",
        "glue/ax",
    ),
    average=(
        ("glue/cola",),
        ("glue/sst2",),
        ("glue/mrpc",),
        ("glue/stsb",),
        ("glue/qqp",),
        ("glue/mnli_matched", "glue/mnli_mismatched"),
        ("glue/qnli",),
        ("glue/rte",),
        ("glue/wnli",),
    ),
    # Both halves of MNLI are learned from one training set. T5 was not trained on WNLI, but on WSC and DPR in its form.
    training=tuple(f"glue/{task}" for task in ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte")),
    # Its validation examples are training examples with the other label (Raffel et al. 2020, section 2.4).
    not_validated=("glue/wnli",),
)

# AX-b and AX-g are diagnostics: reported, but left out of the average (Wang et al. 2019, SuperGLUE, section 3.3).
SUPER_GLUE_SCORED = tuple(
    f"super_glue/{task}" for task in ("boolq", "cb", "copa", "multirc", "record", "rte", "wic", "wsc")
)
SUPER_GLUE = Benchmark(
    name="super_glue",
    tasks=(*SUPER_GLUE_SCORED, "super_glue/axb", "super_glue/axg"),
    average=tuple((task,) for task in SUPER_GLUE_SCORED),
)

# No leaderboard takes it; `all` means it too.
DPR = Benchmark(name="dpr", tasks=("dpr",))

# The two versions are two leaderboards, and nothing averages them.
SQUAD = Benchmark(name="squad", tasks=("squad/v1.1", "squad/v2.0"))

CNN_DAILYMAIL = Benchmark(name="cnn_dailymail", tasks=("cnn_dailymail",))

# The directions that T5 has; the leaderboard takes the reversed ones too.
WMT = Benchmark(
    name="wmt",
    tasks=(
        "wmt14/en-de",
        "wmt14/en-fr",
        "wmt15/en-fr",
        "wmt16/en-ro",
        "wmt17/en-de",
        "wmt19/en-de",
        "wmt_t2t/en-de",
    ),
)

# Averaged over languages, as mT5's paper does (Xue et al. 2021, table 2).
XNLI = Benchmark(
    name="xnli",
    tasks=tuple(spec.name for spec in xnli.TASKS if spec is not xnli.TRAIN),
    average=tuple((spec.name,) for spec in xnli.TASKS if spec is not xnli.TRAIN),
    training=(xnli.TRAIN.name,),
    of_t5=False,
)
PAWSX = Benchmark(
    name="pawsx",
    tasks=tuple(spec.name for spec in pawsx.TASKS),
    average=tuple((spec.name,) for spec in pawsx.TASKS),
    training=("pawsx/en",),
    of_t5=False,
)

CLOSED_BOOK = Benchmark(
    name="closed_book",
    tasks=("closed_book/natural_questions", "closed_book/web_questions", "closed_book/trivia_qa"),
    of_t5=False,
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (GLUE, SUPER_GLUE, DPR, SQUAD, CNN_DAILYMAIL, WMT, CLOSED_BOOK, XNLI, PAWSX)
}
