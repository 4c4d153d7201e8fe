"""The whole job once, offline, on an embedded miniature suite in the official layouts."""

from t5eval.demo.demo import run_demo, suite_folder

__all__ = ["run_demo", "suite_folder"]
