"""Shards: how they are cut and keyed, the trail of the attempts on one, and the errors that come back from its worker."""

import pickle
from contextlib import suppress
from dataclasses import replace

import pytest

from fazhi.batch import shards
from fazhi.batch.item import Item
from fazhi.batch.shards import BatchError
from fazhi.batch.trail import deaths, trail
from fazhi.errors import FazhiError, InputError, MissingExtraError, ModelError


def test_large_items_get_shards_of_their_own():
    sizes = [1, 3 * 2**20, 2 * 2**20, 5 * 2**20, 1]
    cut = list(shards.cut((Item(str(i), b"x" * size) for i, size in enumerate(sizes)), ""))
    assert [len(shard.items) for shard in cut] == [2, 1, 1, 1]
    assert [shard.number for shard in cut] == [0, 1, 2, 3]


@pytest.mark.parametrize("count", [10, 100, 1000, 5000])
def test_shards_are_small_where_there_are_few_items(count):
    sizes = [len(shard.items) for shard in shards.cut((Item(str(i), b"x") for i in range(count)), "")]
    assert sum(sizes) == count
    assert sizes[:-1] == sorted(sizes[:-1])
    assert max(sizes) <= max(4, min(32, count // 16))
    assert len(sizes) <= count / 32 + 40


def test_a_key_changes_with_all_that_decides_the_result():
    item = Item("a", b"b", id="c")
    changed = [
        replace(item, name="x"),
        replace(item, raw=b"x"),
        replace(item, form="json"),
        replace(item, error="x"),
        replace(item, id="x"),
    ]
    keys = {shard.key for found in ([item], *([c] for c in changed), [item, item]) for shard in shards.cut(found, "")}
    assert len(keys | {shard.key for shard in shards.cut([item], "salt")}) == 8


def test_the_trail_tells_who_died(tmp_path):
    path = tmp_path / "t" / "1.trail"
    for _ in range(2):
        with suppress(KeyboardInterrupt), trail(path) as way:
            way.step(3)
            way.step(14)
            raise KeyboardInterrupt
    assert deaths(path) == {"14": 2}
    with trail(path) as way:
        assert way.deaths["14"] == 2
        way.step("end")
    assert not path.exists()


@pytest.mark.parametrize(
    "error", [InputError("a", "b", "c"), MissingExtraError("ray", "ray"), ModelError("a", "b", "c"), BatchError("x")]
)
def test_errors_travel_between_processes(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.__dict__ == error.__dict__
    assert isinstance(back, FazhiError)
