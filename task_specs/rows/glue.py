"""GLUE (Wang et al. 2019), in T5's text formats. Formats and aliases: Raffel et al. 2020, appendix D."""

from task_specs.answers.labels import Label, Number, Referent
from task_specs.rows.published import table14
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.sources.tsv import Labels, Tsv
from task_specs.spec import Lengths, TaskSpec
from task_specs.submission_files.values import ClassFile, NumberFile
from task_specs.texts.fields import Fields
from task_specs.texts.wnli import WnliReferent

FILES = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
# The column that numbers the rows, in the files that have it.
INDEX = dict.fromkeys(FILES, "index")
LENGTHS = Lengths(inputs=512, targets=84)
ENTAILMENT = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
DIGITS = ("0", "1")
HUB = "nyu-mll/glue"
DATA = "https://dl.fbaipublicfiles.com/glue/data"
TERMS = "GLUE: each of its datasets has terms of its own, which https://gluebenchmark.com/tasks lists"


def _zip(archive: str, folder: str, size: int, sha256: str) -> tuple[Download, ...]:
    """Returns the address of a task's archive; size and hash are those that TensorFlow Datasets checks."""
    return (Download(f"{DATA}/{archive}", f"glue/{folder}", (f"{folder}/*.tsv",), size, sha256, terms=TERMS),)


MNLI_DOWNLOADS = _zip(
    "MNLI.zip", "MNLI", 312_783_507, "e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633"
)
WNLI_DOWNLOADS = _zip("WNLI.zip", "WNLI", 28_999, "ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46")
MRPC_DOWNLOADS = tuple(
    Download(url, f"glue/MRPC/{name}", (), size, sha256, then, "Microsoft Research Paraphrase Corpus: Microsoft's")
    for url, name, size, sha256, then in (
        (
            "https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_train.txt",
            "msr_paraphrase_train.txt",
            1_047_044,
            "60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89",
            "",
        ),
        (
            "https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_test.txt",
            "msr_paraphrase_test.txt",
            441_275,
            "a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784",
            "",
        ),
        (
            f"{DATA}/mrpc_dev_ids.tsv",
            "dev_ids.tsv",
            6_222,
            "971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7",
            "mrpc",
        ),
    )
)

COLA = TaskSpec(
    name="glue/cola",
    benchmark="glue",
    aliases=("glue_cola_v002",),
    source=Tsv(
        "glue/CoLA",
        FILES,
        fields={"sentence": "sentence"},
        label="label",
        classes=DIGITS,
        columns=("source", "label", "mark", "sentence"),
        headerless=("train", "validation"),
        index={"test": "index"},
    ),
    tfds="glue/cola",
    hub=HUB,
    text=Fields("cola", ("sentence",)),
    answer=Label(("unacceptable", "acceptable")),
    metrics=("matthews", "matthews_t5"),
    submission=ClassFile("CoLA.tsv", DIGITS),
    sizes={"train": 8551, "validation": 1043, "test": 1063},
    downloads=_zip("CoLA.zip", "CoLA", 376_971, "f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff"),
    lengths=LENGTHS,
    published=table14(matthews=(41.0, 51.1, 61.2, 67.1, 71.6)),
)

SST2 = TaskSpec(
    name="glue/sst2",
    benchmark="glue",
    aliases=("glue_sst2_v002",),
    source=Tsv("glue/SST-2", FILES, fields={"sentence": "sentence"}, label="label", classes=DIGITS, index=INDEX),
    tfds="glue/sst2",
    hub=HUB,
    text=Fields("sst2", ("sentence",)),
    answer=Label(("negative", "positive")),
    metrics=("accuracy",),
    submission=ClassFile("SST-2.tsv", DIGITS),
    sizes={"train": 67349, "validation": 872, "test": 1821},
    downloads=_zip("SST-2.zip", "SST-2", 7_439_277, "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa"),
    lengths=LENGTHS,
    published=table14(accuracy=(91.8, 95.2, 96.3, 97.4, 97.5)),
)

