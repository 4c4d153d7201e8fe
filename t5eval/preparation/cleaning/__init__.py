"""C4's rules over text: pages read, judged line by line, and kept once in the whole set.

In: text files, JSON lines, WET and WARC files. Out: shards of JSON lines, and what each rule took away.
May import: support.
"""
