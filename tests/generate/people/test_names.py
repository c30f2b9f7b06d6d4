"""The lists that people and practices are named from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from greedy.formats.tables import EmployeeRow
from greedy.generate.people.data import lines_of, rows_of
from greedy.generate.people.names import People, people, places, practice_names, regions


@pytest.fixture(scope="module")
def named() -> People:
    numbers = np.arange(20_000)
    return people(5, numbers // 20, numbers % 20, [f"S5-{number:06d}" for number in numbers])


@pytest.mark.parametrize(("file", "least"), [("women.txt", 150), ("men.txt", 60), ("surnames.txt", 250), ("practice_names.txt", 30)])
def test_lists_are_long_enough_and_say_nothing_twice(file: str, least: int) -> None:
    lines = lines_of(file)
    assert len(lines) >= least
    assert [line for line, times in Counter(lines).items() if times > 1] == []
    assert [line for line in lines if not line or line != " ".join(line.split())] == []


def test_every_place_lies_in_a_region_and_every_region_has_places() -> None:
    assert {row["region"] for row in rows_of("places.csv")} == {region.name for region in regions()}
    assert len({place.name for place in places()}) == len(places())
    assert {region.school_holidays for region in regions()} == {"Noord", "Midden", "Zuid"}
    found = {place.name: regions()[place.region].school_holidays for place in places()}
    assert (found["Zwolle"], found["Utrecht"], found["Nijmegen"], found["Apeldoorn"]) == ("Noord", "Midden", "Zuid", "Midden")


def test_practices_have_names_of_their_trade() -> None:
    assert "Verloskundigenpraktijk De Ooievaar" in practice_names()


def test_people_are_rows_that_the_tables_take(named: People) -> None:
    for first, last, email in zip(*named, strict=True):
        row = EmployeeRow(id="S5-1", voornaam=first, achternaam=last, email=email, team="Groen")
        assert row.name == f"{first} {last}"


def test_addresses_are_plain_nobodys_and_of_one_person_each(named: People) -> None:
    assert len(set(named.emails)) == len(named.emails)
    assert [email for email in named.emails if not email.isascii() or " " in email or not email.endswith("@example.org")] == []
    by_name = dict(zip(zip(named.first_names, named.surnames, strict=True), named.emails, strict=True))
    assert any(email.startswith("zoe.") for (first, _), email in by_name.items() if first == "Zoë")
    assert any(".intveld." in email for (_, last), email in by_name.items() if last == "in 't Veld")


def test_most_are_women_and_common_names_are_common(named: People) -> None:
    women = set(lines_of("women.txt")) - set(lines_of("men.txt"))
    assert 0.93 < sum(name in women for name in named.first_names) / 20_000 < 0.97
    times = Counter(named.surnames)
    surnames = lines_of("surnames.txt")
    assert sum(times[name] for name in surnames[:20]) > 5 * sum(times[name] for name in surnames[-20:]) > 0
    assert set(times) == set(surnames)
