"""A metric: the share of answers at most one star away; an unreadable one is not."""

import numpy as np

from t5eval import Metric, register


@register
class WithinOne(Metric):
    name = "within_one"
    choices = {"unreadable": "wrong"}
    share = True

    def statistics(self, batch):
        near = ~batch.unreadable & (abs(batch.answers - batch.gold) <= 1)
        return np.stack([near, np.ones(len(near))], axis=1).astype(float)

    def aggregate(self, totals):
        return 100 * totals[..., 0] / totals[..., 1]