MRPC = TaskSpec(
    name="glue/mrpc",
    benchmark="glue",
    aliases=("glue_mrpc_v002",),
    source=Tsv(
        "glue/MRPC",
        FILES,
        fields={"sentence1": "#1 String", "sentence2": "#2 String"},
        label="Quality",
        classes=DIGITS,
        index=INDEX,
    ),
    tfds="glue/mrpc",
    hub=HUB,
    copies=Copies(renumbered=True, unlabelled=("test",)),
    text=Fields("mrpc", ("sentence1", "sentence2")),
    answer=Label(("not_equivalent", "equivalent")),
    metrics=("f1", "accuracy"),
    task_score=("f1", "accuracy"),
    submission=ClassFile("MRPC.tsv", DIGITS),
    sizes={"train": 3668, "validation": 408, "test": 1725},
    downloads=MRPC_DOWNLOADS,
    lengths=LENGTHS,
    published=table14(f1=(89.7, 90.7, 92.4, 92.5, 92.8), accuracy=(86.6, 87.5, 89.9, 90.0, 90.4)),
)

STSB = TaskSpec(
    name="glue/stsb",
    benchmark="glue",
    aliases=("glue_stsb_v002",),
    source=Tsv(
        "glue/STS-B", FILES, fields={"sentence1": "sentence1", "sentence2": "sentence2"}, label="score", index=INDEX
    ),
    tfds="glue/stsb",
    hub=HUB,
    text=Fields("stsb", ("sentence1", "sentence2")),
    answer=Number(0.0, 5.0, step=0.2),
    metrics=("pearson", "spearman", "pearson_t5", "spearman_t5"),
    task_score=("pearson", "spearman"),
    submission=NumberFile("STS-B.tsv", 0.0, 5.0),
    sizes={"train": 5749, "validation": 1500, "test": 1379},
    downloads=_zip("STS-B.zip", "STS-B", 802_872, "e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85"),
    lengths=LENGTHS,
    published=table14(pearson=(85.6, 89.4, 89.9, 90.6, 93.1), spearman=(85.0, 88.6, 89.2, 89.8, 92.8)),
)

QQP = TaskSpec(
    name="glue/qqp",
    benchmark="glue",
    aliases=("glue_qqp_v002",),
    source=Tsv(
        "glue/QQP",
        FILES,
        fields={"question1": "question1", "question2": "question2"},
        label="is_duplicate",
        classes=DIGITS,
        # Not the test rows: the leaderboard wants an answer for each of them.
        drop_incomplete=("train", "validation"),
        # The ids of the other files are those of Quora's pairs.
        index={"test": "id"},
    ),
    tfds="glue/qqp",
    hub=HUB,
    text=Fields("qqp", ("question1", "question2")),
    answer=Label(("not_duplicate", "duplicate")),
    metrics=("f1", "accuracy"),
    task_score=("f1", "accuracy"),
    submission=ClassFile("QQP.tsv", DIGITS),
    sizes={"train": 363846, "validation": 40430, "test": 390965},
    downloads=_zip("QQP.zip", "QQP", 41_696_084, "40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0"),
    lengths=LENGTHS,
    published=table14(f1=(70.0, 72.6, 73.9, 74.4, 75.1), accuracy=(88.0, 89.4, 89.9, 89.7, 90.6)),
)


def _mnli(name: str, files: dict[str, str | dict[str, str]]) -> Tsv:
    """Returns MNLI's source: wide files of which three columns count, by their names."""
    return Tsv(
        name,
        files,
        fields={"premise": "sentence1", "hypothesis": "sentence2"},
        label="gold_label",
        classes=ENTAILMENT,
        index=dict.fromkeys(files, "index"),
        slices={"genre": "genre"},
    )


# T5 sorts a pair's keys, so that the hypothesis stands before its premise.
MNLI_TEXT = Fields("mnli", ("hypothesis", "premise"))

