"""The pieces that error messages are made of."""

from __future__ import annotations

import pytest

from task_specs.support.errors import UserError, did_you_mean, first_few, quoted, require_known, some


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a" * 58, 60, f"'{'a' * 58}'"),
        ("a" * 59, 60, f"'{'a' * 55}...'"),
        ("it's " * 9, 20, "\"it's it's it's ...\""),
        ("a\n\x1b", 60, r"'a\n\x1b'"),
        (3.5, 60, "'3.5'"),
    ],
)
def test_a_quoted_text_is_as_long_as_the_limit_at_most(text: object, limit: int, shown: str) -> None:
    assert quoted(text, limit) == shown
    assert limit != 60 or quoted(text) == shown
    assert len(shown) <= limit


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("glue/cola2", ["glue/cola", "squad"], " Did you mean 'glue/cola'?"),
        ("GLUE/COLA2", ["Glue/CoLA"], " Did you mean 'Glue/CoLA'?"),
        ("aaa1", ["aaa2", "aaa3", "aaa4", "aaa5"], " Did you mean 'aaa5' or 'aaa4' or 'aaa3'?"),
        ("rte", ["glue_benchmark/rte", "squad"], " Did you mean 'glue_benchmark/rte'?"),
        (
            "rte",
            [f"{suite}_benchmark_suite/rte" for suite in "wxyz"],
            " Did you mean 'w_benchmark_suite/rte' or 'x_benchmark_suite/rte' or 'y_benchmark_suite/rte'?",
        ),
        ("", ["benchmark/"], ""),
        ("zzz", ["glue/cola"], ""),
    ],
)
def test_the_closest_names_are_offered_three_at_most(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


@pytest.mark.parametrize(
    ("count", "listed", "dotted"),
    [
        (0, "", ""),
        (5, "n0, n1, n2, n3, n4", "n0, n1, n2, n3, n4"),
        (6, "n0, n1, n2, n3, n4 and 1 more", "n0, n1, n2, n3, n4, ..."),
        (2005, "n0, n1, n2, n3, n4 and 2,000 more", "n0, n1, n2, n3, n4, ..."),
    ],
)
def test_five_names_are_listed_at_most(count: int, listed: str, dotted: str) -> None:
    names = [f"n{place}" for place in range(count)]
    assert (some(names), first_few(names)) == (listed, dotted)


def test_a_key_that_is_not_known() -> None:
    require_known({"rate": 1}, ["rate", "limit"], "x")
    with pytest.raises(UserError, match=r"^x: unknown key 'rat'; the keys are rate, limit\. Did you mean 'rate'\?$"):
        require_known({"rate": 1, "rat": 1}, ["rate", "limit"], "x")
