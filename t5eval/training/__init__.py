"""Fine-tuning through the harness: mixtures, recipes, validation by the tasks' own scores.

In: a configuration. Out: a run's folder with checkpoints and scores.
May import: preparation, evaluation, predictors, scoring, runs, metrics, data, support.
"""
