"""Answer parsers: what a model should write, what is true, and what a written text says.

In: features and a text. Out: an `Answer`, or why there is none.
May import: records, support.
"""
