"""An answer with classes: the letter before each, A for the first; a text may say it with a bracket or a full stop."""

from dataclasses import dataclass

from t5eval import register
from task_specs import Answer


@register
@dataclass(frozen=True)
class Letter:
    classes: tuple[str, ...]
    kind = "mine_letter"

    @property
    def choices(self):
        return tuple("ABCDEFGH"[: len(self.classes)])

    def target(self, features):
        return self.choices[features["label"]] if features["label"] >= 0 else "<unk>"

    def gold(self, features, targets):
        return Answer(features["label"], features["label"]) if features["label"] >= 0 else None

    def parse(self, text, features, targets):
        letter = text.strip().strip("().")
        if letter in self.choices:
            return Answer(self.choices.index(letter), self.choices.index(letter))
        return Answer(None, -1, f"none of {', '.join(self.choices)}: {text!r}")
