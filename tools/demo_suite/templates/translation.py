"""WMT: sentences of a small English grammar, and their German with its genders, cases and word order."""

from dataclasses import dataclass

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item, sentence

NOMINATIVE = {"m": "der", "f": "die", "n": "das"}
ACCUSATIVE = {"m": "den", "f": "die", "n": "das"}


@dataclass(frozen=True)
class Noun:
    """A noun in both languages, with its German gender."""

    english: str
    german: str
    gender: str


SUBJECTS = (
    Noun("woman", "Frau", "f"),
    Noun("man", "Mann", "m"),
    Noun("child", "Kind", "n"),
    Noun("girl", "Mädchen", "n"),
    Noun("teacher", "Lehrer", "m"),
    Noun("baker", "Bäcker", "m"),
    Noun("queen", "Königin", "f"),
    Noun("daughter", "Tochter", "f"),
)
OBJECTS = (
    Noun("dog", "Hund", "m"),
    Noun("cat", "Katze", "f"),
    Noun("horse", "Pferd", "n"),
    Noun("apple", "Apfel", "m"),
    Noun("book", "Buch", "n"),
    Noun("letter", "Brief", "m"),
    Noun("flower", "Blume", "f"),
    Noun("house", "Haus", "n"),
    Noun("table", "Tisch", "m"),
    Noun("lamp", "Lampe", "f"),
)
VERBS = (  # third person, base form, German third person
    ("sees", "see", "sieht"),
    ("buys", "buy", "kauft"),
    ("finds", "find", "findet"),
    ("draws", "draw", "zeichnet"),
    ("sells", "sell", "verkauft"),
    ("loves", "love", "liebt"),
    ("carries", "carry", "trägt"),
    ("hides", "hide", "versteckt"),
)
ADJECTIVES = (
    ("small", "klein"),
    ("old", "alt"),
    ("new", "neu"),
    ("black", "schwarz"),
    ("big", "groß"),
    ("good", "gut"),
)
TIMES = (
    ("today", "heute"),
    ("now", "jetzt"),
    ("every day", "jeden Tag"),
    ("in the morning", "am Morgen"),
    ("in the evening", "am Abend"),
    ("on Sunday", "am Sonntag"),
)


def _phrase(draw: Draw, noun: Noun, articles: dict[str, str]) -> tuple[str, str]:
    """Returns a noun with its article, and half of the time with an adjective, in both languages."""
    english, german = "the", articles[noun.gender]
    if draw.chance(0.5):
        word, wort = draw.pick(ADJECTIVES)
        ending = "en" if articles is ACCUSATIVE and noun.gender == "m" else "e"
        english, german = f"{english} {word}", f"{german} {wort}{ending}"
    return f"{english} {noun.english}", f"{german} {noun.german}"


def translation(draw: Draw, label: str) -> Item:
    """Returns a sentence in English and in German: plain, denied, or with a time that stands first or last."""
    who, wer = _phrase(draw, draw.pick(SUBJECTS), NOMINATIVE)
    what, wen = _phrase(draw, draw.pick(OBJECTS), ACCUSATIVE)
    third, base, verb = draw.pick(VERBS)
    when, wann = draw.pick(TIMES)
    english, german = draw.pick(
        (
            (f"{who} {third} {what}", f"{wer} {verb} {wen}"),
            (f"{who} does not {base} {what}", f"{wer} {verb} {wen} nicht"),
            (f"{when} {who} {third} {what}", f"{wann} {verb} {wer} {wen}"),
            (f"{who} {third} {what} {when}", f"{wer} {verb} {wann} {wen}"),
        )
    )
    return Item((f"{sentence(english)}.", f"{sentence(german)}."), label)
