"""SuperGLUE (Wang et al. 2019), in T5's text formats. Formats and aliases: Raffel et al. 2020, appendix D."""

from task_specs.answers.labels import Label, Referent, Text
from task_specs.rows.published import table14
from task_specs.sources.download import Download
from task_specs.sources.json_lines import JsonLines, MultiRcLines, RecordLines, WscLines
from task_specs.spec import Lengths, TaskSpec
from task_specs.submission_files.json_lines import JsonClassFile, JsonTextFile, MultiRcFile
from task_specs.texts.fields import Fields
from task_specs.texts.referents import WscReferent
from task_specs.texts.super_glue import MultiRc, Record, RenamedFields

FILES = {"train": "train.jsonl", "validation": "val.jsonl", "test": "test.jsonl"}
LENGTHS = Lengths(inputs=512, targets=62)
TWO_WAY = ("entailment", "not_entailment")
HUB = "aps/super_glue"
BOOLEANS = (False, True)
TERMS = "SuperGLUE: each of its datasets has terms of its own, which https://super.gluebenchmark.com/tasks lists"


def _zip(folder: str, size: int, sha256: str) -> tuple[Download, ...]:
    """Returns the address of a task's archive, version 2; size and hash are those that TensorFlow Datasets checks."""
    url = f"https://dl.fbaipublicfiles.com/glue/superglue/data/v2/{folder}.zip"
    return (Download(url, f"super_glue/{folder}", (f"{folder}/*.jsonl",), size, sha256, terms=TERMS),)


def _same(*names: str) -> dict[str, str]:
    """Returns features that the files call by the same names."""
    return {name: name for name in names}


BOOLQ = TaskSpec(
    name="super_glue/boolq",
    benchmark="super_glue",
    aliases=("super_glue_boolq_v102",),
    source=JsonLines("super_glue/BoolQ", FILES, fields=_same("question", "passage"), classes=BOOLEANS),
    tfds="super_glue/boolq",
    hub=HUB,
    text=Fields("boolq", ("passage", "question")),
    answer=Label(("False", "True")),
    metrics=("accuracy",),
    submission=JsonClassFile("BoolQ.jsonl", ("false", "true")),
    sizes={"train": 9427, "validation": 3270, "test": 3245},
    downloads=_zip("BoolQ", 4_118_001, "853fbe7922f70c59629f06a39e8d9ca440c3d740e760fd3b87a5ddf3dcba2436"),
    lengths=LENGTHS,
    published=table14(accuracy=(76.4, 81.4, 85.4, 89.9, 91.0)),
)

CB_CLASSES = ("entailment", "contradiction", "neutral")

CB = TaskSpec(
    name="super_glue/cb",
    benchmark="super_glue",
    aliases=("super_glue_cb_v102",),
    source=JsonLines("super_glue/CB", FILES, fields=_same("premise", "hypothesis"), classes=CB_CLASSES),
    tfds="super_glue/cb",
    hub=HUB,
    text=Fields("cb", ("hypothesis", "premise")),
    answer=Label(CB_CLASSES),
    metrics=("f1_macro", "accuracy"),
    task_score=("f1_macro", "accuracy"),
    submission=JsonClassFile("CB.jsonl", CB_CLASSES),
    sizes={"train": 250, "validation": 56, "test": 250},
    downloads=_zip("CB", 75_482, "8d641383298d54554066ba1c93f56ae7410af75df621b90c63028806bbbbb535"),
    lengths=LENGTHS,
    published=table14(f1_macro=(56.9, 86.2, 91.6, 90.3, 93.0), accuracy=(81.6, 94.0, 94.8, 94.4, 96.4)),
)

