"""Chance is a function of its arguments: nothing before it, beside it or around it changes what it gives."""

from __future__ import annotations

import uuid
import zlib
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.generate import chance

WORD = 2**64
SEEDS = st.integers(0, 2**63 - 1)
PLACES = st.lists(st.integers(0, 2**40), max_size=4)


def mixed(state: int) -> int:
    """The finaliser of SplitMix64, in the words of its paper and without numpy."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % WORD
    return state ^ (state >> 31)


def expected(seed: int, purpose: str, *places: int) -> int:
    step = 0x9E3779B97F4A7C15
    state = mixed(seed ^ (zlib.crc32(purpose.encode()) * step % WORD))
    for place in places:
        state = mixed((state + (place + 1) * step) % WORD)
    return state


@given(seed=SEEDS, purpose=st.text(max_size=20), places=PLACES)
def test_bits_are_those_of_the_definition(seed: int, purpose: str, places: list[int]) -> None:
    assert int(chance.bits(seed, purpose, *places)) == expected(seed, purpose, *places)


def test_the_same_bytes_on_every_platform() -> None:
    assert chance.bits(7, "team", range(3)).tolist() == [13331850618051153038, 8946467919983538978, 14101129465342784435]
    assert chance.uuids(7, "rosters", 0) == ["a9e4315f-39b8-4ef5-8163-6b8d2d8efb1e"]


@given(
    seed=SEEDS,
    first=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    second=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
)
def test_arrays_give_what_their_places_give_one_by_one(seed: int, first: list[int], second: list[int]) -> None:
    together = chance.bits(seed, "x", np.array(first)[:, None], second)
    assert together.shape == (len(first), len(second))
    assert together.ravel().tolist() == [expected(seed, "x", *places) for places in product(first, second)]


def test_purposes_seeds_and_orders_of_places_give_different_numbers() -> None:
    numbers = [
        int(chance.bits(*arguments))
        for arguments in ((0, "a"), (0, "b"), (1, "a"), (0, "a", 0), (0, "a", 0, 0), (0, "a", 0, 1), (0, "a", 1, 0), (0, "b", 0))
    ]
    assert len(set(numbers)) == len(numbers)


def test_uniform_numbers_fill_the_interval_evenly() -> None:
    numbers = chance.uniform(3, "even", np.arange(100_000))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 44  # chi-square with 19 degrees of freedom: one seed in a thousand is above


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000, 2**31])
def test_integers_are_below_their_limit_and_reach_both_ends(limit: int) -> None:
    numbers = chance.below(limit, 5, "limit", np.arange(50_000))
    assert numbers.dtype == np.int64
    assert (numbers.min(), numbers.max()) >= (0, 0)
    assert numbers.max() < limit
    if limit <= 1000:
        assert set(numbers.tolist()) == set(range(limit))
    else:
        assert numbers.max() > limit * 0.999


def test_each_place_may_have_its_own_limit() -> None:
    limits = np.array([1, 2, 1000])
    numbers = chance.below(limits, 5, "limits", np.arange(4000)[:, None], np.arange(3))
    assert (numbers < limits).all()
    assert numbers.max(axis=0).tolist() == [0, 1, 999]


def test_choices_follow_their_weights_and_never_take_what_weighs_nothing() -> None:
    counts = np.bincount(chance.choice((0, 3, 0, 1, 0), 11, "weights", np.arange(40_000)), minlength=5)
    assert counts[[0, 2, 4]].tolist() == [0, 0, 0]
    assert abs(counts[1] - 30_000) < 300


@given(seed=SEEDS, places=st.lists(st.integers(0, 10**9), max_size=20))
def test_uuids_are_of_version_4_and_those_of_the_definition(seed: int, places: list[int]) -> None:
    texts = chance.uuids(seed, "x", places)
    for text, place in zip(texts, places, strict=True):
        high = expected(seed, "x", place)
        low = mixed(high ^ 0x9E3779B97F4A7C15)
        value = uuid.UUID(text)
        assert (value.version, value.variant, str(value)) == (4, uuid.RFC_4122, text)
        assert value == uuid.UUID(int=(high << 64) | low, version=4)


def test_uuids_are_in_the_order_of_a_flattened_array_and_all_different() -> None:
    texts = chance.uuids(1, "x", np.arange(300)[:, None], np.arange(200))
    assert texts[200:203] == chance.uuids(1, "x", 1, range(3))
    assert len(set(texts)) == 60_000
