"""What an evaluated split comes to: its scores, and what to know before quoting them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.data import Summary
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
        device: what the model ran on, which results.json has in the call; None where nothing ran, or it is not known.
    """

    score: SplitScore
    data: Summary
    truncated: int | None
    hit_limit: int | None
    limit: int | None
    decode: Mapping[str, Any]
    specification: str | None = None
    device: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the result as JSON data."""
        return {
            **self.score.to_json(),
            "truncated_inputs": self.truncated,
            "outputs_at_limit": self.hit_limit,
            "limit": self.limit,
            "decode": self.decode,
            "specification": self.specification,
            "data": self.data.to_json(),
        }

    def cautions(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yields what to know before quoting the scores, with its reasons; not what is amiss in the data."""
        share = self.score.share
        if self.limit is not None and self.limit < self.data.examples:
            part = ": a score of a part of the split" if self.score.labelled else " of the split"
            yield f"limited to the first {self.limit:,} examples{part}", ()
        yield from self.score.cautions()
        if self.truncated is None or self.hit_limit is None:
            yield "whether inputs were cut, or outputs ended at the length limit, is not recorded", ()
        if self.truncated:
            yield f"{share(self.truncated, 'inputs')} were cut to {self._tokens('inputs')}", ()
        if self.hit_limit:
            yield f"{share(self.hit_limit, 'outputs')} ended at the limit of {self._tokens('targets')}", ()

    def _tokens(self, side: str) -> str:
        length = self.decode.get(side)
        return f"{length:,} tokens" if isinstance(length, int) else "the task's length"
