"""From a run's predictions to a leaderboard's file, and back: every gap named, nothing guessed.

In: a run and the data. Out: the file, checked.
May import: runs, scoring, data, support.
"""
