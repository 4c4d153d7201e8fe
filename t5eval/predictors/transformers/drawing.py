"""Tokens drawn within transformers' greedy search, so that a row's text follows from its seed and number alone."""

from collections.abc import Sequence
from typing import Any

from t5eval.predictors.predictor import Sample


def drawing(sample: Sample, numbers: Sequence[int], steps: int, start: int) -> Any:
    """Returns what `generate` takes as `logits_processor`: it leaves of each row the one token that is drawn.

    The numbers are those of the Keras T5, and so is the way to draw by them (`sampled_choice` of
    `keras_model/decoding/search.py`): the same model draws the same text.

    Args:
        sample: how it is drawn.
        numbers: of each row, its example's number.
        steps: the most tokens of a text.
        start: how many ids stand before the first that is drawn.
    """
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    from keras_model.decoding.noise import row_noise

    noise = torch.from_numpy(row_noise(sample.seed, numbers, steps))  # float32 [rows, steps]

    class Drawn(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            share = noise[:, input_ids.shape[1] - start, None].to(scores.device)
            logits, ids = scores.float() / sample.temperature, None
            if sample.top_k is not None or sample.top_p < 1:
                logits, ids = logits.topk(min(sample.top_k or logits.shape[-1], logits.shape[-1]))
            probabilities = logits.softmax(-1)
            below = probabilities.cumsum(-1) - probabilities
            cumulative = torch.where(below < sample.top_p, probabilities, 0.0).cumsum(-1)
            # Of equals argmax takes the first: the one by which the sum passes the share.
            place = (cumulative > share * cumulative[:, -1:]).int().argmax(-1, keepdim=True)
            chosen = place if ids is None else ids.gather(-1, place)
            return torch.full_like(scores, -torch.inf).scatter(-1, chosen, 0.0)

    return LogitsProcessorList([Drawn()])
