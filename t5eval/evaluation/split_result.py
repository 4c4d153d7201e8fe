"""What an evaluated split comes to: its scores, and what to know before quoting them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from t5eval.data import Summary
from t5eval.runs.prediction import Usage
from t5eval.scoring.score import SplitScore


@dataclass(frozen=True)
class SplitResult:
    """What an evaluated split comes to.

    Attributes:
        score: its scores; none where the split is unlabelled.
        data: what was read.
        truncated: inputs that were cut to the task's length; None where that is not known.
        hit_limit: outputs that ended at the length limit; None where that is not known.
        limit: the number of examples it was limited to, None for all.
        decode: how the answers came about: method, with beam size and alpha or with the answers that were ranked, and
            the length limits in tokens.
        specification: the fingerprint of the task's row; None in a result that is read back, which nobody writes.
        asked: how it was asked and what was sent: prompt, shots, chat, filters, tokens.
        usage: the tokens of all answers; None where they are not known.
        price: what a million tokens cost that are read, and that are written; None where that is not known.
        device: what the model ran on, which results.json has in the call; None where nothing ran, or it is not known.
        cached: examples that a cache had the answer to, so that the model was not asked.
        repetitions: score name to its value over the first texts drawn alone, over the second, and so on; empty unless
            several were drawn for each example.
    """

    score: SplitScore
    data: Summary
    truncated: int | None
    hit_limit: int | None
    limit: int | None
    decode: Mapping[str, Any]
    specification: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    device: str | None = None
    usage: Usage | None = None
    price: tuple[float, float] | None = None
    cached: int = 0
    repetitions: Mapping[str, Sequence[float | None]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON data."""
        return {
            **self.score.to_json(),
            "truncated_inputs": self.truncated,
            "outputs_at_limit": self.hit_limit,
            "limit": self.limit,
            "cached": self.cached,
            **({"repetitions": self._means()} if self.repetitions else {}),
            "decode": self.decode,
            **self.asked,
            "specification": self.specification,
            "data": self.data.to_json(),
            **({} if self.usage is None else {"usage": {**asdict(self.usage), "price": self.price, "cost": self.cost}}),
        }

    @property
    def cost(self) -> float | None:
        """What the answers cost, in the price's currency; None where tokens or price are not known."""
        if self.usage is None or self.price is None:
            return None
        return (self.usage.prompt_tokens * self.price[0] + self.usage.completion_tokens * self.price[1]) / 1e6

    def _means(self) -> dict[str, dict[str, Any]]:
        """Returns score name to its values over the repetitions, and their mean, None where one is undefined."""
        found: dict[str, dict[str, Any]] = {}
        for name, values in self.repetitions.items():
            defined = [value for value in values if value is not None]
            mean = sum(defined) / len(defined) if len(defined) == len(values) else None
            found[name] = {"mean": mean, "values": list(values)}
        return found

    def cautions(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yields what to know before quoting the scores, with its reasons; not what is amiss in the data."""
        share = self.score.share
        if self.limit is not None and self.limit < self.data.examples:
            part = ": a score of a part of the split" if self.score.labelled else " of the split"
            yield f"limited to the first {self.limit:,} examples{part}", ()
        yield from self.score.cautions()
        for name, entry in self._means().items():
            values = entry["values"]
            if entry["mean"] is not None:
                spread = f"{entry['mean']:.2f} on average, {min(values):.2f} to {max(values):.2f}"
                yield f"{name} of each of the {len(values)} texts drawn: {spread}; scored above: the commonest", ()
        flags = {"inputs were cut": self.truncated, "outputs ended at the length limit": self.hit_limit}
        if unknown := [f"whether {what}" for what, count in flags.items() if count is None]:
            yield f"not recorded: {', '.join(unknown)}", ()
        if dropped := self.asked.get("shots_dropped"):
            yield f"{dropped:,} shots did not fit into {self._tokens('inputs')} and were left out", ()
        if self.truncated:
            yield f"{share(self.truncated, 'inputs')} were cut to {self._tokens('inputs')}", ()
        if self.hit_limit:
            yield f"{share(self.hit_limit, 'outputs')} ended at the limit of {self._tokens('targets')}", ()

    def _tokens(self, side: str) -> str:
        length = self.decode.get(side)
        return f"{length:,} tokens" if isinstance(length, int) else "the task's length"
