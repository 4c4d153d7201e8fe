"""The command line: options read, the functions of `api` called, their results printed; one file per command.

In: a command line. Out: text or JSON on stdout, progress and warnings on stderr, an exit status.
May import: everything.
"""