COPA = TaskSpec(
    name="super_glue/copa",
    benchmark="super_glue",
    aliases=("super_glue_copa_v102",),
    source=JsonLines(
        "super_glue/COPA", FILES, fields=_same("premise", "choice1", "choice2", "question"), classes=(0, 1)
    ),
    tfds="super_glue/copa",
    hub=HUB,
    text=Fields("copa", ("choice1", "choice2", "premise", "question")),
    answer=Label(("choice1", "choice2")),
    metrics=("accuracy",),
    submission=JsonClassFile("COPA.jsonl", (0, 1)),
    sizes={"train": 400, "validation": 100, "test": 500},
    downloads=_zip("COPA", 43_986, "405906cddac74bc1e1ce8220f1107d1025b66a25ef10149d91b10bb30651125f"),
    lengths=LENGTHS,
    published=table14(accuracy=(46.0, 71.2, 83.4, 92.0, 94.8)),
)

MULTIRC = TaskSpec(
    name="super_glue/multirc",
    benchmark="super_glue",
    aliases=("super_glue_multirc_v102",),
    source=MultiRcLines("super_glue/MultiRC", FILES),
    tfds="super_glue/multirc",
    hub=HUB,
    text=MultiRc(),
    answer=Label(("False", "True")),
    metrics=("f1a", "em", "em_t5"),
    task_score=("f1a", "em"),
    submission=MultiRcFile("MultiRC.jsonl", paragraphs=166, questions=1820),
    sizes={"train": 27243, "validation": 4848, "test": 9693},
    downloads=_zip("MultiRC", 1_116_225, "b3cd440856e72eb166b2edcd37b798455f1ebd51f2c3de64c0c2a4e1971d2737"),
    lengths=LENGTHS,
    published=table14(f1a=(69.3, 79.7, 83.3, 86.8, 88.2), em=(26.3, 43.1, 50.7, 58.3, 62.3)),
    note="an example is one answer to one question; sizes count answers",
)

RECORD = TaskSpec(
    name="super_glue/record",
    benchmark="super_glue",
    aliases=("super_glue_record_v102",),
    source=RecordLines("super_glue/ReCoRD", FILES),
    tfds="super_glue/record",
    hub=HUB,
    text=Record(),
    answer=Text("answers"),
    metrics=("f1", "em"),
    task_score=("f1", "em"),
    submission=JsonTextFile("ReCoRD.jsonl"),
    sizes={"train": 100730, "validation": 10000, "test": 10000},
    training_pairs=138854,
    downloads=_zip("ReCoRD", 51_757_880, "30c7b651ab21b8bf8fab986495cd1084333010e040548f861b839eec0044ac18"),
    lengths=LENGTHS,
    published=table14(f1=(56.3, 75.0, 86.8, 91.2, 93.3), em=(55.4, 74.2, 85.9, 90.4, 92.5)),
    note="an example is one query; training makes a pair of each of its answers, 138,854 in all",
)

RTE = TaskSpec(
    name="super_glue/rte",
    benchmark="super_glue",
    aliases=("super_glue_rte_v102",),
    source=JsonLines("super_glue/RTE", FILES, fields=_same("premise", "hypothesis"), classes=TWO_WAY),
    tfds="super_glue/rte",
    hub=HUB,
    text=Fields("rte", ("hypothesis", "premise")),
    answer=Label(TWO_WAY),
    metrics=("accuracy",),
    submission=JsonClassFile("RTE.jsonl", TWO_WAY),
    sizes={"train": 2490, "validation": 277, "test": 3000},
    downloads=_zip("RTE", 750_920, "6310aab3f000424c9d0318a1ff20692e07c7f4aa15e8f17a5972ea0a35c398b9"),
    lengths=LENGTHS,
    published=table14(accuracy=(73.3, 81.5, 87.8, 90.7, 92.5)),
)

WIC = TaskSpec(
    name="super_glue/wic",
    benchmark="super_glue",
    aliases=("super_glue_wic_v102",),
    source=JsonLines(
        "super_glue/WiC",
        FILES,
        fields=_same("word", "sentence1", "sentence2"),
        # Where the word stands, which T5's format does not say.
        numbers=_same("start1", "start2", "end1", "end2"),
        classes=BOOLEANS,
    ),
    tfds="super_glue/wic",
    hub=HUB,
    text=Fields("wic", ("sentence1", "sentence2", "word")),
    answer=Label(("False", "True")),
    metrics=("accuracy",),
    submission=JsonClassFile("WiC.jsonl", ("false", "true")),
    sizes={"train": 5428, "validation": 638, "test": 1400},
    downloads=_zip("WiC", 396_213, "ee7e67f4ae9eafbf533780faa198e62167f3cda54256cdf261877be3c0e90900"),
    lengths=LENGTHS,
    published=table14(accuracy=(66.9, 68.3, 69.3, 72.1, 76.1)),
)

