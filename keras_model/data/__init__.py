"""Training data as token ids: objectives over plain text, records on disk, packing, and the batches of a step.

In: token ids or text files. Out: NumPy arrays and tf.data batches, in an order that a seed fixes.
May import: tokenizers, files.
"""
