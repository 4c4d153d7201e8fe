"""Definite pronoun resolution (Rahman and Ng 2012), which T5 trains together with WSC and in its form."""

from __future__ import annotations

from task_specs.answers.candidate import Candidate
from task_specs.sources.dpr import PronounBlocks
from task_specs.spec import Lengths, TaskSpec
from task_specs.texts.referents import DprReferent

DPR = TaskSpec(
    name="dpr",
    benchmark="dpr",
    aliases=("dpr_v001_simple",),
    source=PronounBlocks("dpr", {"train": "train.c.txt", "test": "test.c.txt"}),
    tfds="definite_pronoun_resolution",
    text=DprReferent(),
    answer=Candidate(),
    metrics=("accuracy",),
    sizes={"train": 1322, "test": 564},
    lengths=Lengths(inputs=512, targets=62),
    note="a training companion of super_glue/wsc without a leaderboard; its test split is labelled",
)

TASKS = (DPR,)
