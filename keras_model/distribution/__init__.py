"""`tf.distribute`: strategies by name, batches dealt out to replicas, and where XLA compiles.

In: a strategy's name, global batches. Out: a strategy, each replica's rows.
May import: nothing of ours.
"""
