"""Every fault of a row's TOML file, each with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import task_specs
from task_specs import SpecError
from task_specs.toml_faults import read_row_faults

TEXT = """name = "mine/polite"
benchmarks = "mine"
metrics = "accuracy"
sizes = {validation = 2}
lengths = {inputs = 64, target = 8}

[source]
kind = "tsv"
folder = 3
files = {validation = "dev.tsv"}
fields = {sentence = "text"}

[text]
kind = "fields"
fields = ["sentence"]

[answer]
kind = "labels"
"""


def test_all_faults_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(TEXT)
    row, faults = read_row_faults(tmp_path / "x.toml")
    assert row is None
    said = sorted((fault.line or 0, fault.message) for fault in faults)
    assert [line for line, _ in said] == [0, 2, 3, 5, 5, 9, 13, 18]
    for (_, message), expected in zip(
        said,
        (
            "the key 'benchmark' is missing",
            "unknown key 'benchmarks'",
            "metrics has the wrong type: 'accuracy'",
            "[lengths]: the key 'targets' is missing",
            "Did you mean 'targets'?",
            "[source]: folder has the wrong type: 3",
            "[text]: the key 'prefix' is missing",
            "Did you mean 'label'?",
        ),
        strict=True,
    ):
        assert expected in message


SOUND = """name = "mine/polite"
benchmark = "mine"
metrics = ["accuracy"]
sizes = {validation = 2}
lengths = {inputs = 64, targets = 8}

[source]
kind = "tsv"
folder = "mine"
files = {validation = "dev.tsv"}
fields = {sentence = "text"}
classes = ["0", "1"]

[text]
kind = "template"
template = "Is it polite? {sentence}"

[answer]
kind = "label"
classes = ["no", "yes"]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("", "", 0, ""),
        ('["no", "yes"]', '["no", "no"]', 18, "[answer]: "),  # its part
        ("{sentence}", "{sentence", 16, "[text]: "),  # not line 11, where the piece stands too
        ("{sentence}", "{sentences}", 16, "its text needs ['sentences']"),
    ],
)
def test_what_the_values_say_has_a_line_too(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    (tmp_path / "x.toml").write_text(SOUND.replace(old, new, 1))
    row, faults = read_row_faults(tmp_path / "x.toml")
    assert [fault.line or 0 for fault in faults] == ([line] if new else [])
    assert (row is None) == bool(new)
    assert all(message in fault.message for fault in faults)


def test_built_in_rows_have_none(tmp_path: Path) -> None:
    for spec in task_specs.all_tasks():
        (tmp_path / "x.toml").write_text(tomli_w.dumps(spec.to_dict()))
        assert read_row_faults(tmp_path / "x.toml") == (spec, [])


values: st.SearchStrategy[Any] = st.recursive(
    st.integers(-3, 3) | st.text("ab/\n", max_size=3) | st.booleans() | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_random_rows_never_give_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    table: Any = data.draw(st.sampled_from(task_specs.all_tasks())).to_dict()
    for _ in range(data.draw(st.integers(1, 3))):
        place = table
        while True:
            key = data.draw(st.sampled_from([*place, "absent"]))
            if isinstance(place.get(key), dict) and place[key] and data.draw(st.booleans()):
                place = place[key]
                continue
            place[key] = data.draw(values)
            break
    path = tmp_path / "x.toml"
    path.write_text(tomli_w.dumps(table), encoding="utf-8")
    try:
        row, faults = read_row_faults(path)
    except SpecError:
        return
    assert (row is None) == bool(faults)
