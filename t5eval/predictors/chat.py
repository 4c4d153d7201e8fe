"""A conversation as the input of a model that was trained on conversations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        role: who says it: `system`, `user` or `assistant`.
        text: what is said.
    """

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation that the model is to go on with; its last turn is the user's."""

    turns: tuple[Turn, ...]
