"""What to know of generated texts and of their metrics before quoting a score."""

from collections.abc import Iterator, Sequence

from leaderboards.forms.text_causes import UNKNOWN, causes, untranslated
from t5eval.metrics import Batch, Scored, metric_of
from task_specs import TaskSpec
from task_specs.sources.parallel import ParallelText

_MARKS = "<q>"
_OFFER = "; --sentence-marks splits sentences at them"


def text_cautions(spec: TaskSpec, judged: Sequence[Scored]) -> Iterator[str]:
    """Yields a line for each thing that went wrong with many texts at once, then what to know of the metrics."""
    metrics = [metric_of(spec, name) for name in spec.metrics]
    said = {e.id: e.prediction for e in judged}
    true = {e.id: e.gold.value for e in judged}
    for cause in causes(said, "id", true, any(metric.surface for metric in metrics)):
        if UNKNOWN not in cause:  # which is counted and said for answers of every kind
            yield f"{cause}{_OFFER}" if _MARKS in cause else cause
    yield from untranslated_texts(spec, judged)
    for cause in causes({i: "\n".join(texts) for i, texts in true.items()}, "id"):
        if _MARKS in cause:
            yield f"references: {cause}{_OFFER}"
    batch = Batch(judged)
    yield from dict.fromkeys(line for metric in metrics for line in metric.cautions(batch))


def untranslated_texts(spec: TaskSpec, judged: Sequence[Scored]) -> Iterator[str]:
    """Yields a line if several texts of a translation are their source, and not the true text too."""
    if isinstance(spec.source, ParallelText):
        other = [e for e in judged if e.prediction not in (e.gold.value or ())]
        sources = {e.id: str(e.features[spec.source.source]) for e in other}
        yield from untranslated({e.id: e.prediction for e in judged}, "id", sources)
