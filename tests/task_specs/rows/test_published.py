"""The paper's scores of GLUE, SQuAD and CNN/DailyMail: its table 14, and the averages that it calculates from them."""

from __future__ import annotations

import pytest

import task_specs
from tests.task_specs.rows.averages import columns_of

# T5 Small, Base, Large, 3B and 11B.
TABLE_14 = """
glue/cola matthews 41.0 51.1 61.2 67.1 71.6
glue/sst2 accuracy 91.8 95.2 96.3 97.4 97.5
glue/mrpc f1 89.7 90.7 92.4 92.5 92.8
glue/mrpc accuracy 86.6 87.5 89.9 90.0 90.4
glue/stsb pearson 85.6 89.4 89.9 90.6 93.1
glue/stsb spearman 85.0 88.6 89.2 89.8 92.8
glue/qqp f1 70.0 72.6 73.9 74.4 75.1
glue/qqp accuracy 88.0 89.4 89.9 89.7 90.6
glue/mnli accuracy_matched 82.4 87.1 89.9 91.4 92.2
glue/mnli accuracy_mismatched 82.3 86.2 89.6 91.2 91.9
glue/mnli_matched accuracy 82.4 87.1 89.9 91.4 92.2
glue/mnli_mismatched accuracy 82.3 86.2 89.6 91.2 91.9
glue/qnli accuracy 90.3 93.7 94.8 96.3 96.9
glue/rte accuracy 69.9 80.1 87.2 91.1 92.8
glue/wnli accuracy 69.2 78.8 85.6 89.7 94.5
squad/v1.1 em_t5 79.10 85.44 86.66 88.53 91.26
squad/v1.1 f1_t5 87.24 92.08 93.79 94.95 96.22
cnn_dailymail rouge1_t5 41.12 42.05 42.50 42.72 43.52
cnn_dailymail rouge2_t5 19.56 20.34 20.68 21.02 21.55
cnn_dailymail rougeLsum_t5 38.35 39.40 39.75 39.94 40.69
"""
MODELS = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")


def test_table_14() -> None:
    expected = {
        (task, score): tuple(map(float, row)) for task, score, *row in map(str.split, TABLE_14.split("\n")[1:-1])
    }
    found = {}
    for spec in task_specs.resolve(["glue", "squad", "cnn_dailymail", "glue/mnli"]):
        assert tuple(published.model for published in spec.published) in ((), MODELS)
        for score in spec.published[0].scores if spec.published else ():
            found[spec.name, score] = tuple(published.scores[score] for published in spec.published)
        assert {published.split for published in spec.published} <= {"validation" if "squad" in spec.name else "test"}
    assert found == expected


@pytest.mark.parametrize(("model", "average"), list(zip(MODELS, (77.44, 82.74, 86.38, 88.49, 90.31), strict=True)))
def test_glues_average_follows_from_the_rows(model: str, average: float) -> None:
    columns = columns_of("glue", model)
    assert len(columns) == 9
    assert sum(columns) / 9 == pytest.approx(average, abs=0.011)
