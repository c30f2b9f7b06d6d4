"""What fields are called by us."""

from __future__ import annotations

import pytest

from greedy.errors import InputError
from greedy.ingest.sources.columns import MOST_FIELDS, Names, parse_mapping

FIELDS = {"id": ("Nummer", "Number", "employee id"), "first_date": ("Van", "From"), "service": ("Diensten",), "start": ("Begin",)}


def names(**mapping: str) -> Names:
    return Names(FIELDS, mapping=mapping)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("id", "id"),
        ("Nummer", "id"),
        ("NUMMER", "id"),
        ("employee_id", "id"),
        ("EmployeeId", "id"),
        ("Numbers", "id"),
        ("dienst", "service"),
        ("Van", "first_date"),
        ("Afdeling", "Afdeling"),
        ("x" * 500, "x" * 500),
    ],
)
def test_fields_are_found_however_they_are_written(theirs: str, ours: str) -> None:
    assert names().of_header([theirs], "f.csv") == [ours]


def test_what_is_told_goes_before_what_is_found() -> None:
    assert names(Persnr="id").of_header(["Persnr", "Nummer"], "f.csv") == ["id", "Nummer"]
    assert names(Nummer="").of_header(["Nummer", "employee id"], "f.csv") == ["Nummer", "id"]
    assert names(Nummer="start").of_header(["Nummer", "id"], "f.csv") == ["start", "id"]


def test_two_columns_that_may_be_one_field_are_asked_about() -> None:
    with pytest.raises(InputError, match=r"f\.csv: Nummer and employee id may each be id") as caught:
        names().of_header(["Nummer", "Van", "employee id"], "f.csv")
    assert caught.value.next_step
    assert "'Nummer=id; employee id='" in caught.value.next_step


def test_a_column_that_may_be_two_fields_is_asked_about() -> None:
    with pytest.raises(InputError, match="FROM may be begin or first_date"):
        Names({"begin": ("from",), "first_date": ("From",)}).of_header(["FROM"], "f.csv")


def test_faults_of_what_is_told() -> None:
    with pytest.raises(InputError, match="there is no field number"):
        names(Nummer="number")
    with pytest.raises(InputError, match=r"f\.csv has no column Persnr"):
        names(Persnr="id").of_header(["Nummer"], "f.csv")
    assert names(Persnr="id").of_object(["Van"], "f.json") == ["first_date"], "an object need not have all fields"


def test_a_required_field() -> None:
    with pytest.raises(InputError, match=r"no column for id \(Nummer, Number, employee id\); its columns are Van"):
        Names(FIELDS, required=("id",)).of_header(["Van"], "f.csv")


def test_fields_without_end() -> None:
    found = names()
    with pytest.raises(InputError, match="more than 500 different fields"):
        for number in range(MOST_FIELDS + 1):
            found.of_object([f"field {number}"], "f.json")


def test_mapping_as_it_is_told() -> None:
    assert parse_mapping("") == {}
    assert parse_mapping("Persnr=id; Achternaam 2 = ;a=b=start;") == {"Persnr": "id", "Achternaam 2": "", "a=b": "start"}
    for malformed in ("Persnr", "=id", "a=id; a=start"):
        with pytest.raises(InputError, match="columns: "):
            parse_mapping(malformed)
