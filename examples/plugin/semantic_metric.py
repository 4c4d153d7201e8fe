"""A metric that another package computes: BERTScore, the mean F1 over the texts (pip install bert-score)."""

import numpy as np

from t5eval import Metric, register


@register
class BertScore(Metric):
    name = "bert_score"
    answers = ("text",)
    choices = {"model": "roberta-large", "rescaled": "no"}

    def statistics(self, batch):
        from bert_score import score

        said = [example.prediction for example in batch.examples]
        true = [list(example.gold.value) for example in batch.examples]
        f1 = score(said, true, model_type=self.choices["model"])[2]
        return np.stack([100 * f1.numpy(), np.ones(len(f1))], axis=1)

    def aggregate(self, totals):
        return totals[..., 0] / totals[..., 1]
