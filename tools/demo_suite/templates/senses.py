"""WiC: a word in two sentences, in the same sense or not."""

from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item, sentence
from tools.demo_suite.templates.scenes import LOOKS, PEOPLE

SENSES = {  # word to its two senses, each with sentences that have it once
    "bank": (
        ("{p} took money to the bank.", "{p} works in a bank.", "the bank lent money to {p}."),
        ("{p} sat on the bank of the river.", "{p} swam to the other bank.", "{p} fished from a grassy bank."),
    ),
    "bat": (
        ("{p} hit the ball with a bat.", "{p} swung the bat.", "{p} bought a wooden bat."),
        ("{p} saw a bat in the cave.", "a bat flew over {p}.", "{p} fears the bat in the dark."),
    ),
    "bark": (
        ("{p} heard the bark of a dog.", "a loud bark woke {p}.", "the bark of the puppy amused {p}."),
        ("{p} cut the bark of the tree.", "{p} wrote on birch bark.", "{p} peeled bark from a branch."),
    ),
    "match": (
        ("{p} won the match.", "{p} watched the match on a screen.", "{p} lost the first match."),
        ("{p} lit a match.", "{p} held the match to a candle.", "{p} burned a finger with a match."),
    ),
    "nail": (
        ("{p} hit the nail with a hammer.", "{p} hung a picture on a nail.", "{p} found a rusty nail."),
        ("{p} bit a nail.", "{p} painted one nail red.", "{p} broke the nail of a thumb."),
    ),
    "spring": (
        ("{p} plants seeds in spring.", "last spring {p} moved here.", "{p} loves the warm spring."),
        ("{p} drank from the spring.", "water flows from a spring near {p}.", "{p} filled a bottle at the spring."),
    ),
    "letter": (
        ("{p} posted the letter.", "{p} got a letter from a friend.", "{p} put the letter in an envelope."),
        ("{p} learned the first letter.", "the word of {p} has one letter.", "{p} forgot a letter in the word."),
    ),
    "ring": (
        ("{p} wears a ring.", "{p} lost a golden ring.", "the ring of {p} has a stone."),
        ("the boxer met {p} in the ring.", "{p} left the ring after a fight.", "{p} fought in the ring."),
    ),
}


def wic(draw: Draw, label: str) -> Item:
    """Returns two sentences with a word, the note, in one sense (`true`) or in two (`false`)."""
    word = draw.pick(list(SENSES))
    own, other = draw.two(SENSES[word])
    first, second = draw.two(own) if label == "true" else (draw.pick(own), draw.pick(other))

    def someone() -> str:
        return f"the {draw.pick(LOOKS)} {draw.pick(PEOPLE)[0]}"

    return Item((sentence(first.format(p=someone())), sentence(second.format(p=someone()))), label, word)
