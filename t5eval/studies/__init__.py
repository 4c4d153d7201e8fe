"""Studies: a grid of training runs that differ in one thing or a few, and the table of what came out.

In: a TOML file. Out: the runs' folders, and the table as Markdown, LaTeX and CSV.
May import: api and everything below it.
"""
