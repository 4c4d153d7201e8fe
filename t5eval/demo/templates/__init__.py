"""The demo suite's wording: one function per task, each making one item of a given label from word lists.

Every function takes a `Draw` and a label and returns an `Item`. The label is decided first and the sentences are made
to fit it, so the labels are right by construction. The worlds are small on purpose: some hundred words, so that a model
of a quarter of a million weights sees each of them often enough within two minutes.
"""

from t5eval.demo.templates.acceptability import cola
from t5eval.demo.templates.claims import cb, copa
from t5eval.demo.templates.draw import Draw
from t5eval.demo.templates.inference import MISMATCHED, MNLI_GENRES, axb, diagnostic, mnli, qnli, rte, super_rte
from t5eval.demo.templates.item import Item
from t5eval.demo.templates.news import record, story
from t5eval.demo.templates.paraphrase import mrpc, qqp, stsb
from t5eval.demo.templates.places import boolq, multirc, squad
from t5eval.demo.templates.referents import axg, wnli, wsc
from t5eval.demo.templates.senses import wic
from t5eval.demo.templates.sentiment import sst2
from t5eval.demo.templates.translation import translation

__all__ = [
    "MISMATCHED",
    "MNLI_GENRES",
    "Draw",
    "Item",
    "axb",
    "axg",
    "boolq",
    "cb",
    "cola",
    "copa",
    "diagnostic",
    "mnli",
    "mrpc",
    "multirc",
    "qnli",
    "qqp",
    "record",
    "rte",
    "squad",
    "sst2",
    "story",
    "stsb",
    "super_rte",
    "translation",
    "wic",
    "wnli",
    "wsc",
]
