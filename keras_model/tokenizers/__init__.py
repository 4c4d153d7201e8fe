"""Texts to ids and back: SentencePiece, byT5's bytes, tokenizer.json; found among a checkpoint's files.

In: a model folder or a vocabulary. Out: a `Tokenizer`. TensorFlow is not needed.
May import: files, config.
"""
