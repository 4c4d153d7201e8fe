"""Where a task's examples come from: declarations that the readers of `t5eval.data` carry out.

In: a split's name. Out: the files it stands in, and the features they have.
May import: records, support.
"""
