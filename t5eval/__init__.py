"""t5eval: scores a text-to-text model exactly as the benchmarks' own scorers do."""

__version__ = "0.1.0"
