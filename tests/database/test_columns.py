"""Column names that are nearly right: one column is meant, or the message helps."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.database.columns import match_column
from greedy.database.errors import ColumnMatchError
from tests.timing import cpu_seconds_below

EMPLOYEES = ("id", "user_id", "employees", "StartDate", "e-mail", "diensten", "week", "status", "address", "categories")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("user_id", "user_id"),
        ("USER_ID", "user_id"),
        ("userId", "user_id"),
        ("UserID", "user_id"),
        ("user-id", "user_id"),
        ("User Id", "user_id"),
        ("user_ids", "user_id"),
        ("employee", "employees"),
        ("start_date", "StartDate"),
        ("startDates", "StartDate"),
        ("e_mail", "e-mail"),
        ("dienst", "diensten"),
        ("weken", "week"),
        ("statuses", "status"),
        ("addresses", "address"),
        ("category", "categories"),
    ],
)
def test_a_name_in_another_style_or_number_is_found(wanted: str, meant: str) -> None:
    assert match_column(wanted, EMPLOYEES, table="employees") == meant


def test_a_miss_names_the_table_its_columns_and_the_nearest() -> None:
    with pytest.raises(ColumnMatchError, match=r"^table employees has no column userid. Did you mean: user_id\?") as caught:
        match_column("userid", EMPLOYEES, table="employees")
    assert (caught.value.wanted, caught.value.table, caught.value.columns) == ("userid", "employees", EMPLOYEES)
    assert caught.value.nearest[0] == "user_id"
    assert "diensten" in str(caught.value.details)


def test_a_slip_is_told_and_not_taken_for_a_plural() -> None:
    with pytest.raises(ColumnMatchError, match=r"no column vornaam. Did you mean: voornaam\?"):
        match_column("vornaam", ("id", "voornaam"), table="employees")


def test_a_miss_without_anything_near_names_the_columns() -> None:
    with pytest.raises(ColumnMatchError, match="it has id, user_id"):
        match_column("zzzzzz", EMPLOYEES, table="employees")


@pytest.mark.parametrize(
    ("wanted", "columns", "meant"),
    [
        ("name", ("Name", "name"), "name"),
        ("userId", ("userid", "user_id"), "userid"),  # but for case the same goes before the same words
        ("user_id", ("user_ids", "UserId"), "UserId"),
        ("week", ("weken", "weeks"), "weeks"),
    ],
)
def test_the_closer_kind_of_likeness_goes_first(wanted: str, columns: tuple[str, ...], meant: str) -> None:
    assert match_column(wanted, columns, table="t") == meant


@pytest.mark.parametrize(
    ("wanted", "columns"), [("NAME", ("Name", "name")), ("user id", ("user_id", "userId")), ("weeks", ("Week", "WEEK"))]
)
def test_several_that_fit_alike_are_ambiguous(wanted: str, columns: tuple[str, ...]) -> None:
    with pytest.raises(ColumnMatchError, match="ambiguous") as caught:
        match_column(wanted, columns, table="t")
    assert set(caught.value.nearest) == set(columns)


@pytest.mark.parametrize("wanted", ["", " ", "--", "\0", '"; drop table t; --', "\ud800", "x" * 100_000, None, 5, ["id"]])
def test_what_is_no_name_is_refused_in_no_time(wanted: str) -> None:
    with cpu_seconds_below(1), pytest.raises(ColumnMatchError):  # 3 ms
        match_column(wanted, EMPLOYEES, table="employees")


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True), st.text(max_size=20))
def test_every_column_is_found_by_its_own_name_and_nothing_else_is_made_up(columns: list[str], wanted: str) -> None:
    for column in columns:
        assert match_column(column, columns, table="t") == column
    with suppress(ColumnMatchError):
        assert match_column(wanted, columns, table="t") in columns
