"""CB and COPA: what follows from how somebody speaks of a claim, and what follows from an event."""

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.inference import DEEDS
from tools.demo_suite.templates.item import Item, sentence
from tools.demo_suite.templates.scenes import LOOKS, PEOPLE
from tools.demo_suite.templates.words import MEN, SURNAMES, WOMEN

EMBEDDED = {
    "entailment": ("{n} knows that {c}.", "{n} was glad that {c}.", "{n} noticed that {c}."),
    "contradiction": ("It is false that {c}, said {n}.", "{n} pretended that {c}.", "{n} lied and said that {c}."),
    "neutral": ("{n} thinks that {c}.", "{n} hopes that {c}.", "{n} asked whether {c}."),
}


def cb(draw: Draw, label: str) -> Item:
    """Returns a premise that holds a claim to be true, false or open, and the claim."""
    deed, opposite, thing = draw.pick(DEEDS)
    name, speaker = draw.two(WOMEN + MEN)
    claim = f"{name} {draw.pick(SURNAMES)} {draw.pick((deed, opposite))} the {thing}"
    return Item((draw.pick(EMBEDDED[label]).format(n=speaker, c=claim), claim), label)


EVENTS = (  # cause and effect
    ("dropped the cup", "swept up the pieces"),
    ("forgot the umbrella", "got wet"),
    ("skipped breakfast", "was hungry"),
    ("stayed up late", "fell asleep at work"),
    ("ran for an hour", "was out of breath"),
    ("lost the key", "could not open the door"),
    ("missed the bus", "walked home"),
    ("won a prize", "gave a happy speech"),
    ("touched the hot stove", "put ice on a finger"),
    ("broke the lamp", "sat in the dark"),
    ("sang too loudly", "woke the baby"),
    ("ate too much cake", "had a stomach ache"),
)


def copa(draw: Draw, label: str) -> Item:
    """Returns premise and two choices, the right one being choice `label`; the note is `cause` or `effect`."""
    row, other = draw.two(EVENTS)
    asked = draw.pick(("cause", "effect"))
    given, wanted = (1, 0) if asked == "cause" else (0, 1)
    someone = f"the {draw.pick(LOOKS)} {draw.pick(PEOPLE)[0]}"
    choices = [row[wanted], other[wanted]]
    if label == "1":
        choices.reverse()
    texts = tuple(sentence(f"{someone} {event}.") for event in (row[given], *choices))
    return Item(texts, label, asked)