MNLI = TaskSpec(
    name="glue/mnli",
    benchmark="glue",
    aliases=("glue_mnli_v002",),
    source=_mnli(
        "glue/MNLI",
        {
            "train": "train.tsv",
            "validation": {"matched": "dev_matched.tsv", "mismatched": "dev_mismatched.tsv"},
            "test": {"matched": "test_matched.tsv", "mismatched": "test_mismatched.tsv"},
        },
    ),
    tfds="glue/mnli",
    hub=HUB,
    text=MNLI_TEXT,
    answer=Label(ENTAILMENT),
    metrics=("accuracy_matched", "accuracy_mismatched"),
    task_score=("accuracy_matched", "accuracy_mismatched"),
    sizes={"train": 392702, "validation": 19647, "test": 19643},
    downloads=MNLI_DOWNLOADS,
    lengths=LENGTHS,
    published=table14(
        accuracy_matched=(82.4, 87.1, 89.9, 91.4, 92.2), accuracy_mismatched=(82.3, 86.2, 89.6, 91.2, 91.9)
    ),
    note="for training; the leaderboard takes glue/mnli_matched and glue/mnli_mismatched",
)

MNLI_MATCHED = TaskSpec(
    name="glue/mnli_matched",
    benchmark="glue",
    aliases=("glue_mnli_matched_v002",),
    source=_mnli("glue/MNLI", {"validation": "dev_matched.tsv", "test": "test_matched.tsv"}),
    tfds="glue/mnli_matched",
    hub=HUB,
    text=MNLI_TEXT,
    answer=Label(ENTAILMENT),
    metrics=("accuracy",),
    submission=ClassFile("MNLI-m.tsv", ENTAILMENT),
    sizes={"validation": 9815, "test": 9796},
    downloads=MNLI_DOWNLOADS,
    lengths=LENGTHS,
    shots_from="glue/mnli",
    published=table14(accuracy=(82.4, 87.1, 89.9, 91.4, 92.2)),
)

MNLI_MISMATCHED = TaskSpec(
    name="glue/mnli_mismatched",
    benchmark="glue",
    aliases=("glue_mnli_mismatched_v002",),
    source=_mnli("glue/MNLI", {"validation": "dev_mismatched.tsv", "test": "test_mismatched.tsv"}),
    tfds="glue/mnli_mismatched",
    hub=HUB,
    text=MNLI_TEXT,
    answer=Label(ENTAILMENT),
    metrics=("accuracy",),
    submission=ClassFile("MNLI-mm.tsv", ENTAILMENT),
    sizes={"validation": 9832, "test": 9847},
    downloads=MNLI_DOWNLOADS,
    lengths=LENGTHS,
    shots_from="glue/mnli",
    published=table14(accuracy=(82.3, 86.2, 89.6, 91.2, 91.9)),
)

QNLI = TaskSpec(
    name="glue/qnli",
    benchmark="glue",
    aliases=("glue_qnli_v002",),
    source=Tsv(
        "glue/QNLI",
        FILES,
        fields={"question": "question", "sentence": "sentence"},
        label="label",
        classes=TWO_WAY,
        index=INDEX,
    ),
    tfds="glue/qnli",
    hub=HUB,
    text=Fields("qnli", ("question", "sentence")),
    answer=Label(TWO_WAY),
    metrics=("accuracy",),
    submission=ClassFile("QNLI.tsv", TWO_WAY, other_versions={"version 1 of QNLI": 5740}),
    sizes={"train": 104743, "validation": 5463, "test": 5463},
    downloads=_zip(
        "QNLIv2.zip", "QNLI", 10_627_589, "e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5"
    ),
    lengths=LENGTHS,
    published=table14(accuracy=(90.3, 93.7, 94.8, 96.3, 96.9)),
)

