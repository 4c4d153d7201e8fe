"""BoolQ, MultiRC and SQuAD: passages about a building, and what can be asked of them."""

from dataclasses import dataclass
from typing import Any

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.inference import AGES, BUILDINGS, LANDMARKS, QUESTIONS, YEARS
from tools.demo_suite.templates.item import Item, sentence
from tools.demo_suite.templates.words import MATERIALS, MEN, NUMBERS, SURNAMES, TOWNS, WOMEN

OPENINGS = ("The {x} is well known.", "Many people like the {x}.", "The {x} is worth a visit.")
TOLD = {  # what is said of the building, by the kind of question that it answers
    "who": ("It was built by {v}.", "{v} drew its plans."),
    "when": ("It dates from {v}.", "The work ended in {v}."),
    "where": ("It stands beside the {v}.", "It is close to the {v}."),
    "number": ("It has {v} visitors a day.", "About {v} people come every day."),
    "material": ("It is made of {v}.", "Its walls are of {v}."),
}
JUDGED = {  # MultiRC's answers, besides the value alone
    "where": "Beside the {v}",
    "number": "About {v} people",
    "material": "It is {v}",
}
YES_OR_NO = {  # BoolQ's questions are in lower case and end without a mark
    "where": "does the {x} stand beside the {v}",
    "material": "is the {x} made of {v}",
}
VALUES = {
    "who": tuple(f"{name} {surname}" for name in WOMEN + MEN for surname in SURNAMES),
    "when": YEARS,
    "where": LANDMARKS,
    "number": NUMBERS,
    "material": MATERIALS,
}


@dataclass(frozen=True)
class Question:
    """A question and its answers."""

    text: str
    answers: tuple[Any, ...]
    """SQuAD: pieces of the passage, those after the first pieces of the first. MultiRC: texts with their truth."""


@dataclass(frozen=True)
class Passage:
    """A passage with its questions."""

    title: str
    text: str
    questions: tuple[Question, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What no other split may have."""
        return (self.text, *(question.text for question in self.questions))


@dataclass(frozen=True)
class _Building:
    name: str
    """Age, kind and town, without an article."""
    facts: dict[str, str]
    """Kind of question to its answer, a piece of the text that stands there once."""
    told: str
    """The sentences that tell the facts."""


def _building(draw: Draw, kinds: list[str]) -> _Building:
    """Returns a building of which the text tells these kinds of facts, in this order."""
    name = f"{draw.pick(AGES)} {draw.pick(BUILDINGS)} in {draw.pick(TOWNS)}"
    facts = {kind: draw.pick(VALUES[kind]) for kind in kinds}
    told = [draw.pick(TOLD[kind]).format(v=value) for kind, value in facts.items()]
    return _Building(name, facts, " ".join(told))


def _opening(draw: Draw, building: _Building) -> str:
    return draw.pick(OPENINGS).format(x=building.name)


def boolq(draw: Draw, label: str) -> Item:
    """Returns question and passage: `true` if the passage says so, `false` if it says otherwise."""
    building = _building(draw, draw.shuffled(list(YES_OR_NO)))
    kind = draw.pick(list(YES_OR_NO))
    value = building.facts[kind] if label == "true" else draw.other(VALUES[kind], building.facts[kind])
    question = YES_OR_NO[kind].format(x=building.name, v=value).lower()
    return Item((question, f"{sentence(building.name)} -- {building.told}"), label)


def squad(draw: Draw, label: str) -> Passage:
    """Returns a passage of three facts and a question for each; a surname alone answers too."""
    building = _building(draw, draw.shuffled(list(TOLD))[:3])
    questions = []
    for kind, value in building.facts.items():
        text = draw.pick(QUESTIONS[kind]).format(x=building.name)
        others = (value.split(" ")[-1],) if kind == "who" else ()
        questions.append(Question(text, (value, *others)))
    title = building.name.replace(" ", "_")
    return Passage(title, f"{_opening(draw, building)} {building.told}", tuple(questions))


def multirc(draw: Draw, label: str) -> Passage:
    """Returns a paragraph of two facts and two questions, each with three answers, of which any number is true."""
    building = _building(draw, draw.shuffled(list(JUDGED))[:2])
    questions = []
    for kind, value in building.facts.items():
        wrong = draw.other(VALUES[kind], value)
        answers = [(value, True), (wrong, False)]
        answers += [(JUDGED[kind].format(v=text), true) for text, true in answers]
        answers.append((draw.pick(VALUES[draw.other(list(JUDGED), kind)]), False))
        text = draw.pick(QUESTIONS[kind]).format(x=building.name)
        questions.append(Question(text, tuple(draw.shuffled(answers)[:3])))
    return Passage("", f"{_opening(draw, building)} {building.told}", tuple(questions))
