"""The demo suite's wording: one function per task, each making one item of a given label from word lists.

Every function takes a `Draw` and a label and returns an `Item`. The label is decided first and the sentences are made
to fit it, so the labels are right by construction. The worlds are small on purpose: some hundred words, so that a model
of a quarter of a million weights sees each of them often enough within two minutes.
"""

from tools.demo_suite.templates.acceptability import cola
from tools.demo_suite.templates.claims import cb, copa
from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.inference import MISMATCHED, MNLI_GENRES, axb, diagnostic, mnli, qnli, rte, super_rte
from tools.demo_suite.templates.item import Item
from tools.demo_suite.templates.news import record, story
from tools.demo_suite.templates.paraphrase import mrpc, qqp, stsb
from tools.demo_suite.templates.places import boolq, multirc, squad
from tools.demo_suite.templates.referents import axg, wnli, wsc
from tools.demo_suite.templates.senses import wic
from tools.demo_suite.templates.sentiment import sst2
from tools.demo_suite.templates.translation import translation

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
