"""results.json against its published schema, as the jsonschema library reads it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import t5eval
import task_specs
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import open_model
from t5eval.runs.results import SCHEMA
from t5eval.support.version import checkout

SCHEMA_FILE = Path(t5eval.__file__).parent / "runs" / "schema" / "results.schema.json"
MODEL = """
from t5eval.predictors.predictor import Generation, Predictor, Prepared

class Always(Predictor):
    identity = {"weights": "none"}

    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]

    def generate(self, batch, max_new_tokens, decode):
        return [Generation("entailment" if i % 3 else "perhaps", False) for i in range(len(batch))]
"""


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yields every schema within a schema that describes an object's properties, itself included."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield part
        for value in part.values():
            yield from schemas(value)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def strict(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """The schema, under which a key that it does not describe is a fault too."""
    closed = copy.deepcopy(schema)
    for part in schemas(closed):
        part.setdefault("additionalProperties", False)
    return jsonschema.Draft202012Validator(closed)


def evaluated(run: Path, model: str, *places: tuple[str, str], **options: Any) -> dict[str, Any]:
    splits = [open_split(task_specs.get(task), split, suite_folder(), with_labels=True) for task, split in places]
    named = open_model(model)
    evaluate_splits(named.predictor, splits, run, RunSettings("t5eval evaluate", named.name, **options))
    found: dict[str, Any] = json.loads((run / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def of_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("py")
    (folder / "always.py").write_text(MODEL)
    model = f"py:{folder / 'always.py'}:Always"
    places = [
        ("glue/rte", "validation"),
        ("glue/rte", "test"),
        ("glue/stsb", "validation"),
        ("squad/v1.1", "validation"),
    ]
    evaluated(folder / "run", model, *places)
    return folder / "run"


def test_the_schema_is_one(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"] == SCHEMA
    for part in schemas(schema):
        for name, described in part["properties"].items():
            assert "$ref" in described or described.get("description"), name
        assert set(part.get("required", [])) <= set(part["properties"])


def test_a_run_with_labels_and_without(of_python: Path, strict: jsonschema.Draft202012Validator) -> None:
    document = json.loads((of_python / "results.json").read_text(encoding="utf-8"))
    strict.validate(document)
    results = document["results"]
    assert not results["glue/rte"]["test"]["labelled"]
    assert results["glue/rte"]["validation"]["unreadable"] > 0
    assert results["glue/rte"]["validation"]["specification"] == task_specs.get("glue/rte").fingerprint
    assert document["checkout"] == checkout()


def test_a_limited_run(tmp_path: Path, of_python: Path, strict: jsonschema.Draft202012Validator) -> None:
    document = evaluated(tmp_path, f"predictions:{of_python}", ("glue/rte", "validation"), limit=3)
    strict.validate(document)
    assert document["results"]["glue/rte"]["validation"]["limit"] == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("versions"),
        lambda d: d.update(schema=2),
        lambda d: d["results"]["glue/rte"]["validation"].update(n="80"),
        lambda d: d["results"]["glue/rte"]["validation"].pop("unreadable"),
        lambda d: d["results"]["glue/rte"]["validation"]["data"].update(sha256="abc"),
    ],
)
def test_what_is_no_results_file(of_python: Path, schema: dict[str, Any], change: Any) -> None:
    document = json.loads((of_python / "results.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(document)
    change(document)
    assert not validator.is_valid(document)


def test_files_of_before_the_newer_keys_are_still_valid(of_python: Path, schema: dict[str, Any]) -> None:
    document = json.loads((of_python / "results.json").read_text(encoding="utf-8"))
    for key in ("checkout", "machine", "batch_rows", "strategy", "calls"):
        del document[key]
    for splits in document["results"].values():
        for result in splits.values():
            del result["specification"], result["call"]
    jsonschema.Draft202012Validator(schema).validate(document)


def test_a_checkout_is_told_from_an_installed_package(tmp_path: Path) -> None:
    assert checkout(tmp_path) is None
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    checkout.cache_clear()
    assert checkout(tmp_path) is None
