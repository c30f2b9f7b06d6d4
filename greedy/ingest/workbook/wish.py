"""A row of the sheet with wishes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from greedy.formats.planning import RequestEntry
from greedy.formats.tables import LONGEST_ROSTER_DAYS, Dagdeel, Row
from greedy.model.message import Message


class WishRow(Row):
    """An employee asks to work, or to be off, on a day or on all days of a period."""

    employee: str
    first_date: dt.date
    last_date: dt.date | None = None
    wants: Literal["work", "off"]
    service: str | None = None
    daypart: Dagdeel | None = None
    priority: Annotated[int, Field(ge=0, le=10)] | None = None
    weight: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> WishRow:
        last = self.last_date or self.first_date
        if last < self.first_date:
            raise ValueError(Message("the last day {last} lies before the first, {first}", last=last, first=self.first_date))
        if (last - self.first_date).days >= LONGEST_ROSTER_DAYS:
            raise ValueError(
                Message(
                    "the wish is for {days} days, at most {most}",
                    days=(last - self.first_date).days + 1,
                    most=LONGEST_ROSTER_DAYS,
                )
            )
        return self

    def request(self) -> RequestEntry:
        """The wish as an entry of a planning file."""
        days = ((self.last_date or self.first_date) - self.first_date).days + 1
        entry = {
            "employee": self.employee,
            "dates": [self.first_date + dt.timedelta(days=day) for day in range(days)],
            "wants": self.wants,
            "service": self.service,
            "daypart": self.daypart,
            "priority": self.priority,
            "weight": self.weight,
        }
        return RequestEntry.model_validate({key: value for key, value in entry.items() if value is not None})
