"""The metric library: per-example statistics, aggregates over them, and bootstrap intervals."""

from t5eval.metrics.metric import Batch, Metric, Scored
from t5eval.metrics.registry import get_metric, metric_names, metric_of, register

__all__ = ["Batch", "Metric", "Scored", "get_metric", "metric_names", "metric_of", "register"]
