"""The explorer of runs: its documents, the server that gives them out, and the files that hold them.

In: runs and their data. Out: JSON documents, which the page in `page/` shows.
May import: the rest of reports.
"""
