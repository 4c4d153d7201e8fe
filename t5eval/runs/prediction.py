"""A prediction, as a line of the store."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.support.strict_json import parse_json

LOG_LIKELIHOOD, NO_ANSWER = "log_likelihood", "no_answer_probability"
PROBABILITIES = (LOG_LIKELIHOOD, NO_ANSWER)
"""How the keys of a line begin that say how probable something was."""


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

    @property
    def shares(self) -> tuple[float, ...]:
        """The probabilities of the answers, were there no others; nan where a sum is not finite."""
        if not all(map(math.isfinite, self.sums)):
            return (math.nan,) * len(self.sums)
        weights = [math.exp(one - max(self.sums)) for one in self.sums]
        return tuple(weight / sum(weights) for weight in weights)


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
        log_likelihood: of a generated text the sum of the log-probabilities of its tokens, end of sequence included;
            None where that is not known.
        no_answer: how probable it was found that the question has no answer; None likewise.
    """

    id: str
    text: str
    truncated: bool | None = False
    hit_limit: bool | None = False
    ranking: Ranking | None = None
    usage: Usage | None = None
    samples: tuple[str, ...] = ()
    cached: bool = False
    log_likelihood: float | None = None
    no_answer: float | None = None

    @property
    def confidence(self) -> float | None:
        """How probable the answer was, from 0 to 1; None where that is not known.

        Of a ranked answer it is the probability among those that it was chosen from, of which the most probable is the
        one chosen; of a generated text, its own.
        """
        if self.ranking is not None and len(self.ranking.sums) > 1:
            share = max(self.ranking.shares)
            return None if math.isnan(share) else share
        return None if self.log_likelihood is None else math.exp(self.log_likelihood)

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
        told = {LOG_LIKELIHOOD: self.log_likelihood, NO_ANSWER: self.no_answer}
        record |= {name: value for name, value in told.items() if value is not None}
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
        return cls(
            *(example_id, text, truncated, hit_limit, ranking, usage, tuple(samples), cached),
            log_likelihood=_number(record.get(LOG_LIKELIHOOD), -sys.float_info.max, 0),
            no_answer=_number(record.get(NO_ANSWER), 0, 1),
        )


def _number(value: Any, low: float, high: float) -> float | None:
    """Returns a number within its range, or None.

    Raises:
        ValueError: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError("no number within its range")
    return float(value)
