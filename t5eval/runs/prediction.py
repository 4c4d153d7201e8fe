"""A prediction, as a line of the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.support.strict_json import parse_json


@dataclass(frozen=True, slots=True)
class Ranking:
    """How probable a model finds each of some answers to one input.

    Attributes:
        sums: for each answer the sum of the log-probabilities of its tokens, end of sequence included.
        tokens: how many tokens that are, so that `sum / tokens` is the length-normalised log-likelihood.
        cached: whether it was found in a cache, so that the model was not asked.
    """

    sums: tuple[float, ...]
    tokens: tuple[int, ...]
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that an answer took.

    Attributes:
        prompt_tokens: those that the model read.
        completion_tokens: those that it wrote.
    """

    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def sum(cls, parts: Sequence[Usage | None]) -> Usage | None:
        """Returns the tokens of several answers; None if those of one are not known."""
        known = [part for part in parts if part is not None]
        if len(known) < len(parts) or not known:
            return None
        return cls(sum(part.prompt_tokens for part in known), sum(part.completion_tokens for part in known))


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer.

    Attributes:
        id: the example's id.
        text: what the model wrote, or chose.
        truncated: whether the input was cut to the task's length; None where that is not known.
        hit_limit: whether the output ended at the length limit instead of by itself; None where that is not known.
        ranking: how probable each of the answers was that the text was chosen from; None for a generated text.
        usage: the tokens that it took; None where that is not known.
        samples: all texts that were drawn for the example, of which `text` is the commonest; empty for a single one.
        cached: whether a cache had the answer, so that the model was not asked.
    """

    id: str
    text: str
    truncated: bool | None = False
    hit_limit: bool | None = False
    ranking: Ranking | None = None
    usage: Usage | None = None
    samples: tuple[str, ...] = ()
    cached: bool = False

    def line(self) -> bytes:
        """Returns the prediction as a line of the store; flags that are known not to be set are left out."""
        flags = {"truncated": self.truncated, "hit_limit": self.hit_limit}
        record: dict[str, Any] = {"id": self.id, "prediction": self.text}
        record |= {name: flag for name, flag in flags.items() if flag is not False}
        if self.ranking is not None:
            record["log_likelihoods"] = self.ranking.sums
            record["answer_tokens"] = self.ranking.tokens
        if self.usage is not None:
            record["usage"] = [self.usage.prompt_tokens, self.usage.completion_tokens]
        record |= {name: value for name in ("samples", "cached") if (value := getattr(self, name))}
        return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Prediction:
        """Returns the prediction that a line of the store holds.

        Raises:
            ValueError, KeyError, TypeError: it holds none.
        """
        return cls.from_record(parse_json(line))

    @classmethod
    def from_record(cls, record: Mapping[str, Any], unsaid: bool | None = False) -> Prediction:
        """Returns the prediction that a line's object stands for.

        Args:
            unsaid: what is known of a flag that is left out.

        Raises:
            ValueError, KeyError, TypeError: it stands for none.
        """
        example_id, text = record["id"], record["prediction"]
        truncated, hit_limit = (record.get(name, unsaid) for name in ("truncated", "hit_limit"))
        if not isinstance(truncated, bool | None) or not isinstance(hit_limit, bool | None):
            raise TypeError
        if not isinstance(example_id, str) or not isinstance(text, str):
            raise TypeError
        samples, cached = record.get("samples", []), record.get("cached", False)
        if not isinstance(samples, list) or not all(isinstance(text, str) for text in samples):
            raise TypeError
        if not isinstance(cached, bool):
            raise TypeError
        "".join([text, *samples]).encode()  # half a surrogate pair, of which UTF-8 knows nothing, is a ValueError
        ranking = None
        if "log_likelihoods" in record:
            try:
                sums, tokens = map(float, record["log_likelihoods"]), map(int, record["answer_tokens"])
                ranking = Ranking(tuple(sums), tuple(tokens))
            except OverflowError:
                raise ValueError("a number too large") from None
        usage = None
        if "usage" in record:
            prompt, completion = map(int, record["usage"])
            usage = Usage(prompt, completion)
        return cls(example_id, text, truncated, hit_limit, ranking, usage, tuple(samples), cached)
