"""PAWS-X (Yang et al. 2019) in mT5's text format: which pairs of sentences are paraphrases, in seven languages.

mT5 (Xue et al. 2021) trains on the English pairs alone for its zero-shot scores: the mixture `pawsx_zeroshot`. Formats
and other names: its released code.
"""

from task_specs.answers.labels import Label
from task_specs.sources.download import Download
from task_specs.sources.tsv import Csv
from task_specs.spec import Lengths, TaskSpec
from task_specs.texts.fields import Fields

LANGUAGES = ("en", "de", "es", "fr", "ja", "ko", "zh")
DIGITS = ("0", "1")
# What TensorFlow Datasets fetches and checks.
DOWNLOADS = (
    Download(
        "https://storage.googleapis.com/paws/pawsx/x-final.tar.gz",
        "pawsx",
        ("x-final/*/*.tsv",),
        30_282_057,
        "4146db499101d66e68ae4c8ed3cf9dadecd625f44b7d8cf3d4a0fe93afc4fd9f",
        terms="PAWS-X: may be used freely, with Google LLC named as its source",
        folders_of="x-final",
    ),
)


def _task(language: str) -> TaskSpec:
    train = "train.tsv" if language == "en" else "translated_train.tsv"
    return TaskSpec(
        name=f"pawsx/{language}",
        benchmark="pawsx",
        aliases=(f"pawsx_dev_test.{language}", f"pawsx_translate_train_original.{language}"),
        source=Csv(
            f"pawsx/{language}",
            {"train": train, "validation": "dev_2k.tsv", "test": "test_2k.tsv"},
            fields={"sentence1": "sentence1", "sentence2": "sentence2"},
            label="label",
            classes=DIGITS,
            # A few rows have another text for a label, and every reader leaves them out.
            only={"label": DIGITS},
            delimiter="\t",
            strict=False,
        ),
        tfds=f"paws_x_wiki/{language}",
        hub=f"google-research-datasets/paws-x:{language}",
        text=Fields("paws", ("sentence1", "sentence2")),
        answer=Label(("different_meaning", "paraphrase")),
        metrics=("accuracy",),
        sizes={"train": 49401, "validation": 2000, "test": 2000},
        downloads=DOWNLOADS,
        lengths=Lengths(inputs=512, targets=16),
        note="its test split is labelled; the training split of a language other than English is machine-translated",
    )


TASKS = tuple(map(_task, LANGUAGES))
