"""The forms that several leaderboards' files have: JSON rows and objects, lines of text, SGML and XML, pyrouge.

In: bytes. Out: values by example id, and faults with their lines.
May import: leaderboard, values, verdict, files.
"""
