"""Cells as values of their columns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.ingest.workbook.layout import DAGDELEN, EMPLOYEE_TEAMS, SLOT_STATUSES, Column, Kind, Language
from greedy.ingest.workbook.moments import UnclearError, date_from_text, time_from_fraction, time_from_text
from greedy.ingest.workbook.sheet_scan import Broken
from greedy.ingest.workbook.values import CellReader, clean

DAY = dt.date(2025, 11, 24)
MIDNIGHT = dt.datetime.combine(DAY, dt.time())
HALF_PAST_NINE = dt.datetime.combine(DAY, dt.time(9, 30))
SOME_ID = "8e91579a-21c3-439e-90c1-91728c541241"


def read(kind: Kind, cell: object, choices: tuple = (), language: Language = Language.NL) -> object:
    return CellReader(Column("field", ("Label",), kind, choices=choices), language).read(cell)


def fault(kind: Kind, cell: object, choices: tuple = (), language: Language = Language.NL) -> str:
    value = read(kind, cell, choices, language)
    assert isinstance(value, Broken), f"{cell!r} was read as {value!r}"
    return value.message


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-24", "2025/11/24", "24-11-2025", "24/11/2025", "24.11.2025", "24 nov 2025", "24 november 2025", "24-nov-2025",
        "24 NOV. 2025", " 24-11-2025\xa0", "24 - 11 - 2025",
    ],
)  # fmt: skip
def test_dates_as_text(text: str) -> None:
    assert read(Kind.DATE, text) == DAY


@pytest.mark.parametrize(
    ("text", "month"), [("1 mei 2025", 5), ("1 may 2025", 5), ("1 mrt 2025", 3), ("1 oct 2025", 10), ("1 okt 2025", 10)]
)
def test_months_by_name(text: str, month: int) -> None:
    assert read(Kind.DATE, text) == dt.date(2025, month, 1)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("11/24/2025", "has its month first"),
        ("24-11-25", "has a year of two digits"),
        ("24 nov 25", "has a year of two digits"),
        ("31-11-2025", "there is no day"),
        ("00-00-2025", "there is no day"),
        ("29-02-2025", "there is no day"),
        ("nov 2025", "is not a date"),
        ("24 brumaire 2025", "is not a date"),
        ("maandag", "is not a date"),
        (45985.0, "45985 is a number, not a date"),
        (HALF_PAST_NINE, "24-11-2025 09:30 has a time of day"),
        (dt.time(9), "09:00 is not a date"),
        (dt.date(1900, 2, 28), "shown as a date before 1 March 1900"),
        (True, "is a number, not a date"),
    ],
)
def test_what_is_no_certain_date(cell: object, why: str) -> None:
    assert why in fault(Kind.DATE, cell)


def test_dates_as_excel_keeps_them() -> None:
    assert read(Kind.DATE, DAY) == read(Kind.DATE, MIDNIGHT) == DAY


@settings(max_examples=40)
@given(st.dates(dt.date(1000, 1, 1)))
def test_every_date_is_read_as_it_is_written(day: dt.date) -> None:
    assert (
        date_from_text(day.isoformat())
        == date_from_text(f"{day:%d-%m-}{day.year:04d}")
        == date_from_text(f"{day.day}/{day.month}/{day.year}")
        == day
    )


@settings(max_examples=40)
@given(st.text(max_size=12))
def test_no_text_upsets_the_reading_of_dates_and_times(text: str) -> None:
    for kind in (Kind.DATE, Kind.TIME, Kind.MOMENT, Kind.WHOLE, Kind.DECIMAL, Kind.YES_NO, Kind.DAGDELEN, Kind.ID, Kind.TEXT):
        read(kind, text)


@pytest.mark.parametrize(
    "cell", ["9:00", "09:00", "09:00:00", "9.00", "9u00", "9u", "9 uur", "9:00 uur", "0900", dt.time(9), 0.375, dt.timedelta(hours=9)]
)
def test_times(cell: object) -> None:
    assert read(Kind.TIME, cell) == dt.time(9)


@pytest.mark.parametrize("cell", ["25:00", "9:60", "24:00", "9", "900", "9:0", 9.0, 930.0, 1.0, -0.1, "negen", dt.timedelta(hours=24), DAY])
def test_what_is_no_certain_time(cell: object) -> None:
    fault(Kind.TIME, cell)


def test_midnight_is_told_how_to_be_written() -> None:
    assert "write midnight as 00:00" in fault(Kind.TIME, "24:00")


@settings(max_examples=40)
@given(st.times().map(lambda time: time.replace(second=0, microsecond=0)))
def test_every_time_is_read_as_it_is_written(time: dt.time) -> None:
    assert time_from_text(f"{time:%H:%M}") == time_from_text(f"{time:%Hu%M}") == time_from_text(f"{time:%H%M}") == time
    assert time_from_fraction((time.hour * 60 + time.minute) / 1440) == time


def test_a_time_of_microseconds_as_an_export_writes_it() -> None:
    time = dt.time(9, 0, 0, 123456)
    assert time_from_text(time.isoformat()) == time
    with pytest.raises(UnclearError):
        time_from_text("29:00:00.123456")


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        (HALF_PAST_NINE, HALF_PAST_NINE),
        (DAY, MIDNIGHT),
        ("2025-11-24T09:30:00", HALF_PAST_NINE),
        ("2025-11-24 09:30", HALF_PAST_NINE),
        ("24-11-2025 9u30", HALF_PAST_NINE),
        ("24 nov 2025 9:30", HALF_PAST_NINE),
        ("2025-11-24T09:30:00+00:00", HALF_PAST_NINE.replace(tzinfo=dt.UTC)),
    ],
)
def test_moments(cell: object, moment: dt.datetime) -> None:
    assert read(Kind.MOMENT, cell) == moment


@pytest.mark.parametrize("cell", ["24-11-2025", "9:30", "11/24/2025 9:30", 5.0, dt.time(9), dt.date(1900, 1, 1)])
def test_what_is_no_certain_moment(cell: object) -> None:
    fault(Kind.MOMENT, cell)


@pytest.mark.parametrize("cell", [18.0, 18, "18", " 18 ", "18,0", "18.0", "18.00", "+18"])
def test_whole_numbers(cell: object) -> None:
    value = read(Kind.WHOLE, cell)
    assert value == 18
    assert type(value) is int


@pytest.mark.parametrize(
    "cell", [18.5, "18,5", "1.000", "1,000", "achttien", True, DAY, dt.time(1), float("inf"), float("nan"), 1e20, "1 8", "१८"]
)
def test_what_is_no_certain_whole_number(cell: object) -> None:
    fault(Kind.WHOLE, cell)


def test_numbers_with_a_fraction() -> None:
    assert read(Kind.DECIMAL, 0.1) == Decimal("0.1")
    assert read(Kind.DECIMAL, "18,5") == read(Kind.DECIMAL, "18.5") == Decimal("18.5")
    assert read(Kind.DECIMAL, 18.0) == Decimal(18)
    assert read(Kind.DECIMAL, "0.125") == Decimal("0.125")
    for cell in ("1.250", "1,250", True, "x", float("nan"), DAY):
        fault(Kind.DECIMAL, cell)


@pytest.mark.parametrize("cell", ["ja", "JA", "Yes", "waar", "TRUE", "x", "X", "j", 1.0, True, "1", " ja\xa0"])
def test_yes(cell: object) -> None:
    assert read(Kind.YES_NO, cell) is True


@pytest.mark.parametrize("cell", ["nee", "No", "onwaar", "FALSE", "n", 0.0, False, "0"])
def test_no(cell: object) -> None:
    assert read(Kind.YES_NO, cell) is False


def test_neither_yes_nor_no() -> None:
    assert fault(Kind.YES_NO, "misschien") == "'misschien' is neither ja nor nee"
    assert fault(Kind.YES_NO, 2.0, language=Language.EN) == "2 is neither yes nor no"


def test_text() -> None:
    assert read(Kind.TEXT, "  Anna\xa0Mulder \u200b") == "Anna Mulder"
    assert read(Kind.TEXT, "een\r\ntwee") == "een\ntwee"
    assert read(Kind.TEXT, 7.0) == "7"
    assert read(Kind.TEXT, 7.5) == "7.5"
    assert read(Kind.TEXT, "00123") == "00123"
    for blank in ("", "   ", "\xa0", "\u200b\ufeff"):
        assert read(Kind.TEXT, blank) is None


def test_text_that_excel_made_something_else_of() -> None:
    assert fault(Kind.TEXT, DAY).startswith("is 24-11-2025: Excel made a date or time of it")
    assert fault(Kind.TEXT, True).startswith("is WAAR/TRUE, not text")
    assert "keeps the first 15 digits only" in fault(Kind.TEXT, 1234567890123456789.0)
    fault(Kind.TEXT, float("nan"))
    fault(Kind.TEXT, "a\0b")


def test_a_value_of_a_list() -> None:
    for cell in ("Groen", " groen ", "GREEN"):
        assert read(Kind.CHOICE, cell, EMPLOYEE_TEAMS) == "Groen"
    assert fault(Kind.CHOICE, "Grön", EMPLOYEE_TEAMS) == "'Grön' is none of Groen, Oranje, Overig"
    for cell in (1.0, "1", "gepland", "Planned"):
        assert read(Kind.CHOICE, cell, SLOT_STATUSES) == 1
    assert fault(Kind.CHOICE, "vrij", SLOT_STATUSES, Language.EN) == "'vrij' is none of open, planned, blocked, unavailable"
    assert read(Kind.CHOICE, "middag", DAGDELEN) == "M"


@pytest.mark.parametrize("cell", ["O M", "o,m", "OM", "O;M", "ochtend en middag".replace(" en ", " "), "O + M", "O M O"])
def test_dagdelen(cell: str) -> None:
    assert read(Kind.DAGDELEN, cell) == ["O", "M"]


def test_no_dagdelen_and_none_that_are_known() -> None:
    assert read(Kind.DAGDELEN, "-") == []
    assert read(Kind.DAGDELEN, "") is None
    assert read(Kind.DAGDELEN, "A O") == ["A", "O"]
    assert "write O, M, A or several" in fault(Kind.DAGDELEN, "hele dag")
    fault(Kind.DAGDELEN, 1.0)
    fault(Kind.DAGDELEN, ",")


def test_an_id() -> None:
    assert read(Kind.ID, f" {SOME_ID.upper()} ") == UUID(SOME_ID)
    assert "leave the cell empty for a new row" in fault(Kind.ID, "8e91")
    fault(Kind.ID, 5.0)


def test_one_and_true_are_not_taken_for_each_other() -> None:
    reader = CellReader(Column("field", ("Label",), Kind.WHOLE))
    assert reader.read(1.0) == 1
    assert isinstance(reader.read(True), Broken)
    assert reader.read(1.0) == 1


def test_a_broken_cell_keeps_its_message() -> None:
    assert fault(Kind.TEXT, Broken("holds the error #N/A")) == "holds the error #N/A"


def test_a_long_text_is_cut_in_a_message() -> None:
    assert len(fault(Kind.WHOLE, "x" * 5000)) < 120
    assert clean("x" * 5000) == "x" * 5000
