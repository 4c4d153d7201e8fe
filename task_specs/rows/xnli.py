"""XNLI (Conneau et al. 2018) in mT5's text format: the digit of the class, in 15 languages.

mT5 (Xue et al. 2021) trains on MNLI alone and is tested on each language: `xnli/train`, and the mixture
`xnli_zeroshot`. Formats and other names: its released code. Sizes: the paper's, and the files' in TensorFlow Datasets.
"""

from task_specs.answers.labels import Label
from task_specs.rows.glue import ENTAILMENT, MNLI_DOWNLOADS
from task_specs.sources.download import Download
from task_specs.sources.tsv import Tsv
from task_specs.spec import Lengths, TaskSpec
from task_specs.texts.fields import Fields

LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
FIELDS = {"premise": "sentence1", "hypothesis": "sentence2"}
TEXT = Fields("xnli:", ("premise", "hypothesis"))
ANSWER = Label(ENTAILMENT, words={name: str(number) for number, name in enumerate(ENTAILMENT)})
# The released settings cut inputs at 1,024 tokens of mT5's vocabulary; no pair is near that long.
LENGTHS = Lengths(inputs=1024, targets=8)
# The address and hash that TensorFlow Datasets checks; the authors' page has the same archive.
DOWNLOADS = (
    Download(
        "https://cims.nyu.edu/~sbowman/xnli/XNLI-1.0.zip",
        "xnli",
        ("XNLI-1.0/xnli.*.tsv",),
        17_865_352,
        "4ba1d5e1afdb7161f0f23c66dc787802ccfa8a25a3ddd3b165a35e50df346ab1",
        terms="XNLI: CC BY-NC 4.0",
    ),
)


def _task(language: str) -> TaskSpec:
    return TaskSpec(
        name=f"xnli/{language}",
        benchmark="xnli",
        aliases=(f"xnli_dev_test.{language}",),
        source=Tsv(
            "xnli",
            {"validation": "xnli.dev.tsv", "test": "xnli.test.tsv"},
            fields=FIELDS,
            label="gold_label",
            classes=ENTAILMENT,
            only={"language": (language,)},
            slices={"genre": "genre"},
        ),
        hub=f"facebook/xnli:{language}",
        text=TEXT,
        answer=ANSWER,
        metrics=("accuracy",),
        sizes={"validation": 2490, "test": 5010},
        downloads=DOWNLOADS,
        lengths=LENGTHS,
        shots_from="xnli/train",
        note="its test split is labelled; an example's id is its row among those of the language",
    )


TRAIN = TaskSpec(
    name="xnli/train",
    benchmark="xnli",
    aliases=("xnli_train",),
    source=Tsv("glue/MNLI", {"train": "train.tsv"}, fields=FIELDS, label="gold_label", classes=ENTAILMENT),
    hub="nyu-mll/glue:mnli",
    text=TEXT,
    answer=ANSWER,
    metrics=("accuracy",),
    sizes={"train": 392702},
    downloads=MNLI_DOWNLOADS,
    lengths=LENGTHS,
    note="GLUE's MNLI in mT5's form, which is what mT5 is trained on before it is tested on XNLI",
)

TASKS = (*map(_task, LANGUAGES), TRAIN)
