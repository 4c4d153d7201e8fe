"""How much of a model a run trains: `method` in the `[train]` table, by name or as a table of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from keras_model.adaptation import Adaptation, Adapters, LoRA
from task_specs.support.errors import UserError, quoted, require_known

ALL, GRADUAL = "all", "gradual_unfreezing"
ADAPTATIONS: dict[str, type[Adaptation]] = {LoRA.name: LoRA, Adapters.name: Adapters}
METHODS = (ALL, GRADUAL, *ADAPTATIONS)


@dataclasses.dataclass(frozen=True)
class Method:
    """A method of fine-tuning.

    Attributes:
        gradual_unfreezing: whether blocks are trained from the top down, one more after each part of the steps.
        adaptation: the new weights that are trained alone; None where the model's own are.
    """

    gradual_unfreezing: bool = False
    adaptation: Adaptation | None = None


def method_of(given: str | Mapping[str, Any]) -> Method:
    """Returns the method that a configuration names.

    Args:
        given: `all`, `gradual_unfreezing`, `adapters[:SIZE]` or `lora[:RANK]`; or a table with that as its `name` and
            the fields of `LoRA` or `Adapters`.

    Raises:
        UserError: there is no such method, or it cannot be as it is asked for.
    """
    table: dict[str, Any] = {"name": given} if isinstance(given, str) else dict(given)
    name = table.pop("name", None)
    if not isinstance(name, str):
        raise UserError(f"[train.method] needs a name, one of {', '.join(METHODS)}")
    kind, colon, number = name.partition(":")
    if kind not in METHODS or (colon and kind not in ADAPTATIONS):
        raise UserError(f"method {quoted(name)}: it is all, gradual_unfreezing, adapters[:SIZE] or lora[:RANK]")
    fields = [field.name for field in dataclasses.fields(ADAPTATIONS[kind])] if kind in ADAPTATIONS else []
    require_known(table, fields, "[train.method]")
    if colon:
        if not (number.isascii() and number.isdigit()) or fields[0] in table:
            raise UserError(f"method {quoted(name)}: {fields[0]} is one whole number")
        table[fields[0]] = int(number)
    if kind not in ADAPTATIONS:
        return Method(gradual_unfreezing=kind == GRADUAL)
    for key in ("matrices", "after"):
        if key in table and not isinstance(table[key], list | tuple):
            raise UserError(f"[train.method]: {key} is a list of names, got {quoted(repr(table[key]))}")
    try:
        return Method(adaptation=ADAPTATIONS[kind](**table))
    except ValueError as error:
        raise UserError(f"method {kind}: {error}") from None
