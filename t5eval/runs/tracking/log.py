"""What every tracker is: a function that is told numbers."""

from collections.abc import Callable, Mapping

Log = Callable[[int, Mapping[str, float]], None]
"""Takes the number of steps that the model was trained, and finite numbers by name."""
