"""Two sides judged on the same examples: paired tests, changed examples, differing settings; and published scores.

In: two runs or prediction files. Out: a comparison as records.
May import: runs, scoring, metrics, data, support.
"""
