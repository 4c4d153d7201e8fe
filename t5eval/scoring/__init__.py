"""From predictions to scores: files of predictions read, each answer parsed, metrics with intervals.

In: examples and texts. Out: `SplitScore`.
May import: metrics, data, support.
"""
