"""Names of invented people and practices, and the places where they work."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.generate import chance
from greedy.generate.people.data import lines_of, rows_of

_WOMEN = 0.95  # the share of women among midwives
_EVENING_OUT = 20  # the first name of a list is this many ranks from being infinitely common


class Region(NamedTuple):
    """A region, and which of the three holiday regions of the Netherlands it lies in."""

    name: str
    school_holidays: str


class Place(NamedTuple):
    """A town, and the position of its region in `regions()`."""

    name: str
    region: int


class People(NamedTuple):
    """Names of people, a list each in the same order."""

    first_names: list[str]
    surnames: list[str]
    emails: list[str]


@cache
def regions() -> tuple[Region, ...]:
    """The provinces; of the one that is divided, each part: https://www.rijksoverheid.nl/onderwerpen/schoolvakanties."""
    return tuple(Region(row["name"], row["school_holidays"]) for row in rows_of("regions.csv"))


@cache
def places() -> tuple[Place, ...]:
    """Where practices are."""
    positions = {region.name: position for position, region in enumerate(regions())}
    return tuple(Place(row["place"], positions[row["region"]]) for row in rows_of("places.csv"))


@cache
def practice_names() -> tuple[str, ...]:
    """What practices are called."""
    return tuple(f"Verloskundigenpraktijk {name}" for name in lines_of("practice_names.txt"))


def people(seed: int, practices: NDArray[np.int64], employees: NDArray[np.int64], employee_ids: list[str]) -> People:
    """Names of employees, given by practice and number in it; an address is nobody's, as example.org is kept for examples (RFC 2606)."""
    women, men, family = _names("women.txt"), _names("men.txt"), _names("surnames.txt")
    woman = chance.uniform(seed, "woman", practices, employees) < _WOMEN
    of_women = _drawn(len(women), seed, "first name of a woman", practices, employees)
    of_men = _drawn(len(men), seed, "first name of a man", practices, employees)
    first = [women[w] if is_woman else men[m] for is_woman, w, m in zip(woman.tolist(), of_women, of_men, strict=True)]
    last = [family[n] for n in _drawn(len(family), seed, "surname", practices, employees)]
    emails = [f"{_for_address(f)}.{_for_address(s)}.{i.lower()}@example.org" for f, s, i in zip(first, last, employee_ids, strict=True)]
    return People(first, last, emails)


def _drawn(count: int, seed: int, purpose: str, practices: NDArray[np.int64], employees: NDArray[np.int64]) -> list[int]:
    """Positions in a list whose common names come first."""
    weights = [1_000_000 // (rank + _EVENING_OUT) for rank in range(count)]
    drawn: list[int] = chance.choice(weights, seed, purpose, practices, employees).tolist()
    return drawn


@cache
def _names(file: str) -> tuple[str, ...]:
    return tuple(lines_of(file))


@cache
def _for_address(name: str) -> str:
    """`in 't Veld` as intveld, `Zoë` as zoe."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name).lower() if "a" <= letter <= "z")
