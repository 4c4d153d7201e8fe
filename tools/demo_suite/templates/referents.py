"""WNLI, WSC and AX-g: a pronoun that could mean either of two, and a word that decides."""

from dataclasses import dataclass

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item
from tools.demo_suite.templates.words import DAYS


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


@dataclass(frozen=True)
class Coreference:
    """A sentence with a pronoun, and a candidate for it as the sentence writes it."""

    text: str
    candidate: str
    pronoun: str
    label: str

    @property
    def texts(self) -> tuple[str, ...]:
        """What no other split may have."""
        return (self.text,)


def wsc(draw: Draw, label: str) -> Coreference:
    """Returns a sentence as WNLI's premises, with a candidate: `true` the right one, `false` not."""
    schema, is_first = draw.pick(SCHEMAS), draw.chance(0.5)
    trait = draw.pick(schema.of_first if is_first else schema.of_second)
    pronoun = draw.pick(schema.pronouns)
    text = (
        f"The {schema.first} {schema.does} the {schema.second} on {draw.pick(DAYS)} "
        f"because {pronoun} was {draw.pick(DEGREES)} {trait}."
    )
    names_first = is_first == (label == "true")
    return Coreference(text, f"The {schema.first}" if names_first else f"the {schema.second}", pronoun, label)


def axg(draw: Draw, label: str) -> Item:
    """Returns two premises that differ in the pronoun's gender alone, and what it may mean as their hypothesis."""
    schema = draw.pick([schema for schema in SCHEMAS if schema.pronouns == PERSON])
    is_first = draw.chance(0.5)
    trait = f"was {draw.pick(DEGREES)} {draw.pick(schema.of_first if is_first else schema.of_second)}"
    candidate = schema.first if is_first == (label == "entailment") else schema.second
    premises = (f"The {schema.first} {schema.does} the {schema.second} since {pronoun} {trait}." for pronoun in PERSON)
    return Item((*premises, f"The {candidate} {trait}."), label)
