"""Predicting splits into a run and scoring them: batches, resumption, and repeating a whole run.

In: a predictor and opened splits. Out: predictions and results.json in the run's folder.
May import: predictors, runs, scoring, metrics, data, support.
"""
