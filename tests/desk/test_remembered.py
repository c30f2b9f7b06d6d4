"""What is remembered is made once."""

from __future__ import annotations

import asyncio

import pytest

from greedy.desk.remembered import Remembered


class Maker:
    """Makes values, counts how often, and waits until it may."""

    def __init__(self) -> None:
        self.made = 0
        self.may = asyncio.Event()

    async def make(self) -> int:
        await self.may.wait()
        self.made += 1
        return self.made


async def test_a_value_is_made_once_however_many_ask() -> None:
    remembered, maker = Remembered[str, int](2), Maker()
    waiting = [asyncio.create_task(remembered.get("a", maker.make)) for _ in range(5)]
    maker.may.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await remembered.get("a", maker.make) == 1


async def test_the_values_asked_for_last_are_kept() -> None:
    remembered, maker = Remembered[str, int](2), Maker()
    maker.may.set()
    assert [await remembered.get(key, maker.make) for key in "abacab"] == [1, 2, 1, 3, 1, 4]


async def test_who_is_cut_off_does_not_cut_off_the_others() -> None:
    remembered, maker = Remembered[str, int](2), Maker()
    first, second = (asyncio.create_task(remembered.get("a", maker.make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    maker.may.set()
    assert await second == 1


async def test_what_could_not_be_made_is_tried_again() -> None:
    remembered, maker = Remembered[str, int](2), Maker()
    maker.may.set()

    async def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        await remembered.get("a", fail)
    assert await remembered.get("a", maker.make) == 1


async def test_what_fails_after_it_was_forgotten_takes_nothing_new_along() -> None:
    remembered, maker, may_fail = Remembered[str, int](2), Maker(), asyncio.Event()
    maker.may.set()

    async def fail() -> int:
        await may_fail.wait()
        raise ValueError("too late")

    first = asyncio.create_task(remembered.get("a", fail))
    await asyncio.sleep(0)
    remembered.forget("a")
    assert await remembered.get("a", maker.make) == 1
    may_fail.set()
    with pytest.raises(ValueError, match="too late"):
        await first
    assert await remembered.get("a", maker.make) == 1
