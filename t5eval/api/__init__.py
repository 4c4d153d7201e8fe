"""The functions behind the commands, with their results: `t5eval.evaluate`, `t5eval.score` and so on.

In: names, paths, options. Out: small typed results with `to_json()`.
May import: every room but cli.
"""
