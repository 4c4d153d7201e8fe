"""What works on this machine, which data is at hand, and what to do where something is missing.

In: a data folder. Out: findings, a line each.
May import: plugins, predictors, data, support.
"""
