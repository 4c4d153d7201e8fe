"""MNLI, QNLI, RTE and diagnostic sets: does the second text follow from the first, or answer it?"""

from dataclasses import dataclass

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item, sentence
from tools.demo_suite.templates.referents import axg
from tools.demo_suite.templates.scenes import INDOORS, LOOKS, OUTDOORS, PEOPLE, SCENES
from tools.demo_suite.templates.words import DAYS, MATERIALS, NUMBERS, TOWNS, full_name

MNLI_GENRES = {
    "captions": "A {look} {person} is {action} {place}.",
    "diary": "Today I saw a {look} {person} {place}, {action}.",
}
"""Genres of the training and matched files, each with its form of the premise."""

MISMATCHED = {
    "news": "It is {day} and a {look} {person} is {place}, {action}.",
    "letters": "You can see that a {look} {person} is {action} {place}.",
}
"""Genres that training never shows."""

FRESH_TRAITS = ("rich", "famous", "angry")


def mnli(draw: Draw, label: str, genres: dict[str, str]) -> Item:
    """Returns premise and hypothesis; the note is the genre."""
    genre = draw.pick(list(genres))
    premise, hypotheses = _scene(draw, label, genres[genre])
    return Item((premise, draw.pick(hypotheses)[1]), label, genre)


def diagnostic(draw: Draw, label: str) -> Item:
    """Returns premise and hypothesis; the note is `COLUMN: PHENOMENON` in the diagnostic set's terms."""
    premise, hypotheses = _scene(draw, label, MNLI_GENRES["captions"])
    phenomenon, hypothesis = draw.pick(hypotheses)
    return Item((premise, hypothesis), label, phenomenon)


def _scene(draw: Draw, label: str, form: str) -> tuple[str, list[tuple[str, str]]]:
    """Returns a premise and hypotheses of the label, each with the phenomenon it turns on."""
    person, wider, pronoun, possessive = draw.pick(PEOPLE)
    scene, look, outside = draw.pick(SCENES), draw.pick(LOOKS), draw.chance(0.5)
    place = draw.pick(OUTDOORS if outside else INDOORS)
    where, elsewhere = ("outdoors", "indoors") if outside else ("indoors", "outdoors")
    action, kind = scene.action, scene.kind
    premise = form.format(day=draw.pick(DAYS), look=look, person=person, action=action, place=place)
    lexical, negation = "Lexical Semantics: Lexical entailment", "Logic: Negation"
    restrictive = "Predicate-Argument Structure: Restrictivity"
    common_sense, quantifiers = "Knowledge: Common sense", "Lexical Semantics: Quantifiers"
    if label == "entailment":
        return premise, [
            (lexical, f"A {wider} is {kind} {place}."),
            (lexical, f"A {look} {wider} is {action}."),
            (common_sense, f"A {person} is {kind} {where}."),
            (restrictive, f"The {person} who is {action} is {look}."),
            (quantifiers, f"Someone {look} is {action}."),
        ]
    if label == "contradiction":
        return premise, [
            (negation, f"The {look} {person} is not {action}."),
            (quantifiers, f"Nobody is {kind} {place}."),
            (negation, f"There is no {look} {wider} {place}."),
            (common_sense, f"A {person} is {kind} {elsewhere}."),
            (common_sense, f"The {look} {person} is asleep {place}."),
        ]
    reason = draw.pick(
        (
            f"to please {possessive} mother",
            f"because {pronoun} is bored",
            "for the first time",
            f"with {possessive} brother",
            "to win a prize",
        )
    )
    trait = draw.pick(FRESH_TRAITS)
    return premise, [
        (restrictive, f"A {person} is {kind} {reason}."),
        (restrictive, f"A {look} {wider} is {action} {reason}."),
        (common_sense, f"The {person} who is {action} is {trait}."),
        (common_sense, f"The {look} {wider} {place} is {trait}."),
    ]


BUILDINGS = ("bridge", "castle", "museum", "theatre", "library", "church", "tower", "market hall")
AGES = ("old", "new", "great", "small")
YEARS = ("1720", "1790", "1840", "1875", "1910", "1950")
LANDMARKS = ("river", "harbour", "station", "park")
DIRECTIONS = ("north", "south", "east", "west")
QUESTIONS = {
    "who": ("Who built the {x}?", "Who drew the plans of the {x}?"),
    "when": ("When was the {x} built?", "In what year was the {x} finished?"),
    "where": ("Where does the {x} stand?", "Where can visitors find the {x}?"),
    "number": ("How many people visit the {x} every day?", "How many visitors does the {x} have?"),
    "material": ("What is the {x} made of?", "What did they use for the walls of the {x}?"),
}
ANSWERS = {
    "who": ("The {b} in {t} is a work of {name}.", "{name} planned the {a} {b}."),
    "when": ("The {b} in {t} dates from {year}.", "Work on the {a} {b} ended in {year}."),
    "where": ("The {b} in {t} is beside the {landmark}.", "The {a} {b} is close to the {side} gate of {t}."),
    "number": ("About {n} people come to the {b} in {t} every day.", "The {a} {b} has {n} visitors a day."),
    "material": ("The {b} in {t} is made of {stuff}.", "Its builders used {stuff} for the {a} {b}."),
}


