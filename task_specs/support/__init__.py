"""What every room needs: errors in one line, templates of words, TOML, records as plain data.

In and out: plain values.
May import: nothing of ours.
"""
