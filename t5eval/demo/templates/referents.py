"""WNLI: a pronoun that could mean either of two, and a word that decides; the hypothesis puts one in its place."""

from __future__ import annotations

from t5eval.demo.templates.draw import Draw
from t5eval.demo.templates.item import Item
from t5eval.demo.templates.words import MEN, WOMEN

THINGS = ("statue", "piano", "sofa", "ladder")
ROOMS = ("suitcase", "cupboard", "van", "cellar")
FIT = (
    "The {x} does not fit into the {y} because it {cue}.",
    ("is too large", "is too long", "is too big"),
    ("is too small", "is too narrow", "is too short"),
)
PEOPLE = (  # the sentence, cues that make the pronoun the first one, cues that make it the second
    (
        "{x} lent {y} some money because {p} {cue}.",
        ("was rich", "was generous", "had a fortune", "could spare it"),
        ("was poor", "was in debt", "had no job", "could not pay"),
    ),
    (
        "{x} ran faster than {y} because {p} {cue}.",
        ("had long legs", "had good shoes", "was fit", "was in training"),
        ("had short legs", "had a heavy bag", "was lame", "was out of breath"),
    ),
    (
        "{x} asked {y} a question because {p} {cue}.",
        ("wanted to learn", "was curious", "was confused", "had no idea"),
        ("knew a lot", "was an expert", "was wise", "had the answer"),
    ),
    (
        "{x} carried the bags of {y} because {p} {cue}.",
        ("was strong", "was helpful", "was polite", "had strong arms"),
        ("was weak", "was injured", "was ill", "had a sore back"),
    ),
    (
        "{x} forgave {y} because {p} {cue}.",
        ("was kind", "was patient", "had a good heart", "felt no anger"),
        ("was sorry", "was ashamed", "had apologised", "felt guilty"),
    ),
)
NAMES = ((WOMEN[:5], "she"), (MEN[:5], "he"))


def wnli(draw: Draw, label: str) -> Item:
    """Returns a premise with one pronoun, and its last clause with a candidate for it: `1` the right one, `0` not."""
    of_first = draw.chance(0.5)
    if draw.chance(0.12):
        form, first_cues, second_cues = FIT
        x, y, pronoun = draw.pick(THINGS), draw.pick(ROOMS), "it"
        candidates = (f"The {x}", f"The {y}")
    else:
        form, first_cues, second_cues = draw.pick(PEOPLE)
        names, pronoun = draw.pick(NAMES)
        x, y = candidates = draw.two(names)
    cue = draw.pick(first_cues if of_first else second_cues)
    chosen = candidates[0] if of_first == (label == "1") else candidates[1]
    return Item((form.format(x=x, y=y, p=pronoun, cue=cue), f"{chosen} {cue}."), label)
