"""People, what they do and where: the captions of STS-B, MNLI and the diagnostic set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """Something that a person does."""

    action: str
    kind: str
    """The same in wider words, true whenever `action` is."""


SCENES = (
    Scene("eating an apple", "eating fruit"),
    Scene("eating a pear", "eating fruit"),
    Scene("reading a novel", "reading a book"),
    Scene("reading a diary", "reading a book"),
    Scene("playing the flute", "making music"),
    Scene("playing the drums", "making music"),
    Scene("holding roses", "holding flowers"),
    Scene("holding tulips", "holding flowers"),
    Scene("feeding a cat", "feeding an animal"),
    Scene("feeding a rabbit", "feeding an animal"),
    Scene("painting a chair", "painting furniture"),
    Scene("painting a table", "painting furniture"),
)
PEOPLE = (  # word, wider word, pronoun, possessive
    ("girl", "child", "she", "her"),
    ("boy", "child", "he", "his"),
    ("woman", "person", "she", "her"),
    ("man", "person", "he", "his"),
    ("nurse", "person", "she", "her"),
    ("farmer", "person", "he", "his"),
)
LOOKS = ("young", "tall", "happy", "tired", "quiet", "small")
OUTDOORS = ("in the garden", "in the park", "on the beach", "in the field", "by the lake", "in the street")
INDOORS = ("in the kitchen", "in the office", "in the library", "in the hall", "in the station", "in the school")
