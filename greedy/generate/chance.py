"""Chance without a state: a number is a function of the seed, of what it is for, and of the places it is drawn at.

So a practice is the same whatever is generated beside it, in whatever order, by however many processes, on every platform. Each place
goes through the finaliser of SplitMix64 (Steele, Lea and Flood, 2014) as in a counter-based generator (Salmon and others, 2011); streams
of numpy's own generators may change from version to version.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Places: TypeAlias = "int | range | Sequence[int] | NDArray[np.integer[Any]]"
"""Where a number is drawn: a practice, an employee of it, a day. Several are broadcast against each other, as numpy does."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

# The text of a UUID in its groups: the digits alone, and with dashes between the groups and the end of a line.
_GROUPS = {"time_low": "V8", "time_mid": "V4", "time_high_and_version": "V4", "clock_sequence": "V4", "node": "V12"}
_DIGITS = np.dtype(list(_GROUPS.items()))
_LINE = np.dtype({"names": list(_GROUPS), "formats": list(_GROUPS.values()), "offsets": [0, 9, 14, 19, 24], "itemsize": 37})


def bits(seed: int, purpose: str, *places: Places) -> NDArray[np.uint64]:
    """64 random bits for each combination of `places`; other purposes give others."""
    with np.errstate(over="ignore"):
        state = _mixed(np.array([seed & 0xFFFFFFFFFFFFFFFF], np.uint64) ^ (np.uint64(zlib.crc32(purpose.encode())) * _STEP))
        for place in places:
            state = _mixed(state + (np.asarray(place).astype(np.uint64) + np.uint64(1)) * _STEP)
    shape = np.broadcast_shapes(*(np.shape(place) for place in places))
    return state.reshape(shape)


def uniform(seed: int, purpose: str, *places: Places) -> NDArray[np.float64]:
    """Numbers from 0 to below 1."""
    return (bits(seed, purpose, *places) >> np.uint64(11)).astype(np.float64) * np.float64(2.0**-53)


def below(limit: int | NDArray[np.integer[Any]], seed: int, purpose: str, *places: Places) -> NDArray[np.int64]:
    """Integers from 0 to below `limit` (at most 2**31)."""
    limits = np.asarray(limit).astype(np.uint64)
    return (((bits(seed, purpose, *places) >> np.uint64(32)) * limits) >> np.uint64(32)).astype(np.int64)


def choice(weights: Sequence[float], seed: int, purpose: str, *places: Places) -> NDArray[np.int64]:
    """Positions in `weights`, each as likely as its weight says."""
    bounds = np.cumsum(np.asarray(weights, np.float64))
    return np.asarray(np.searchsorted(bounds[:-1], uniform(seed, purpose, *places) * bounds[-1], side="right"), np.int64)


def uuids(seed: int, purpose: str, *places: Places) -> list[str]:
    """A UUID (version 4 in form) for each combination of `places`, in the order of a flattened array."""
    high = bits(seed, purpose, *places).ravel()
    low = _mixed(high ^ _STEP)
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = (low & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    digits = np.frombuffer(np.stack([high, low], axis=1).astype(">u8").tobytes().hex().encode(), _DIGITS)
    text = np.full((len(high), _LINE.itemsize), ord("-"), np.uint8)
    text[:, -1] = ord("\n")
    lines = text.reshape(-1).view(_LINE)
    for group in _GROUPS:
        lines[group] = digits[group]
    return text.tobytes().decode("ascii").split("\n")[:-1]


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