RTE = TaskSpec(
    name="glue/rte",
    benchmark="glue",
    aliases=("glue_rte_v002",),
    source=Tsv(
        "glue/RTE",
        FILES,
        fields={"sentence1": "sentence1", "sentence2": "sentence2"},
        label="label",
        classes=TWO_WAY,
        index=INDEX,
    ),
    tfds="glue/rte",
    hub=HUB,
    text=Fields("rte", ("sentence1", "sentence2")),
    answer=Label(TWO_WAY),
    metrics=("accuracy",),
    submission=ClassFile("RTE.tsv", TWO_WAY),
    sizes={"train": 2490, "validation": 277, "test": 3000},
    downloads=_zip("RTE.zip", "RTE", 697_150, "6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee"),
    lengths=LENGTHS,
    published=table14(accuracy=(69.9, 80.1, 87.2, 91.1, 92.8)),
)

WNLI_SOURCE = Tsv(
    "glue/WNLI",
    FILES,
    fields={"sentence1": "sentence1", "sentence2": "sentence2"},
    label="label",
    classes=DIGITS,
    index=INDEX,
)
WNLI_CLASSES = ("not_entailment", "entailment")

WNLI = TaskSpec(
    name="glue/wnli",
    benchmark="glue",
    aliases=("glue_wnli_v002_simple_eval",),
    source=WNLI_SOURCE,
    tfds="glue/wnli",
    hub=HUB,
    text=WnliReferent(),
    answer=Referent(WNLI_CLASSES),
    metrics=("accuracy",),
    submission=ClassFile("WNLI.tsv", DIGITS),
    sizes={"train": 635, "validation": 71, "test": 146},
    downloads=WNLI_DOWNLOADS,
    lengths=LENGTHS,
    published=table14(accuracy=(69.2, 78.8, 85.6, 89.7, 94.5)),
    note="asks for the referent, as T5 did; T5 was not trained on WNLI but on WSC and DPR in this form",
)

WNLI_PLAIN = TaskSpec(
    name="glue/wnli_plain",
    benchmark="glue",
    aliases=("glue_wnli_v002",),
    source=WNLI_SOURCE,
    tfds="glue/wnli",
    hub=HUB,
    text=Fields("wnli", ("sentence1", "sentence2")),
    answer=Label(WNLI_CLASSES),
    metrics=("accuracy",),
    sizes={"train": 635, "validation": 71, "test": 146},
    downloads=WNLI_DOWNLOADS,
    lengths=LENGTHS,
    note="the leaderboard's WNLI.tsv is written from glue/wnli",
)

AX = TaskSpec(
    name="glue/ax",
    benchmark="glue",
    aliases=("glue_ax_v002",),
    source=Tsv(
        "glue/diagnostic",
        {"test": "diagnostic.tsv"},
        fields={"premise": "sentence1", "hypothesis": "sentence2"},
        classes=ENTAILMENT,
        labels={"test": Labels("diagnostic-full.tsv", "Label", {"premise": "Premise", "hypothesis": "Hypothesis"})},
        index={"test": "index"},
        slices={
            "lexical_semantics": "Lexical Semantics",
            "predicate_argument_structure": "Predicate-Argument Structure",
            "logic": "Logic",
            "knowledge": "Knowledge",
            "domain": "Domain",
        },
    ),
    tfds="glue/ax",
    hub=HUB,
    text=MNLI_TEXT,
    answer=Label(ENTAILMENT),
    metrics=("matthews", "matthews_t5"),
    submission=ClassFile("AX.tsv", ENTAILMENT),
    sizes={"test": 1104},
    downloads=(
        Download("https://dl.fbaipublicfiles.com/glue/data/AX.tsv", "glue/diagnostic/diagnostic.tsv", terms=TERMS),
        Download(
            "https://www.dropbox.com/s/ju7d95ifb072q9f/diagnostic-full.tsv?dl=1",
            "glue/diagnostic/diagnostic-full.tsv",
            terms=TERMS,
        ),
    ),
    lengths=LENGTHS,
    shots_from="glue/mnli",
    note="answered by a model trained on MNLI; not part of the average",
)

TASKS = (COLA, SST2, MRPC, STSB, QQP, MNLI, MNLI_MATCHED, MNLI_MISMATCHED, QNLI, RTE, WNLI, WNLI_PLAIN, AX)
