"""A task's scores as a Keras metric: thin, over the harness's own parser and metrics."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import task_specs
from keras_model.backend import keras
from keras_model.tokenizers.tokenizer import Tokenizer
from t5eval.metrics import Batch, get_metric
from t5eval.scoring.score import judge, reference_examples, task_score
from t5eval.training.running_scores import RunningScores
from task_specs import Example, TaskSpec
from task_specs.answers.labels import Label, Text
from task_specs.support.errors import UserError, quoted


class TaskMetric(keras.metrics.Metric):
    """All scores of a task over texts that a model wrote: those of `t5eval score`, to the rounding of sums in float64.

    It reads texts, with Python, outside of any graph: `update_state` is called eagerly, and not by `compile`, whose
    metrics see logits. Its state are NumPy's numbers on the host, as many for a split as for an example; only metrics
    that have to see a whole split at once (Spearman's, MultiRC's exact match, AX-g's parity) keep judged examples.

    Args:
        task: a task's name, or its row.
        tokenizer: reads token ids; not needed for texts.
        name: of the metric; the task's by default.

    Raises:
        UserError: the task is unknown, or its metrics do not suit its answers.
    """

    def __init__(self, task: str | TaskSpec, tokenizer: Tokenizer | None = None, name: str | None = None) -> None:
        self.spec = task_specs.get(task) if isinstance(task, str) else task
        super().__init__(name=name or self.spec.name)
        self._tokenizer = tokenizer
        self._running = RunningScores(self.spec)

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Adds what was said of some examples, each of which counts once.

        Args:
            y_true: the examples, as `task_specs.Example`; or their target texts or token ids, if these say all that the
                task's metrics need: class names, or free texts with one reference.
            y_pred: a text for each, or token ids [batch, length].

        Raises:
            UserError: targets do not say all, an example has no label, there are ids and no tokenizer, or the two sides
                differ in number.
        """
        said = self._texts(y_pred)
        if isinstance(y_true, Sequence) and all(isinstance(example, Example) for example in y_true):
            examples = list(y_true)
        else:
            examples = self._of_targets(self._texts(y_true))
        if len(examples) != len(said):
            raise UserError(f"{self.name}: {len(examples)} examples, but {len(said)} predictions")
        texts = dict(zip((example.id for example in examples), said, strict=True))
        if len(texts) != len(examples):
            raise UserError(f"{self.name}: an example's id comes twice in a batch")
        self._running.add(judge(self.spec, examples, texts))

    def result(self) -> dict[str, float]:
        """Returns the task's score under its name and each of its scores as TASK/SCORE; nan where undefined.

        They are in percent; unlike Keras' accuracy, which is a share.
        """
        values = self._running.values()
        named = {self.spec.name: task_score(self.spec, values)}
        named |= {f"{self.spec.name}/{name}": value for name, value in values.items()}
        return {name: math.nan if value is None else value for name, value in named.items()}

    def reset_state(self) -> None:
        """Forgets all examples."""
        self._running = RunningScores(self.spec)

    def _texts(self, given: Any) -> list[str]:
        """Returns texts as they are or as UTF-8 bytes, or what token ids stand for."""
        if keras.ops.is_tensor(given) or isinstance(given, keras.KerasTensor):
            if not hasattr(given, "numpy"):
                raise UserError(
                    f"{self.name}: a TaskMetric reads texts, which a compiled step does not have; call update_state "
                    f"outside of it, or give fit and evaluate the callback t5eval.training.score_callback.TaskScores"
                )
            given = given.numpy()
        array = np.asarray(given)
        if not array.size:
            return []
        if array.ndim == 1 and array.dtype.kind in "OSU" and all(isinstance(text, str | bytes) for text in array):
            return [text.decode(errors="replace") if isinstance(text, bytes) else str(text) for text in array]
        if array.ndim == 2 and array.dtype.kind in "iu":
            if self._tokenizer is None:
                raise UserError(f"{self.name}: to read token ids it needs the tokenizer: TaskMetric(task, tokenizer)")
            return self._tokenizer.decode(array.tolist())
        raise UserError(
            f"{self.name}: expected texts [batch] or token ids [batch, length], got {array.dtype} of shape "
            f"{list(array.shape)}"
        )

    def _of_targets(self, targets: Sequence[str]) -> list[Example]:
        """Returns examples of which no more is known than their target texts."""
        spec, answer = self.spec, self.spec.answer
        remedy = "give update_state the examples themselves (task_specs.Example)"
        if isinstance(answer, Text):
            return reference_examples(spec, targets)
        if not isinstance(answer, Label):
            raise UserError(f"{spec.name}: targets of kind {answer.kind!r} do not say the whole truth; {remedy}")
        other = next((text for text in targets if text not in answer.classes), None)
        if other is not None:
            raise UserError(f"{spec.name}: the target {quoted(other)} is none of {', '.join(answer.classes)}")
        blank = dict.fromkeys(spec.text.fields, "")
        features = [{**blank, "label": answer.classes.index(text)} for text in targets]
        examples = [Example(f"target {number}", known) for number, known in enumerate(features)]
        batch = Batch(judge(spec, examples, {}), answer.classes)
        for name in spec.metrics:
            metric = get_metric(name, answer.kind)
            try:
                by_id = metric.examples(batch) != len(examples) or metric.statistics(batch) is None
            except UserError:
                by_id = True
            if by_id:
                raise UserError(f"{spec.name}: {name} goes by the examples' ids; {remedy}")
        return examples
