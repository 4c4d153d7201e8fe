"""Paired tests of two systems on the same examples, on the statistics that their scores are made of."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics import bootstrap
from t5eval.metrics.bootstrap import SEED, intervals95
from t5eval.metrics.metric import Floats, Metric
from task_specs.support.errors import UserError

TRIALS = 10_000
TOLERANCE = 1e-9  # percent: a shuffled difference that rounding alone puts below the observed one is as large

Exchanges = NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """One score of two systems on the same examples.

    Attributes:
        a: one system's statistics, shape [rows, numbers].
        b: the other's, of the same examples or groups in the same order.

    Raises:
        UserError: the statistics have different shapes.
    """

    metric: Metric
    a: Floats
    b: Floats

    def __post_init__(self) -> None:
        if self.a.shape != self.b.shape:
            raise UserError(
                f"metric {self.metric.name!r} gives two systems' answers to the same examples statistics of shapes "
                f"{self.a.shape} and {self.b.shape}; which rows there are must not depend on the answers"
            )

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Which rows are not the same on both sides, shape [rows]."""
        differ: NDArray[np.bool_] = (self.a != self.b).any(axis=1)
        return differ

    @property
    def summed(self) -> bool:
        """Whether sums of rows are all that the score needs."""
        return type(self.metric).resample is Metric.resample

    def after(self, gain: Floats) -> Floats:
        """Returns the difference b - a when rows have changed sides, of a score that is `summed`.

        Args:
            gain: the sums of b - a over the rows that changed, shape [trials, numbers].
        """
        return self.metric.aggregate(self.b.sum(axis=0) - gain) - self.metric.aggregate(self.a.sum(axis=0) + gain)

    def exchanged(self, exchanges: Exchanges) -> Floats:
        """Returns the difference b - a after each of several exchanges of some rows between the sides.

        Args:
            exchanges: which rows change sides, shape [trials, rows].

        Returns:
            Differences in percent, shape [trials]; nan where one of the scores is undefined.
        """
        changed = self.changed
        moved = exchanges[:, changed].astype(np.float64)
        if self.summed:
            return self.after(moved @ (self.b - self.a)[changed])
        # Either side is a resample of its own rows and of the other's changed ones, each drawn once or not at all.
        kept = np.ones((len(exchanges), len(self.a)))
        kept[:, changed] -= moved
        counts = np.concatenate([kept, moved], axis=1)
        a, b = np.concatenate([self.a, self.b[changed]]), np.concatenate([self.b, self.a[changed]])
        return self.metric.resample(b, counts) - self.metric.resample(a, counts)


@dataclass(frozen=True)
class _Difference:
    """The difference b - a as a score of rows that hold the statistics of both."""

    metric: Metric

    def resample(self, statistics: Floats, counts: Floats) -> Floats:
        if type(self.metric).resample is Metric.resample:
            a, b = np.split(counts @ statistics, 2, axis=1)
            return self.metric.aggregate(b) - self.metric.aggregate(a)
        a, b = np.split(statistics, 2, axis=1)
        return self.metric.resample(b, counts) - self.metric.resample(a, counts)


def difference_intervals95(pairs: Sequence[Pair]) -> list[tuple[float, float] | None]:
    """Returns the 95 % percentile bootstrap interval of each difference b - a: the same draws for both sides.

    Source: Efron and Tibshirani 1993, section 13.3; for scores of systems, Koehn 2004.
    """
    return intervals95([(_Difference(pair.metric), np.concatenate([pair.a, pair.b], axis=1)) for pair in pairs])


def draw_exchanges(rows: int, trials: int = TRIALS) -> Iterator[Exchanges]:
    """Yields blocks of trials: which rows change sides, each with probability 1/2, shape [block, rows]."""
    random = np.random.default_rng(SEED)
    block = max(1, bootstrap.BLOCK_NUMBERS // max(rows, 1))
    width = -(-rows // 32) * 4  # bytes of a trial, in whole 32-bit numbers: the draws then do not depend on the block
    for start in range(0, trials, block):
        size = min(block, trials - start)
        bits = np.frombuffer(random.bytes(size * width), dtype=np.uint8).reshape(size, width)
        yield np.unpackbits(bits, axis=1, count=rows).astype(bool)


def randomisation_p(pairs: Sequence[Pair], exchanges: Iterable[Exchanges] | None = None) -> list[float]:
    """Returns the two-sided p-value of each difference, by approximate randomisation.

    Were the systems alike, each example's two answers could as well be each other's: the p-value is the share of random
    exchanges that give a difference as large as the observed one, which itself counts as a trial. A trial in which a
    score is undefined counts as one, too.

    Args:
        pairs: scores of the same number of rows, which share the trials.
        exchanges: blocks of trials, shape [block, rows]; `TRIALS` seeded ones if None.

    Source: Noreen 1989; Riezler and Maxwell 2005; as large or larger, as SciPy's permutation_test counts.
    """
    rows = {len(pair.a) for pair in pairs}
    if len(rows) > 1:
        raise ValueError(f"scores that share trials have the same number of rows, got {sorted(rows)}")
    observed = [abs(float(pair.exchanged(np.zeros((1, len(pair.a)), dtype=bool))[0])) for pair in pairs]
    as_large, trials = np.ones(len(pairs)), 1
    differences = _exchanging(pairs)
    for block in exchanges if exchanges is not None else draw_exchanges(max(rows, default=0)):
        trials += len(block)
        for place, found in enumerate(differences(block)):
            smaller = np.abs(found) < observed[place] - TOLERANCE
            as_large[place] += len(block) - smaller.sum()
    return (as_large / trials).tolist()


def _exchanging(pairs: Sequence[Pair]) -> Callable[[Exchanges], Iterator[Floats]]:
    """Returns what yields `Pair.exchanged` of each pair: scores that are sums of rows share one product."""
    summed = [pair for pair in pairs if pair.summed]
    changed = np.any([pair.changed for pair in summed], axis=0) if summed else np.zeros(0, dtype=bool)
    gains = np.concatenate([(pair.b - pair.a)[changed] for pair in summed], axis=1) if summed else np.zeros((0, 0))
    ends = np.cumsum([pair.a.shape[1] for pair in summed])[:-1]

    def differences(exchanges: Exchanges) -> Iterator[Floats]:
        parts = iter(np.split(exchanges[:, changed].astype(np.float64) @ gains, ends, axis=1) if summed else ())
        for pair in pairs:
            yield pair.after(next(parts)) if pair.summed else pair.exchanged(exchanges)

    return differences


def mcnemar_p(pair: Pair) -> float:
    """Returns the two-sided p-value of McNemar's exact test, for a score that is a share of right rows.

    Were the systems alike, a row that one of them alone has right would be either one's with probability 1/2. It is
    what approximate randomisation comes to with all exchanges instead of some.

    Source: McNemar 1947; the exact binomial form.
    """
    from scipy.special import bdtr  # scipy.stats takes a second to import

    gained = int((pair.b[:, 0] > pair.a[:, 0]).sum())
    lost = int((pair.b[:, 0] < pair.a[:, 0]).sum())
    # Both tails of a symmetrical distribution, which meet in the middle.
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for how many there are: rejecting below 5 % errs anywhere in at most 5 % of families.

    Source: Holm 1979, step-down.
    """
    count = len(p_values)
    corrected = [0.0] * count
    largest = 0.0
    for done, place in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (count - done) * p_values[place]))
        corrected[place] = largest
    return corrected
