"""What `of_transformers.py` is made of: a folder loaded and checked, tokens drawn, answers ranked.

Nothing here imports torch or transformers before it is called.
"""
