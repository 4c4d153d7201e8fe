"""The demo suite's wording: one function per task, each making one item of a given label from word lists.

Every function takes a `Draw` and a label and returns an `Item`. The label is decided first and the sentences are made
to fit it, so the labels are right by construction. The worlds are small on purpose: some hundred words, so that a model
of a quarter of a million weights sees each of them often enough within two minutes.
"""

from t5eval.demo.templates.acceptability import cola
from t5eval.demo.templates.draw import Draw
from t5eval.demo.templates.inference import MISMATCHED, MNLI_GENRES, diagnostic, mnli, qnli, rte
from t5eval.demo.templates.item import Item
from t5eval.demo.templates.paraphrase import mrpc, qqp, stsb
from t5eval.demo.templates.referents import wnli
from t5eval.demo.templates.sentiment import sst2

__all__ = [
    "MISMATCHED",
    "MNLI_GENRES",
    "Draw",
    "Item",
    "cola",
    "diagnostic",
    "mnli",
    "mrpc",
    "qnli",
    "qqp",
    "rte",
    "sst2",
    "stsb",
    "wnli",
]
