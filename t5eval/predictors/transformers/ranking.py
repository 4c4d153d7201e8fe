"""How probable given answers are, by transformers: float32 [rows, answers], sums over an answer's tokens."""

from collections.abc import Sequence
from inspect import signature
from typing import Any


def rank_by_decoder(model: Any, inputs: dict[str, Any], answers: Sequence[Sequence[int]]) -> Any:
    """Returns the sums of an encoder-decoder: the encoder runs once, the decoder once for each answer.

    Args:
        model: the model.
        inputs: ids and mask, int64 [rows, longest].
        answers: the ids of each answer, end of sequence included.
    """
    import torch

    encoded = model.get_encoder()(**inputs, return_dict=True)
    columns = []
    for answer in answers:
        labels = torch.tensor([list(answer)] * len(inputs["input_ids"]), device=model.device)  # [rows, tokens]
        logits = model(
            attention_mask=inputs["attention_mask"],
            encoder_outputs=encoded,
            decoder_input_ids=model.prepare_decoder_input_ids_from_labels(labels),
        ).logits
        columns.append(_summed(logits, labels))
    return torch.stack(columns, dim=1)


def rank_continuations(model: Any, inputs: dict[str, Any], answers: Sequence[Sequence[int]], padding: int) -> Any:
    """Returns the sums of a decoder alone, from one pass over every prompt followed by every answer.

    Args:
        model: the model.
        inputs: ids and mask, int64 [rows, longest], padded on the left.
        answers: the ids of each answer.
        padding: the id behind shorter answers.
    """
    import torch

    prompts, mask = inputs["input_ids"], inputs["attention_mask"]
    rows, longest = len(prompts), max(map(len, answers))
    padded = [[*answer, *[padding] * (longest - len(answer))] for answer in answers]
    labels = torch.tensor(padded, device=prompts.device).repeat(rows, 1)  # [rows * answers, longest]
    ids = torch.cat([prompts.repeat_interleave(len(answers), 0), labels], 1)
    mask = torch.cat([mask.repeat_interleave(len(answers), 0), torch.ones_like(labels)], 1)
    options = {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0), "logits_to_keep": longest + 1}
    known = signature(model.forward).parameters
    logits = model(
        input_ids=ids, attention_mask=mask, **{name: value for name, value in options.items() if name in known}
    ).logits[:, -longest - 1 : -1]
    kept = torch.tensor([[i < len(answer) for i in range(longest)] for answer in answers], device=prompts.device)
    return _summed(logits, labels, kept.repeat(rows, 1)).reshape(rows, len(answers))


def _summed(logits: Any, labels: Any, kept: Any = None) -> Any:
    """Returns the summed log-probabilities of labels, float32 [rows]; of those kept, where not all are."""
    probabilities = logits.float().log_softmax(-1).gather(-1, labels[..., None])[..., 0]
    return (probabilities if kept is None else probabilities.where(kept, 0.0)).sum(-1)
