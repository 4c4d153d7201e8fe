"""A prediction, as a line of the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from t5eval.support.strict_json import parse_json


@dataclass(frozen=True, slots=True)
class Ranking:
    """How probable a model finds each of some answers to one input.

    Attributes:
        sums: for each answer the sum of the log-probabilities of its tokens, end of sequence included.
        tokens: how many tokens that are, so that `sum / tokens` is the length-normalised log-likelihood.
    """

    sums: tuple[float, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer.

    Attributes:
        id: the example's id.
        text: what the model wrote, or chose.
        truncated: whether the input was cut to the task's length.
        hit_limit: whether the output ended at the length limit instead of by itself.
        ranking: how probable each of the answers was that the text was chosen from; None for a generated text.
    """

    id: str
    text: str
    truncated: bool = False
    hit_limit: bool = False
    ranking: Ranking | None = None

    def line(self) -> bytes:
        """Returns the prediction as a line of the store; flags that are not set are left out."""
        record: dict[str, Any] = {"id": self.id, "prediction": self.text}
        if self.truncated:
            record["truncated"] = True
        if self.hit_limit:
            record["hit_limit"] = True
        if self.ranking is not None:
            record["log_likelihoods"] = self.ranking.sums
            record["answer_tokens"] = self.ranking.tokens
        return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Prediction:
        """Returns the prediction that a line of the store holds.

        Raises:
            ValueError, KeyError, TypeError: it holds none.
        """
        record = parse_json(line)
        example_id, text = record["id"], record["prediction"]
        if not isinstance(example_id, str) or not isinstance(text, str):
            raise TypeError
        text.encode()  # half a surrogate pair, of which UTF-8 knows nothing, is a ValueError
        ranking = None
        if "log_likelihoods" in record:
            try:
                sums, tokens = map(float, record["log_likelihoods"]), map(int, record["answer_tokens"])
                ranking = Ranking(tuple(sums), tuple(tokens))
            except OverflowError:
                raise ValueError("a number too large") from None
        return cls(example_id, text, record.get("truncated", False), record.get("hit_limit", False), ranking)
