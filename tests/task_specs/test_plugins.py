"""What is not there is looked up again after plugins were loaded, and a broken one is named."""

from __future__ import annotations

import pytest

from task_specs import SpecError, plugins


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is known; loading the plugins adds `late`."""
    known = {"early": 1}

    def load() -> tuple[str, ...]:
        known["late"] = 2
        return ()

    monkeypatch.setattr(plugins, "_loaders", [])
    plugins.install(load)
    return known


def test_plugins_are_loaded_only_for_what_is_not_there(table: dict[str, int]) -> None:
    assert plugins.looked_up(lambda: table.get("early"), "number") == 1
    assert "late" not in table
    assert plugins.looked_up(lambda: table.get("late"), "number") == 2
    assert plugins.looked_up(lambda: table.get("never"), "number") is None


def test_a_broken_plugin_is_named_where_something_is_missing(table: dict[str, int]) -> None:
    plugins.install(lambda: ("a is broken",))
    assert plugins.looked_up(lambda: table.get("late"), "number") == 2
    with pytest.raises(SpecError, match=r"^no number, unless an installed plugin has it that is broken: a is broken$"):
        plugins.looked_up(lambda: table.get("never"), "number")
    plugins.install(lambda: ("b is broken",))
    with pytest.raises(SpecError, match=r"a is broken \(and 1 more\)$"):
        plugins.looked_up(lambda: table.get("never"), "number")
