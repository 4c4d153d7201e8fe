"""`fit` in a folder: steps counted, checkpoints written, and a killed run resumed exactly.

In: a model, examples, settings. Out: checkpoints and logs in the folder.
May import: everything of this package.
"""
