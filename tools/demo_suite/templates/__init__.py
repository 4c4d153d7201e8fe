"""The demo suite's wording: one function per task, each making one item of a given label from word lists.

Every function takes a `Draw` and a label and returns an `Item`. The label is decided first and the sentences are made
to fit it, so the labels are right by construction. The worlds are small on purpose: some hundred words, so that a model
of a quarter of a million weights sees each of them often enough within two minutes.
"""
