"""What every room needs and no user asks for: errors, files, JSON, messages on stderr.

In and out: plain values.
May import: nothing of ours but task_specs and keras_model/files.
"""
