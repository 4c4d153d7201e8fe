"""What Keras' `compile` takes: the loss, the optimizer, its schedules, and the step that counts tokens exactly.

In: batches of ids. Out: losses, gradients, updates.
May import: distribution, data.
"""

LOGITS_AT_ONCE = 2**26
"""How many logits a training step holds at a time: 256 MB of float32."""
