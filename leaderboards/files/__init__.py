"""Submissions on disk: written whole or not at all, and read within bounds, whatever an archive claims.

In: a path. Out: bytes by name.
May import: verdict, and keras_model/files/atomic.py.
"""
