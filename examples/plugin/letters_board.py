"""A leaderboard for letters.toml, in the form of the one before; it needs the kind of answer that the task names."""

from pathlib import Path

import letters  # noqa: F401
from leaderboard import Semicolons

import task_specs
from t5eval import register

register(Semicolons("letters", [task_specs.get(str(Path(__file__).with_name("letters.toml")))]))
