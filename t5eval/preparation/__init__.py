"""Examples and plain text formatted and tokenised once, in parallel, into records that training reads.

In: splits or text files, and a tokenizer. Out: shards of records; of `cleaning`, clean text.
May import: runs, data, support.
"""
