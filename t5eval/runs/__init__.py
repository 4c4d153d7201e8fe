"""A run's folder: its lock, its configuration, its predictions, its results.json.

In: predictions and results. Out: files that a killed run resumes from.
May import: support.
"""
