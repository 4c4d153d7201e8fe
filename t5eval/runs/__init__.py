"""A run's folder: its lock, its configuration, its predictions, its results.json.

In: predictions and results. Out: files that a killed run resumes from; of `tracking`, the numbers elsewhere.
May import: support.
"""
