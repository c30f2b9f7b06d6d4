"""A roster that is quick to write and to read."""

from __future__ import annotations

import datetime as dt

from greedy.formats.tables import PracticeTables


def first_days(tables: PracticeTables, days: int) -> PracticeTables:
    """The first days of a roster, with all its staff and services."""
    last = tables.roster.start_date + dt.timedelta(days=days - 1)
    return tables.model_copy(
        update={
            "rosters": [tables.roster.model_copy(update={"end_date": last})],
            "roster_period_staffing_dagdelen": [row for row in tables.roster_period_staffing_dagdelen if row.date <= last],
            "roster_assignments": [row for row in tables.roster_assignments if row.date <= last],
        }
    )
