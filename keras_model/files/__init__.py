"""Files and folders that appear only when they are complete, and the names in a model folder.

In: a path. Out: a path to write to, or what stands in a config.json.
May import: config.
"""
