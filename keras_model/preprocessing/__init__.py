"""Texts to what a T5 is trained on and back: the preprocessor, and batches of what `fit` and `evaluate` are given.

In: texts, in lists, columns or tf.data. Out: batches of ids, labels and weights.
May import: data, tokenizers, files, distribution.
"""
