"""The forms that T5s come in, one module each: Hugging Face, KerasHub, Mesh TensorFlow, T5X.

In: a folder or file. Out: its tensors under Hugging Face's names; Hugging Face's and KerasHub's are written, too.
May import: containers, tokenizers, files, and the tensors and weights of `checkpoints`.
"""
