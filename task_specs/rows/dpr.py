"""Definite pronoun resolution (Rahman and Ng 2012), which T5 trains together with WSC and in its form."""

from task_specs.answers.candidate import Candidate
from task_specs.sources.download import Download
from task_specs.sources.dpr import PronounBlocks
from task_specs.spec import Lengths, TaskSpec
from task_specs.texts.referents import DprReferent

# The mirror that the libraries read; its authors' page at the University of Texas at Dallas comes and goes.
DATA = "https://s3.amazonaws.com/datasets.huggingface.co/definite_pronoun_resolution"

DPR = TaskSpec(
    name="dpr",
    benchmark="dpr",
    aliases=("dpr_v001_simple",),
    source=PronounBlocks("dpr", {"train": "train.c.txt", "test": "test.c.txt"}),
    tfds="definite_pronoun_resolution",
    hub="community-datasets/definite_pronoun_resolution:plain_text",
    text=DprReferent(),
    answer=Candidate(),
    metrics=("accuracy",),
    sizes={"train": 1322, "test": 564},
    downloads=tuple(
        Download(f"{DATA}/{name}", f"dpr/{name}", (), size, sha256, terms="DPR: for research, by its authors")
        for name, size, sha256 in (
            ("train.c.txt", 160_408, "c310158d0cbac1a556e3284e6c167f4478271d8d50b0b9d15dfe428c905a0867"),
            ("test.c.txt", 67_044, "cf1cf025e1d59a5b363e6dcfbd5a13aae8a9830831ac16fd7f865aca7a1559d8"),
        )
    ),
    lengths=Lengths(inputs=512, targets=62),
    note="a training companion of super_glue/wsc without a leaderboard; its test split is labelled",
)

TASKS = (DPR,)
