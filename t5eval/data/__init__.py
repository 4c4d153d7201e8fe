"""Reading a benchmark's official files into examples."""

from t5eval.data.split import READERS, Split, Summary, available_splits, data_dir_from, open_split

__all__ = ["READERS", "Split", "Summary", "available_splits", "data_dir_from", "open_split"]
