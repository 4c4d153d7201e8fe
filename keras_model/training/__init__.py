"""What Keras' `compile` takes: the loss, the optimizer, its schedules, and the step that counts tokens exactly.

In: batches of ids. Out: losses, gradients, updates.
May import: distribution, data.
"""