def qnli(draw: Draw, label: str) -> Item:
    """Returns a question about a building and a sentence about the same one that answers it, or another question."""
    asked = draw.pick(list(QUESTIONS))
    told = asked if label == "entailment" else draw.other(list(ANSWERS), asked)
    building, town, age = draw.pick(BUILDINGS), draw.pick(TOWNS), draw.pick(AGES)
    answer = draw.pick(ANSWERS[told]).format(
        b=building,
        t=town,
        a=age,
        name=full_name(draw),
        year=draw.pick(YEARS),
        landmark=draw.pick(LANDMARKS),
        side=draw.pick(DIRECTIONS),
        n=draw.pick(NUMBERS),
        stuff=draw.pick(MATERIALS),
    )
    return Item((draw.pick(QUESTIONS[asked]).format(x=f"{age} {building} in {town}"), answer), label)


ROLES = ("mayor", "doctor", "judge", "teacher", "writer")
DEEDS = (  # a deed, its opposite, what it is done to
    ("opened", "closed", "school"),
    ("bought", "sold", "farm"),
    ("praised", "blamed", "council"),
    ("joined", "left", "party"),
    ("found", "lost", "letters"),
    ("saved", "burned", "paintings"),
)
UNDONE = ("almost", "nearly", "never")
TWISTS = {  # what a false claim changes, in the terms of SuperGLUE's diagnostic set
    "none": "predicate-argument-structure: Core args",
    "deed": "lexical-semantics: Lexical entailment",
    "role": "knowledge: World knowledge",
    "undone": "logic: Negation",
}


@dataclass(frozen=True)
class Wording:
    """How a task words news of a deed, and claims about it."""

    news: tuple[str, ...]
    claims: tuple[str, ...]


RTE = Wording(
    (
        "{name}, a {role} from {town}, {deed} the {thing} on {day}.",
        "On {day} the {role} {name} {deed} the {thing} in {town}.",
        "In {town}, {role} {name} {deed} the {thing} on {day}.",
    ),
    (
        "the {role} {name} {deed} the {thing}.",
        "a {role} {deed} the {thing}.",
        "{name} {deed} the {thing} in {town}.",
        "{name} is a {role}.",
    ),
)
AXB = Wording(
    (
        "The {town} paper says that {name}, a {role}, {deed} the {thing} on {day}.",
        "{name}, who is a {role} in {town}, {deed} the {thing} on {day}.",
    ),
    ("the {role} in {town} {deed} the {thing}.", "{name} {deed} the {thing} on {day}.", "{name} works as a {role}."),
)


def _news(draw: Draw, label: str, wording: Wording) -> Item:
    """Returns a sentence of news and a claim that it bears out, or one of another deed, person or outcome."""
    name = full_name(draw)
    role, town, day = draw.pick(ROLES), draw.pick(TOWNS), draw.pick(DAYS)
    deed, opposite, thing = draw.pick(DEEDS)
    if draw.chance(0.5):
        deed, opposite = opposite, deed
    twist = "none" if label == "entailment" else draw.pick(("deed", "role", "undone"))
    told = f"{draw.pick(UNDONE)} {deed}" if twist == "undone" else deed
    news = draw.pick(wording.news).format(name=name, role=role, town=town, day=day, deed=told, thing=thing)
    claimed_deed = opposite if twist == "deed" else deed
    claimed_role = draw.other(ROLES, role) if twist == "role" else role
    # A claim that does not mention what was changed would be true.
    needed = {"none": "", "role": "{role}"}.get(twist, "{deed}")
    claim = draw.pick([claim for claim in wording.claims if needed in claim])
    claim = claim.format(name=name, role=claimed_role, town=town, day=day, deed=claimed_deed, thing=thing)
    return Item((news, sentence(claim)), label, TWISTS[twist])


def rte(draw: Draw, label: str) -> Item:
    """Returns a sentence of news and a claim."""
    return _news(draw, label, RTE)


def axb(draw: Draw, label: str) -> Item:
    """Returns a sentence of news and a claim as in SuperGLUE's RTE; the note is `KEY: PHENOMENON`."""
    return _news(draw, label, AXB)


def super_rte(draw: Draw, label: str) -> Item:
    """Returns premise and hypothesis: some are news, the others ask whom a pronoun means."""
    if draw.chance(0.6):
        return axb(draw, label)
    *premises, hypothesis = axg(draw, label).texts
    return Item((draw.pick(premises), hypothesis), label)
