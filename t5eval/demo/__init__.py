"""The whole job once, offline, on an embedded miniature suite in GLUE's layout."""

from t5eval.demo.run import DemoRow, majority_score, run_demo, suite_folder

__all__ = ["DemoRow", "majority_score", "run_demo", "suite_folder"]
