"""T5's published scores, laid out as the paper's columns."""

from task_specs.spec import Published

MODELS = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")
TABLE_14 = "Raffel et al. 2020, table 14"


def table14(
    split: str = "test", caution: str = "", **columns: tuple[float, float, float, float, float]
) -> tuple[Published, ...]:
    """Returns a task's row of table 14: for each score its values for T5 Small, Base, Large, 3B and 11B."""
    return tuple(
        Published(model, split, {score: values[i] for score, values in columns.items()}, TABLE_14, caution)
        for i, model in enumerate(MODELS)
    )
