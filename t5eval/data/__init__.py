"""Reading benchmarks into examples, from their official files or from a library's copy of them."""

from t5eval.data.official_files import READERS, OfficialFiles
from t5eval.data.source import DataSource, as_source, data_source
from t5eval.data.split import Split, available_splits, content_hashes, open_split, open_splits
from t5eval.data.summary import Summary

__all__ = [
    "READERS",
    "DataSource",
    "OfficialFiles",
    "Split",
    "Summary",
    "as_source",
    "available_splits",
    "content_hashes",
    "data_source",
    "open_split",
    "open_splits",
]
