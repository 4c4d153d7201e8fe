"""A run for its model's page on the Hugging Face hub: a section of the card, and the hub's own records of scores.

The hub reads scores from two places: `model-index` at the head of the card (README.md), and a file in `.eval_results`
for each benchmark dataset. Both are made and read back by huggingface_hub's own classes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from t5eval.data.hugging_face import usual_dataset
from t5eval.evaluation.split_result import SplitResult
from t5eval.reports import overview
from t5eval.reports.escaping import markdown, markdown_code, one_line
from t5eval.reports.explorer.run_documents import known_task
from t5eval.reports.markdown import markdown_table
from t5eval.reports.reported_run import Key, Run
from t5eval.reports.score_table import ALL, Choice, score_table
from t5eval.support.errors import MissingPackage
from t5eval.support.version import version_and_commit
from task_specs import TaskSpec
from task_specs.answers.labels import Text
from task_specs.answers.squad import ContextSpan
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import UserError

README, RECORDS = "README.md", ".eval_results"
BEGIN, END = "<!-- t5eval: begin -->", "<!-- t5eval: end -->"
"""What stands around the section, so that the next one takes its place."""

HUB_METRICS = {
    "matthews": "matthews_correlation",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "em": "exact_match",
    "bleu": "sacrebleu",
    "rouge1": "rouge",
    "rouge2": "rouge",
    "rougeL": "rouge",
    "rougeLsum": "rouge",
}
"""Names of scores to the hub's names of the metrics, where these are others."""


@dataclass(frozen=True)
class HubCard:
    """What belongs into a model's repository on the hub.

    Attributes:
        results: one `huggingface_hub.EvalResult` for each score, for the card's metadata.
        section: the card's section, in Markdown.
        records: names of files in the repository, `.eval_results/TASK.yaml`, to their contents.
        left_out: `TASK SPLIT: REASON` of what the metadata does not have.
    """

    results: Sequence[Any]
    section: str
    records: dict[str, str]
    left_out: Sequence[str]

    def readme(self, name: str, before: str = "") -> str:
        """Returns the model's card, README.md.

        Args:
            name: what the model is called there.
            before: the card as it was; of its results those of the same scores go, and so does an earlier section.

        Raises:
            UserError: that is no card.
        """
        from huggingface_hub import ModelCard

        try:
            card = ModelCard(before or "---\n{}\n---\n")
        except ValueError as error:
            raise UserError(f"README.md of {name}: not a model card: {one_line(str(error))}") from None
        data: Any = card.data  # whose class is only known to be any repository's
        fresh = set(map(_identity, self.results))
        old = [other for other in data.eval_results or () if _identity(other) not in fresh]
        data.eval_results = [*old, *self.results] or None
        data.model_name = data.model_name or (name if data.eval_results else None)
        earlier = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
        text = card.text.strip()
        if earlier.search(text):
            card.text = f"\n{earlier.sub(lambda _: self.section, text, count=1)}\n"
        else:
            card.text = "\n" + "\n\n".join(filter(None, [text or f"# {markdown(name)}", self.section])) + "\n"
        return str(card)


