"""Files and folders that appear only when they are complete, locks, and the names in a model folder.

In: a path. Out: a path to write to, or what stands in a config.json. The other packages write through `atomic.py`, too.
May import: config.
"""
