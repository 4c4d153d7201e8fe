"""Where a run's numbers go besides its folder: TensorBoard, Weights & Biases, MLflow.

In: a run's folder and its settings. Out: a function that is told numbers by name, `Log`.
May import: support.
"""
