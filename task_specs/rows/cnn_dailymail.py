"""CNN/DailyMail (Hermann et al. 2015; non-anonymised as See et al. 2017), in T5's text format."""

from __future__ import annotations

from task_specs.answers.labels import Text
from task_specs.rows.published import table14
from task_specs.sources.summaries import Stories
from task_specs.spec import Decode, Lengths, TaskSpec
from task_specs.submission_files.texts import TextFile
from task_specs.texts.instructed import Instructed

CNN_DAILYMAIL = TaskSpec(
    name="cnn_dailymail",
    benchmark="cnn_dailymail",
    aliases=("cnn_dailymail_v002",),
    source=Stories(
        "cnn_dailymail", names={"train": ("train",), "validation": ("val", "validation"), "test": ("test",)}
    ),
    tfds="cnn_dailymail",
    text=Instructed("summarize:", "article"),
    answer=Text("highlights"),
    metrics=("rouge1", "rouge2", "rougeL", "rougeLsum", "rouge1_t5", "rouge2_t5", "rougeLsum_t5"),
    # The one number by which the paper compares its models on this task.
    task_score=("rouge2",),
    submission=TextFile("test.hypo"),
    sizes={"train": 287113, "validation": 13368, "test": 11490},
    lengths=Lengths(inputs=512, targets=512),
    decode=Decode("beam", beam_size=4, alpha=0.6),
    published=table14(
        rouge1_t5=(41.12, 42.05, 42.50, 42.72, 43.52),
        rouge2_t5=(19.56, 20.34, 20.68, 21.02, 21.55),
        rougeLsum_t5=(38.35, 39.40, 39.75, 39.94, 40.69),
    ),
    note="published ROUGE-L is the summary's, over sentences: rougeLsum, not rougeL",
)

TASKS = (CNN_DAILYMAIL,)
