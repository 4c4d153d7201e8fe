"""How a T5 writes: the cached decoder, greedy, sampling and beam search around it, and ranking of given answers.

In: a network and token ids. Out: token ids or log-probabilities.
May import: model, distribution, data, tokenizers.
"""
