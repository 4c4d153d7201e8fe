"""What is sent for a text or a conversation, and what is read from the reply."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from t5eval.predictors.chat import Chat
from t5eval.predictors.predictor import Generation, Prepared, Sample
from t5eval.runs.prediction import Usage
from task_specs import Decode

COMPLETIONS = "/completions"
CHAT = "/chat/completions"


def request(model: str, given: Prepared, max_new_tokens: int, decode: Decode | Sample) -> dict[str, Any]:
    """Returns the body that asks for a text.

    Args:
        model: the model's name at the server.
        given: the text or the conversation that it is to go on with.
        max_new_tokens: the most tokens of the answer.
        decode: greedy, or how it is drawn; the seed is made of the example's number, too.
    """
    body: dict[str, Any] = {"model": model, "max_tokens": max_new_tokens, "temperature": 0}
    if isinstance(given.payload, Chat):
        body["messages"] = [{"role": turn.role, "content": turn.text} for turn in given.payload.turns]
    else:
        body["prompt"] = given.payload
    if isinstance(decode, Sample):
        seed = int.from_bytes(hashlib.sha256(f"{decode.seed} {given.number}".encode()).digest()[:4]) >> 1
        body |= {"temperature": decode.temperature, "top_p": decode.top_p, "seed": seed}
        body |= {} if decode.top_k is None else {"top_k": decode.top_k}  # no part of OpenAI's form, but of most servers
    return body


def generation(reply: Any) -> Generation:
    """Returns the text of a reply.

    Raises:
        ValueError, LookupError, TypeError: it has none, or one that is no Unicode.
    """
    choice = reply["choices"][0]
    message = choice.get("message")
    # Of a message that is all reasoning, or a refusal, the content is null.
    text = choice["text"] if message is None else message["content"] or ""
    if not isinstance(text, str):
        raise TypeError("the text is none")
    text.encode()
    reason = choice.get("finish_reason")
    return Generation(text, None if reason is None else reason == "length", usage=usage(reply))


def usage(reply: Any) -> Usage | None:
    """Returns the tokens that a reply says were read and written, None if it does not say so."""
    found = reply.get("usage") or {}
    counts = [found.get(key) for key in ("prompt_tokens", "completion_tokens")]
    known = [count for count in counts if type(count) is int and count >= 0]
    return Usage(*known) if len(known) == len(counts) else None


class NoLogProbabilities(Exception):
    """A reply has no log-probabilities of the text that was sent."""


@dataclass(frozen=True, slots=True)
class ScoredText:
    """A text's tokens.

    Attributes:
        tokens: as text.
        log_probabilities: of each after those before it; None of the first.
        usage: what finding out took.
    """

    tokens: Sequence[str]
    log_probabilities: Sequence[float | None]
    usage: Usage | None


def scoring_request(model: str, text: str) -> dict[str, Any]:
    """Returns the body that asks for the log-probabilities of a text's tokens."""
    # Many servers refuse to write no token at all.
    return {"model": model, "prompt": text, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}


def scored_text(reply: Any) -> ScoredText:
    """Returns the tokens of the text that was sent, without what the model wrote behind it.

    Raises:
        NoLogProbabilities: the server gives none.
        ValueError, LookupError, TypeError: the reply is not whole.
    """
    found, used = reply["choices"][0].get("logprobs") or {}, usage(reply)
    tokens, values = found.get("tokens") or [], found.get("token_logprobs") or []
    sent = len(tokens) - (used.completion_tokens if used else 1)
    if sent < 1 or len(tokens) != len(values):
        raise NoLogProbabilities
    return ScoredText(tokens[:sent], values[:sent], used)


def answer_score(prompt: ScoredText, whole: ScoredText) -> tuple[float, int]:
    """Returns the log-probability of an answer behind its prompt, and its tokens.

    The answer's are those from where the two first differ: a server may count a token at the beginning that is no
    text, and a token may reach over the seam.

    Raises:
        NoLogProbabilities: one has none, or the answer has no token.
    """
    pairs = zip(prompt.tokens, whole.tokens, strict=False)
    first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    values = [value for value in whole.log_probabilities[first:] if value is not None]
    if not values or len(values) != len(whole.tokens) - first:
        raise NoLogProbabilities
    return sum(values), len(values)


def models(reply: Any) -> list[dict[str, Any]]:
    """Returns what a server's list says of each of its models, the name as `id`.

    Raises:
        ValueError, LookupError, TypeError: it is no such list.
    """
    return [{**entry, "id": str(entry["id"])} for entry in reply["data"]]
