"""Who is absent or must rest, and when: a paragraph an employee."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from greedy.model.message import Message
from greedy.report.model import BlockedLine, Report, UnavailableLine
from greedy.report.text.lines import UNBROKEN
from greedy.wording import Words


def away_lines(title: str, slots: Sequence[BlockedLine | UnavailableLine], report: Report, words: Words) -> Iterator[str]:
    """`Anna Mulder, 7: every Tue A, Fri 5 Dec OM`; nothing when there are no slots."""
    if not slots:
        return
    places: dict[tuple[str, str], dict[dt.date, str]] = defaultdict(dict)
    for slot in slots:
        when = places[slot.employee_id, slot.name]
        when[slot.date] = when.get(slot.date, "") + slot.dagdeel
    days = [report.start_date + dt.timedelta(number) for number in range(report.metadata.days)]
    yield ""
    yield title
    for (_, name), dates in places.items():
        weekly = _weekly(dates, days)
        every = [
            words.say(Message("every {weekday} {dagdelen}", weekday=words.weekday(day), dagdelen=weekly[day.weekday()]))
            for day in days[:7]
            if weekly[day.weekday()]
        ]
        single = {date: "".join(one for one in dagdelen if one not in weekly[date.weekday()]) for date, dagdelen in sorted(dates.items())}
        all_days = (*every, *(f"{words.short_day(date)} {dagdelen}" for date, dagdelen in single.items() if dagdelen))
        said = ", ".join(one.replace(" ", UNBROKEN) for one in all_days)
        yield f"  {name}, {sum(map(len, dates.values()))}: {said}"


def _weekly(dates: Mapping[dt.date, str], days: Sequence[dt.date]) -> list[str]:
    """Day of the week, Monday the first -> the dagdelen that stand on each such day of the roster, where it has several."""
    alike = [[day for day in days if day.weekday() == weekday] for weekday in range(7)]
    return [
        "".join(dagdeel for dagdeel in dates.get(some[0], "") if all(dagdeel in dates.get(day, "") for day in some))
        if len(some) > 1
        else ""
        for some in alike
    ]
