"""WNLI: a pronoun that could mean either of two, and a word that decides; the hypothesis puts one in its place."""

from __future__ import annotations

from t5eval.demo.templates.draw import Draw
from t5eval.demo.templates.item import Item
from t5eval.demo.templates.words import MEN, WOMEN

THINGS = ("statue", "piano", "sofa", "ladder", "table", "mirror")
ROOMS = ("suitcase", "cupboard", "van", "corridor", "lift", "cellar")
FIT = (
    "The {x} does not fit into the {y} because it {cue}.",
    ("is too large", "is too long"),
    ("is too small", "is too narrow"),
)
PEOPLE = (  # the sentence, cues that make the pronoun the first one, cues that make it the second
    ("{x} lent {y} some money because {p} {cue}.", ("was rich", "was generous"), ("was poor", "was in need")),
    (
        "{x} ran faster than {y} because {p} {cue}.",
        ("had long legs", "had good shoes"),
        ("was lame", "had a heavy bag"),
    ),
    (
        "{x} asked {y} a question because {p} {cue}.",
        ("wanted to learn", "was curious"),
        ("knew a lot", "was an expert"),
    ),
    ("{x} carried the bags of {y} because {p} {cue}.", ("was strong", "was helpful"), ("was weak", "was injured")),
    ("{x} visited {y} in hospital because {p} {cue}.", ("was worried", "was a loyal friend"), ("was ill", "was hurt")),
)


def wnli(draw: Draw, label: str) -> Item:
    """Returns a premise with one pronoun, and its last clause with a candidate for it: `1` the right one, `0` not."""
    of_first = draw.chance(0.5)
    if draw.chance(0.25):
        form, first_cues, second_cues = FIT
        x, y, pronoun = draw.pick(THINGS), draw.pick(ROOMS), "it"
        candidates = (f"The {x}", f"The {y}")
    else:
        form, first_cues, second_cues = draw.pick(PEOPLE)
        names, pronoun = draw.pick(((WOMEN, "she"), (MEN, "he")))
        x, y = candidates = draw.two(names)
    cue = draw.pick(first_cues if of_first else second_cues)
    chosen = candidates[0] if of_first == (label == "1") else candidates[1]
    return Item((form.format(x=x, y=y, p=pronoun, cue=cue), f"{chosen} {cue}."), label)
