"""What one of several jobs has done of an evaluation: `RUN/shard.json`, beside the predictions of its share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.support.errors import RunError
from t5eval.support.files import write_json
from t5eval.support.shard import Shard
from t5eval.support.strict_json import parse_json
from task_specs.support.errors import UserError

FILE = "shard.json"
FORMAT = "t5eval shard"


@dataclass(frozen=True)
class ShardRecord:
    """What a job has done.

    Attributes:
        run: its folder.
        shard: its share.
        splits: task to split to what is recorded: of a finished one `examples`, how many were answered; `unwritable`,
            how many of the split's references the model cannot write; `call`, the command as results.json says it;
            `price`. Of one that has examples without an answer only `unanswered`, why.
    """

    run: Path
    shard: Shard
    splits: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def finished(self, task: str, split: str) -> Mapping[str, Any] | None:
        """Returns what is recorded of a split if all of its share is answered, else None."""
        found = self.splits.get(task, {}).get(split)
        return found if found is not None and "call" in found else None

    def to_json(self) -> dict[str, Any]:
        """Returns what the file holds."""
        return {"format": FORMAT, "shard": str(self.shard), "splits": self.splits}


def read_shard(run: Path) -> ShardRecord | None:
    """Returns what is recorded in a run's folder, None where nothing is.

    Raises:
        RunError: the file is damaged.
    """
    path = run / FILE
    try:
        document = parse_json(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError
        splits = {
            task: {split: _checked(found) for split, found in of.items()} for task, of in document["splits"].items()
        }
        return ShardRecord(run, Shard.parse(document["shard"]), splits)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    except (UserError, ValueError, KeyError, TypeError, AttributeError):
        raise RunError(f"{path}: not the record of a shard; remove it, and run the shard's command again") from None


def _checked(found: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is recorded of a split.

    Raises:
        KeyError, TypeError: it is not what `ShardRecord` says.
    """
    if "unanswered" not in found:
        price = found["price"]
        if type(found["examples"]) is not int or not isinstance(found["unwritable"], int | None):
            raise TypeError
        if not isinstance(found["call"]["model_name"], str):
            raise TypeError
        if not isinstance(found["call"]["model"], Mapping) or not (price is None or [*map(float, price)][2:] == []):
            raise TypeError
    return dict(found)


def record_split(run: Path, shard: Shard, task: str, split: str, found: Mapping[str, Any]) -> ShardRecord:
    """Adds what became of a split to the record of a run that this process holds.

    Raises:
        RunError: the record is damaged.
    """
    before = read_shard(run)
    splits = {name: dict(of) for name, of in before.splits.items()} if before else {}
    splits.setdefault(task, {})[split] = found
    record = ShardRecord(run, shard, splits)
    write_json(run / FILE, record.to_json())
    return record