def hub_card(run: Run, choice: Choice = ALL) -> HubCard:
    """Returns what a run says on its model's page.

    The metadata has no room for warnings, so a score of a part of a split is in the section alone.

    Args:
        choice: which scores it has.

    Raises:
        MissingPackage: huggingface_hub is not installed, or too old.
        UserError: the run has no scores.
    """
    try:
        from huggingface_hub import (
            EvalResult,
            EvalResultEntry,
            eval_result_entries_to_yaml,
            parse_eval_result_entries,
        )
    except ImportError:
        raise MissingPackage("--hub-card needs huggingface_hub 1.4 or later: pip install 't5eval[hub]'") from None
    rows = choice.rows([run], headline=True)
    if not rows:
        raise UserError(f"{run.name}: no scores for a model card")
    results: list[Any] = []
    records: dict[str, list[Any]] = {}
    left_out: list[str] = []
    for key in dict.fromkeys((row.task, row.split) for row in rows):
        result, spec = run.results[key], known_task(key[0])
        if reason := _why_not(spec, result):
            left_out.append(f"{' '.join(key)}: {reason}")
            continue
        assert spec is not None
        dataset, config = usual_dataset(spec)
        said = [text for text, _ in result.cautions()]
        for row in rows:
            score = row.scores[0]
            if (row.task, row.split) != key or score is None or score.value is None:
                continue
            results.append(
                EvalResult(
                    task_type=_task_type(spec),
                    dataset_type=dataset,
                    dataset_name=spec.name,
                    dataset_config=config or None,
                    dataset_split=key[1],
                    metric_type=HUB_METRICS.get(row.name, row.name),
                    metric_name=row.name if key[0] == spec.name else f"{row.name}, prompt {key[0].partition('@')[2]}",
                    metric_value=score.value,
                    metric_args={
                        "signature": score.signature,
                        **({"ci95": list(score.ci95)} if score.ci95 else {}),
                        **({"cautions": said} if said else {}),
                    },
                )
            )
        value = result.score.task_score
        if value is not None and key[0] == spec.name:
            notes = "; ".join([f"{' and '.join(spec.task_score)} on {key[1]}, t5eval {version_and_commit()}", *said])
            entry = EvalResultEntry(dataset_id=dataset, task_id=config or "default", value=value, notes=notes)
            (document,) = eval_result_entries_to_yaml([entry])
            assert parse_eval_result_entries([document]) == [entry]
            # A record names no split but in its notes: test, which comes last, takes the place of validation.
            records[f"{RECORDS}/{re.sub('[^A-Za-z0-9.-]', '_', spec.name)}.yaml"] = [document]
    files = {name: yaml.safe_dump(document, sort_keys=False, allow_unicode=True) for name, document in records.items()}
    return HubCard(results, _section(run, choice), files, left_out)


def _identity(result: Any) -> tuple[Any, ...]:
    """Returns what tells a score from any other: all but the value, and what else is told of it."""
    of = result.dataset_type, result.dataset_config, result.dataset_split, result.dataset_revision
    return (*of, result.metric_type, result.metric_name)


def _why_not(spec: TaskSpec | None, result: SplitResult) -> str:
    """Returns why the hub's metadata has nothing of a split, empty if it has."""
    if spec is None or not spec.hub:
        return "its row names no dataset of the hub"
    official = spec.sizes.get(result.score.split, result.data.examples)
    if result.score.n != official:
        return f"a part of the split, {result.score.n:,} of {official:,} examples"
    return ""


def _task_type(spec: TaskSpec) -> str:
    """Returns what the hub calls tasks of this kind."""
    if isinstance(spec.source, ParallelText):
        return "translation"
    if isinstance(spec.answer, ContextSpan):
        return "question-answering"
    if isinstance(spec.answer, Text):
        return "summarization" if any(name.startswith("rouge") for name in spec.metrics) else "text-generation"
    return "text-classification"


def _section(run: Run, choice: Choice) -> str:
    how = [(key, overview.how_rows(key, [run])[0]) for key in _keys(run, choice)]
    lines = [
        f"- {markdown(' '.join(key))}: {markdown_code(decode) + ', ' if decode else ''}data {markdown_code(data[:16])}"
        for key, (_, _, decode, data) in how
    ]
    signatures = [
        f"- {markdown(f'{row.task} {row.split} {row.name}')}: {markdown_code(row.scores[0].signature)}"
        for row in choice.rows([run], headline=True)
        if row.scores[0] is not None
    ]
    parts = [
        BEGIN,
        "## Evaluation",
        f"Scores in percent, by t5eval {markdown(version_and_commit())}.",
        markdown_table(score_table([run], choice)),
        "How the answers came about, and the data's hash:",
        "\n".join(lines),
        "Every choice behind each score:",
        "\n".join(signatures),
        END,
    ]
    return "\n\n".join(parts)


def _keys(run: Run, choice: Choice) -> Iterator[Key]:
    yield from dict.fromkeys((row.task, row.split) for row in choice.rows([run], headline=True))
