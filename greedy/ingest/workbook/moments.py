"""Dates and times as people write them. What can be read in two ways is not read at all."""

from __future__ import annotations

import datetime as dt
import re

from greedy.model.message import Message

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february feb",
            "maart march mrt mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "augustus august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
DAY_FIRST = re.compile(r"(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4}|\d{2})", re.ASCII)
NAMED_MONTH = re.compile(r"(\d{1,2})[ .-]{1,2}([a-z]+)[ .-]{1,2}(\d{4}|\d{2})", re.ASCII)
HOURS = re.compile(r"(\d{1,2})(?:[:.u](\d{2})(?::(\d{2}))?(?:uur)?|u(?:ur)?)|(\d{2})(\d{2})", re.ASCII)
PRECISE = re.compile(r"([01]\d|2[0-3])(:[0-5]\d){2}\.\d{6}", re.ASCII)
WRITE_DATE = Message("write it as 24-11-2025")
WRITE_TIME = Message("write it as 09:00")
NOON = re.compile(r"(.+?)[ T]+(\d.*)")


class UnclearError(ValueError):
    """Text that is no date or time, or could be two. Its message says which."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def date_from_text(text: str) -> dt.date:
    """`2025-11-24`, `24-11-2025`, `24/11/2025`, `24.11.2025`, `24 nov 2025`, `24 november 2025`: the day first, or the year.

    Raises
    ------
    UnclearError
        It is none of these, there is no such day, or its year has two digits.
    """
    folded = " ".join(text.split()).lower()
    if match := YEAR_FIRST.fullmatch(folded):
        year, month, day = match.groups()
    elif match := DAY_FIRST.fullmatch(folded):
        day, month, year = match.groups()
        if int(month) > 12 >= int(day):
            raise UnclearError(Message("{value} has its month first; {how}, the day first", value=repr(text), how=WRITE_DATE))
    elif (match := NAMED_MONTH.fullmatch(folded)) and match[2] in MONTHS:
        day, month, year = match[1], str(MONTHS[match[2]]), match[3]
    else:
        raise UnclearError(Message("{value} is not a date; {how}", value=repr(text), how=WRITE_DATE))
    if len(year) == 2:
        raise UnclearError(Message("{value} has a year of two digits; {how}", value=repr(text), how=WRITE_DATE))
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        raise UnclearError(Message("there is no day {value}", value=repr(text))) from None


def time_from_text(text: str) -> dt.time:
    """`9:00`, `09:00`, `09:00:00`, `9.00`, `9u30`, `9u`, `0900`.

    Raises
    ------
    UnclearError
        It is none of these, or there is no such time.
    """
    match = HOURS.fullmatch("".join(text.split()).lower())
    if match is None and PRECISE.fullmatch(text):
        return dt.time.fromisoformat(text)
    if match is None:
        raise UnclearError(Message("{value} is not a time; {how}", value=repr(text), how=WRITE_TIME))
    hour, minute, second, joined_hour, joined_minute = match.groups()
    try:
        return dt.time(int(hour or joined_hour), int(minute or joined_minute or 0), int(second or 0))
    except ValueError:
        if text.startswith("24"):
            raise UnclearError(Message("there is no time {value}; write midnight as 00:00", value=repr(text))) from None
        raise UnclearError(Message("there is no time {value}", value=repr(text))) from None


def moment_from_text(text: str) -> dt.datetime:
    """A date and a time, apart by a space or a T; with an offset from UTC where ISO 8601 has one.

    Raises
    ------
    UnclearError
        One of them is not clear.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        match = NOON.fullmatch(text)
        # A date with the name of its month has spaces too: the time is what stands last.
        day, _, time = text.rpartition(" ") if match is None or " " in match[2] else (match[1], "", match[2])
        if not day:
            raise UnclearError(Message("{value} is not a date and time; write it as 24-11-2025 09:00", value=repr(text))) from None
        return dt.datetime.combine(date_from_text(day), time_from_text(time))


def time_from_fraction(fraction: float) -> dt.time | None:
    """A part of a day (0.375 is 9:00), to the second; None when it is none."""
    seconds = round(fraction * 86400)
    if not 0 <= fraction < 1 or seconds >= 86400 or abs(fraction * 86400 - seconds) > 0.01:
        return None
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60)
