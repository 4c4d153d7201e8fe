"""Shares of work: all of them are all of it, once, and no job gets much more than another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from t5eval.support.shard import Shard


@given(st.integers(1, 40), st.integers(0, 200), st.text(max_size=20))
def test_shards_share_all_of_it_out_once(of: int, count: int, name: str) -> None:
    shares = [Shard.parse(f"{number}/{of}").share(range(count), name) for number in range(1, of + 1)]
    assert sorted(place for share in shares for place in share) == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(share == sorted(share) for share in shares)


def test_where_a_share_begins_follows_from_the_name() -> None:
    """So that works of one piece each are not all the first job's."""
    names = [f"task-{number}" for number in range(90)]
    owners = [next(number for number in (1, 2, 3) if Shard(3, number).has(0, name)) for name in names]
    assert min(map(owners.count, (1, 2, 3))) > 15
