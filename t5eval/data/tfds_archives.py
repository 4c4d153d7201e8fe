"""The archives that TensorFlow Datasets builds each dataset from, under the names that it looks for.

Source: tensorflow-datasets 4.9.10 (url_checksums/*.txt, datasets/squad/checksums.tsv).
"""

GLUE = {
    "cola": ("CoLA.zip",),
    "sst2": ("SST-2.zip",),
    "mrpc": ("msr_paraphrase_train.txt", "msr_paraphrase_test.txt", "data_mrpc_dev_ids.tsv"),
    "qqp": ("QQP.zip",),
    "stsb": ("STS-B.zip",),
    "mnli": ("MNLI.zip",),
    "mnli_matched": ("MNLI.zip",),
    "mnli_mismatched": ("MNLI.zip",),
    "qnli": ("QNLIv2.zip",),
    "rte": ("RTE.zip",),
    "wnli": ("WNLI.zip",),
    "ax": ("tsvsWithoutLabels_AX.tsv",),
}
SUPER_GLUE = {
    "boolq": ("BoolQ.zip",),
    "cb": ("CB.zip",),
    "copa": ("COPA.zip",),
    "multirc": ("MultiRC.zip",),
    "record": ("ReCoRD.zip",),
    "rte": ("RTE.zip",),
    "wic": ("WiC.zip",),
    "wsc": ("WSC.zip",),
    "wsc.fixed": ("WSC.zip",),
    "axb": ("AX-b.zip",),
    "axg": ("AX-g.zip",),
}
# The sets of all years for validation and test; the training corpora are not built from.
WMT = ("dev.tgz",)
ARCHIVES: dict[str, tuple[str, ...]] = {
    **{f"glue/{config}": files for config, files in GLUE.items()},
    **{f"super_glue/{config}": files for config, files in SUPER_GLUE.items()},
    "squad/v1.1": ("train-v1.1.json", "dev-v1.1.json"),
    "squad/v2.0": ("train-v2.0.json", "dev-v2.0.json"),
    "cnn_dailymail": ("cnn_stories.tgz", "dailymail_stories.tgz", "all_train.txt", "all_val.txt", "all_test.txt"),
    "definite_pronoun_resolution": ("train.c.txt", "test.c.txt"),
}


def archives(dataset: str) -> tuple[str, ...]:
    """Returns the files that a dataset is built from; none where that is not known."""
    return WMT if is_wmt(dataset) else ARCHIVES.get(dataset, ())


def is_wmt(dataset: str) -> bool:
    """Returns whether a dataset is one of WMT's."""
    return dataset.startswith("wmt") and "_translate/" in dataset