WSC = TaskSpec(
    name="super_glue/wsc",
    benchmark="super_glue",
    aliases=("super_glue_wsc_v102_simple_train", "super_glue_wsc_v102_simple_eval"),
    source=WscLines(
        "super_glue/WSC",
        FILES,
        fields={"text": "text", "span1_text": "target.span1_text", "span2_text": "target.span2_text"},
        numbers={"span1_index": "target.span1_index", "span2_index": "target.span2_index"},
        classes=BOOLEANS,
    ),
    tfds="super_glue/wsc.fixed",
    hub=HUB,
    text=WscReferent(),
    answer=Referent(("False", "True")),
    metrics=("accuracy",),
    submission=JsonClassFile("WSC.jsonl", ("False", "True")),
    sizes={"train": 554, "validation": 104, "test": 146},
    training_pairs=259,
    downloads=_zip("WSC", 32_751, "2ed6dfa94556b4a128ff0441efe365b2e883124e7e6aa00fb8d3a6cb1fd520a9"),
    lengths=LENGTHS,
    published=table14(accuracy=(70.5, 80.8, 86.3, 90.4, 93.8)),
    note="asks for the referent, as T5 did; training keeps the 259 of the 554 candidates that are the referent",
)

AXB = TaskSpec(
    name="super_glue/axb",
    benchmark="super_glue",
    aliases=("super_glue_axb_v102",),
    source=JsonLines(
        "super_glue/AX-b",
        {"test": "AX-b.jsonl"},
        fields=_same("sentence1", "sentence2"),
        classes=TWO_WAY,
        slices={
            "lexical_semantics": "lexical-semantics",
            "predicate_argument_structure": "predicate-argument-structure",
            "logic": "logic",
            "knowledge": "knowledge",
            "domain": "domain",
        },
    ),
    tfds="super_glue/axb",
    hub=HUB,
    text=RenamedFields("rte", ("sentence2", "sentence1"), ("hypothesis", "premise")),
    answer=Label(TWO_WAY),
    metrics=("matthews", "matthews_t5"),
    submission=JsonClassFile("AX-b.jsonl", TWO_WAY),
    sizes={"test": 1104},
    downloads=_zip("AX-b", 33_950, "43b45c55a273575c58a33cd68f10a971f83daa3aa223bfbc4077b92fbdf960b3"),
    lengths=LENGTHS,
    shots_from="glue/rte",
    note="answered by a model trained on RTE; not part of the average",
)

AXG = TaskSpec(
    name="super_glue/axg",
    benchmark="super_glue",
    aliases=("super_glue_axg_v102",),
    source=JsonLines("super_glue/AX-g", {"test": "AX-g.jsonl"}, fields=_same("premise", "hypothesis"), classes=TWO_WAY),
    tfds="super_glue/axg",
    hub=HUB,
    text=Fields("rte", ("hypothesis", "premise")),
    answer=Label(TWO_WAY),
    metrics=("accuracy", "gender_parity"),
    submission=JsonClassFile("AX-g.jsonl", TWO_WAY),
    sizes={"test": 356},
    downloads=_zip("AX-g", 10_413, "2d4e00d3a7d23d2c3787ee4c1382cc81a72cb05a76fc9d78d142949247ed61b9"),
    lengths=LENGTHS,
    shots_from="super_glue/rte",
    note="answered by a model trained on RTE; not part of the average; parity says little without accuracy",
)

TASKS = (BOOLQ, CB, COPA, MULTIRC, RECORD, RTE, WIC, WSC, AXB, AXG)
