"""An answer parser: what the model should write, what is true, and what a text says; `4 stars` is the number 4."""

from dataclasses import dataclass

from t5eval import register
from task_specs import Answer


@register
@dataclass(frozen=True)
class Stars:
    most: int = 5
    kind = "mine_stars"
    choices = ()

    def target(self, features):
        return f"{features['label']} stars"

    def gold(self, features, targets):
        return Answer(features["label"], features["label"])

    def parse(self, text, features, targets):
        number = text.removesuffix(" stars")
        if number.isdecimal() and int(number) <= self.most:
            return Answer(int(number), int(number))
        return Answer(None, -1, f"no number of stars: {text!r}")
