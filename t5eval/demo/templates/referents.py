"""WNLI: a pronoun that could mean either of two, and a word that decides; the hypothesis puts one in its place."""

from __future__ import annotations

from dataclasses import dataclass

from t5eval.demo.templates.draw import Draw
from t5eval.demo.templates.item import Item
from t5eval.demo.templates.words import DAYS


@dataclass(frozen=True)
class Schema:
    """A sentence with two candidates for its pronoun."""

    first: str
    does: str
    second: str
    pronouns: tuple[str, ...]
    of_first: tuple[str, ...]
    """What the pronoun is when it means the first candidate."""
    of_second: tuple[str, ...]


PERSON = ("he", "she")
SCHEMAS = (
    Schema("trophy", "did not fit into", "suitcase", ("it",), ("large", "wide"), ("small", "narrow")),
    Schema("sofa", "did not go through", "door", ("it",), ("large", "long"), ("low", "narrow")),
    Schema("cat", "chased", "mouse", ("it",), ("hungry", "playful"), ("slow", "small")),
    Schema("doctor", "visited", "patient", PERSON, ("worried", "caring"), ("ill", "weak")),
    Schema("teacher", "praised", "student", PERSON, ("pleased", "fair"), ("clever", "bright")),
    Schema("banker", "lent money to", "painter", PERSON, ("rich", "generous"), ("poor", "needy")),
    Schema("thief", "ran away from", "officer", PERSON, ("guilty", "afraid"), ("angry", "strict")),
    Schema("nurse", "carried", "soldier", PERSON, ("strong", "helpful"), ("injured", "tired")),
    Schema("tourist", "listened to", "guide", PERSON, ("curious", "lost"), ("wise", "interesting")),
    Schema("king", "thanked", "cook", PERSON, ("grateful", "polite"), ("skilful", "talented")),
)
DEGREES = ("very", "quite", "rather", "really", "truly", "so")


def wnli(draw: Draw, label: str) -> Item:
    """Returns a premise with one pronoun, and its last clause with a candidate for it: `1` the right one, `0` not."""
    schema, is_first = draw.pick(SCHEMAS), draw.chance(0.5)
    trait = f"was {draw.pick(DEGREES)} {draw.pick(schema.of_first if is_first else schema.of_second)}"
    premise = (
        f"On {draw.pick(DAYS)} the {schema.first} {schema.does} the {schema.second} "
        f"because {draw.pick(schema.pronouns)} {trait}."
    )
    candidate = schema.first if is_first == (label == "1") else schema.second
    return Item((premise, f"The {candidate} {trait}."), label)
