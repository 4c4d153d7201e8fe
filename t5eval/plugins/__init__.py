"""A user's own metrics, tasks, sources, formats, parsers, models and leaderboards made known and checked.

In: a file or an installed package. Out: entries in the tables that the built-in things stand in.
May import: predictors, metrics, data, support.
"""
