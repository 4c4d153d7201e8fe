"""SST-2: lines of film reviews, lower-cased and with their punctuation apart, as SST-2 has them."""

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item

GOOD = (
    *("charming", "clever", "moving", "funny", "bright", "fresh", "warm", "gripping", "lovely", "brilliant", "tender"),
    *("smart", "graceful", "honest"),
)
BAD = (
    *("dull", "clumsy", "boring", "tired", "empty", "noisy", "bland", "stale", "weak", "lifeless", "silly", "messy"),
    *("slow", "shallow"),
)
WHOLES = ("film", "comedy", "drama", "thriller", "movie")
PARTS = ("story", "script", "cast", "plot", "ending", "score", "hero")
PRAISE = ("works well", "makes us smile", "is a joy", "wins you over")
BLAME = ("falls flat", "goes nowhere", "makes us yawn", "is a waste")
DEGREES = ("very", "truly", "rather", "deeply", "quite")


def sst2(draw: Draw, label: str) -> Item:
    """Returns a line of a review: `1` positive, `0` negative; some mention the other side only to deny it."""
    own, foreign = (GOOD, BAD) if label == "1" else (BAD, GOOD)
    verdict = draw.pick(PRAISE if label == "1" else BLAME)
    first, second = draw.two(own)
    denied = draw.pick(foreign)
    part, other_part = draw.two(PARTS)
    whole, degree = draw.pick(WHOLES), draw.pick(DEGREES)
    line = draw.pick(
        (
            f"{first} {whole} with {_article(second)} {part} .",
            f"{_article(first)} {whole} with {_article(second)} {part}",
            f"the {part} is {degree} {first} and the {other_part} {verdict} .",
            f"{first} and {second} , this {whole} {verdict} .",
            f"this {whole} is {degree} {first} , and so is its {part} .",
            f"despite {_article(denied)} {part} , the {whole} {verdict} .",
            f"never {denied} , always {first} , the {whole} {verdict} .",
            f"the {part} may be {denied} , but the {whole} is {degree} {first} .",
            f"no one will call this {whole} {denied} : it {verdict} .",
        )
    )
    return Item((line,), label)


def _article(word: str) -> str:
    return ("an " if word[0] in "aeiou" else "a ") + word
