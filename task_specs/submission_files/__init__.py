"""How a task's file in a submission looks: declarations that `leaderboards` carries out.

In: nothing. Out: a file's name, its split, and how a value is spelt.
May import: support.
"""
