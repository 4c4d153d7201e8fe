"""CoLA: sentences of a simple grammar, and the same with one fault of agreement, order, verb form or a missing word."""

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item, sentence

PEOPLE = (
    ("teacher", "teachers"),
    ("doctor", "doctors"),
    ("farmer", "farmers"),
    ("girl", "girls"),
    ("boy", "boys"),
    ("nurse", "nurses"),
)
ACTIONS = (  # third person singular, base form, object
    ("reads", "read", "letter"),
    ("paints", "paint", "fence"),
    ("opens", "open", "window"),
    ("cleans", "clean", "kitchen"),
    ("writes", "write", "story"),
    ("finds", "find", "key"),
    ("washes", "wash", "car"),
    ("draws", "draw", "map"),
)
ADJECTIVES = ("young", "old", "tall", "happy", "tired", "quiet")
TAILS = ("every morning", "after lunch", "before school", "at night", "in the summer", "with a friend")
SINGULAR = ("the", "this", "every")
PLURAL = ("the", "these", "many")
FAULTS = ("agreement", "order", "missing", "form")


def cola(draw: Draw, label: str) -> Item:
    """Returns a sentence: `1` acceptable, `0` with a fault."""
    plural = draw.chance(0.5)
    noun = draw.pick(PEOPLE)[plural]
    third, base, thing = draw.pick(ACTIONS)
    determiner = draw.pick(PLURAL if plural else SINGULAR)
    adjective = [draw.pick(ADJECTIVES)] if draw.chance(0.4) else []
    verb = base if plural else third
    auxiliary = draw.chance(0.2)
    subject, verbs, object_ = [determiner, *adjective, noun], ["will", base] if auxiliary else [verb], ["the", thing]
    if label == "0":
        subject, verbs, object_ = _break(draw, draw.pick(FAULTS), plural, subject, verbs, object_)
    tail = [draw.pick(TAILS)] if draw.chance(0.6) else []
    return Item((sentence(" ".join([*subject, *verbs, *object_, *tail])) + ".",), label)


def _break(
    draw: Draw, fault: str, plural: bool, subject: list[str], verbs: list[str], object_: list[str]
) -> tuple[list[str], list[str], list[str]]:
    """Returns subject, verbs and object with one fault in them."""
    third, base = next(action[:2] for action in ACTIONS if verbs[-1] in action)
    if fault == "agreement":
        return subject, ["will", third] if len(verbs) > 1 else [third if plural else base], object_
    if fault == "order":
        return subject, verbs, object_[::-1]
    if fault == "missing":
        return subject, [], object_
    return subject, [draw.pick(("is", "to")), base], object_
