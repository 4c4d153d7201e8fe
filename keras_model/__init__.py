"""The Keras T5: model, tokenizer, checkpoints, decoding and training.

Nothing is imported here, so that the tokenizer can be used without TensorFlow; import the module that is needed.
"""
