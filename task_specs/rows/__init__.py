"""The rows themselves, one file a benchmark, and the mixtures of them. A reader checks them against the papers.

In: nothing. Out: `TaskSpec`, `Benchmark` and `Mixture` records.
May import: everything below the registry.
"""
