"""Text formats: from an example's features to the text that a model reads.

In: an `Example`. Out: `TextPair`s.
May import: answers, contracts, records, support.
"""
