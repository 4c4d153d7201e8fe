"""Asking a server: one client for all requests, how many are on their way at once, what is sent and what comes back.

In come inputs and out go answers as they come. It imports the contracts of `t5eval/predictors` alone.
"""
