"""How a task looks in the copies that TensorFlow Datasets and the Hugging Face hub keep of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Copies:
    """What differs from the official files in the copies of a task, beside the order of their rows.

    Attributes:
        renumbered: whether the `idx` of an example counts rows of a file that holds other splits too; in its order,
            the rows are then those of the official file.
        unlabelled: the splits that have labels in some copies, and officially none.
        id: the column of an example's id in the copies of a JSON document; empty where they have none.
    """

    renumbered: bool = False
    unlabelled: tuple[str, ...] = ()
    id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "unlabelled", tuple(self.unlabelled))
