"""ReCoRD and CNN/DailyMail: pieces of news with highlights, queries with a blank, and summaries."""

import re
from dataclasses import dataclass

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.inference import DEEDS, ROLES
from tools.demo_suite.templates.item import Item, sentence
from tools.demo_suite.templates.words import DAYS, MEN, TOWNS, WOMEN, full_name

HIGHLIGHT = "\n@highlight\n"
BLANK = "@placeholder"


@dataclass(frozen=True)
class Query:
    """A sentence with a blank, and the entity that fills it."""

    text: str
    answer: str


@dataclass(frozen=True)
class News:
    """A passage with highlights, the names in it, and queries."""

    text: str
    names: tuple[str, ...]
    queries: tuple[Query, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What no other split may have."""
        return (self.text,)

    def entities(self) -> list[tuple[int, int]]:
        """Returns where the names stand: first and last character of each, in the order of the text."""
        pattern = "|".join(rf"\b{re.escape(name)}\b" for name in self.names)
        return [(found.start(), found.end() - 1) for found in re.finditer(pattern, self.text)]


def _deed(draw: Draw) -> tuple[str, str]:
    """Returns something that was done, and to what."""
    deed, opposite, thing = draw.pick(DEEDS)
    return draw.pick((deed, opposite)), thing


def record(draw: Draw, label: str) -> News:
    """Returns news of two people's deeds, with two queries: who did one of them, and where somebody is from."""
    first, second = draw.two(WOMEN + MEN)
    town, other_town = draw.two(TOWNS)
    deed, thing = _deed(draw)
    other_deed, other_thing = draw.other([(done, what) for *pair, what in DEEDS for done in pair], (deed, thing))
    role = draw.pick(ROLES)
    text = HIGHLIGHT.join(
        (
            f"{first}, a {role} from {town}, {deed} the {thing} on {draw.pick(DAYS)}. "
            f"{second} from {other_town} {other_deed} the {other_thing}.",
            f"{draw.pick((town, other_town))} talks of {draw.pick((first, second))}",
        )
    )
    who, done, what = draw.pick(((first, deed, thing), (second, other_deed, other_thing)))
    queries = (
        Query(draw.pick((f"It was {BLANK} who {done} the {what}.", f"So {BLANK} {done} the {what}.")), who),
        Query(
            draw.pick((f"The {role} is from {BLANK}.", f"The home of the {role} is {BLANK}.")),
            town,
        ),
    )
    return News(text, (first, second, town, other_town), queries)


CROWDS = ("Many people", "Some neighbours", "Few visitors", "Two reporters")
MOODS = ("pleased", "angry", "surprised", "proud", "worried")
WEATHER = ("It rained all day.", "The sun was out.", "It was cold.", "There was some wind.")


def story(draw: Draw, label: str) -> Item:
    """Returns an article of four sentences; its highlights, two lines on what matters, are the note."""
    name = full_name(draw)
    role, town, mood = draw.pick(ROLES), draw.pick(TOWNS), draw.pick(MOODS)
    deed, thing = _deed(draw)
    lead = draw.pick(
        (
            f"On {draw.pick(DAYS)} the {role} {name} {deed} the {thing} in {town}.",
            f"The {role} {name} {deed} the {thing} in {town} on {draw.pick(DAYS)}.",
        )
    )
    crowd = f"{draw.pick(CROWDS)} came to see it and were {mood}."
    background = sentence(f"{name} has been a {role} for {draw.pick(('two', 'five', 'nine', 'ten'))} years.")
    article = " ".join((lead, *draw.shuffled([draw.pick(WEATHER), crowd, background])))
    return Item((article,), "", f"{name} {deed} the {thing} in {town}.\nPeople were {mood}.")
