"""Absences as other systems know them -> our table of absences -> UNAVAILABLE slots."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from greedy.errors import InputError
from greedy.ingest.practice.employee_names import Unmatched, employees_meant
from greedy.ingest.records.transforms import BronzeRecord, Outcome, Transformed
from greedy.ingest.sources.base import FaultyRecord
from greedy.ingest.sources.calendar import AbsentRange, occurrences

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection
    from greedy.database.executor import Executor

DAGDELEN = ("O", "M", "A")
LONGEST_REASON = 2000
TOLD_SLOTS = 50  # of each kind, in the summary
AHEAD_DAYS = 366  # beyond today; and to the end of the last roster, when that is later
PAUSES_SECONDS = (0.1, 0.3, 1.0, 3.0)  # before each further attempt at rosters that somebody is changing
MOST_YEARS = 4  # before and after this one, whatever the rosters say

STANDING = """
select source_system, external_id, employee_id, first_date, first_dagdeel, last_date, last_dagdeel, reason
from absences join unnest($1::text[], $2::text[]) as asked(source_system, external_id) using (source_system, external_id)
order by source_system, external_id, number
"""
DELETE = """
delete from absences using unnest($1::text[], $2::text[]) as changed(source_system, external_id)
where (absences.source_system, absences.external_id) = (changed.source_system, changed.external_id)
"""
INSERT = """
insert into absences (source_system, external_id, number, employee_id, first_date, first_dagdeel, last_date, last_dagdeel, reason)
select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::date[], $6::text[], $7::date[], $8::text[], $9::text[])
"""
LAST_WINDOW = """
select metadata ->> 'window' from meta.ingestion_runs
where practice = $1 and step = 'transform' and entity_type = $2 and status = 'completed'
order by started_at desc limit 1
"""

ANY_KNOWN = """
select exists (select from absences) or exists (select from bronze.raw_entities where practice = $1 and entity_type = $2)
"""

Range = tuple[str, dt.date, str, dt.date, str, str | None]  # employee, first date and dagdeel, last date and dagdeel, reason
RecordId = tuple[str, str]  # source system, external id


@dataclass(frozen=True)
class Window:
    """The days for which absences that recur are written out. Whole years, so that it is another one seldom."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


async def window_of(executor: Executor, today: dt.date) -> Window:
    """From the first roster that may still change to a year from `today`, or to the end of the last roster."""
    rosters = await executor.execute("select start_date, end_date from rosters where status <> 'final'", fetch_all=True)
    first = min([today, *(row["start_date"] for row in rosters)]).year
    last = max([today + dt.timedelta(days=AHEAD_DAYS), *(row["end_date"] for row in rosters)]).year
    return Window(dt.date(max(first, today.year - MOST_YEARS), 1, 1), dt.date(min(last, today.year + MOST_YEARS), 12, 31))


async def is_another_window(executor: Executor, window: Window) -> bool:
    """Whether the last completed transform wrote absences out for other days, so that all of them have to be done again."""
    last = await executor.execute(LAST_WINDOW, [executor.schema, TransformAbsences.entity_type], fetch_val=True)
    return last is not None and last != str(window)


class TransformAbsences:
    """Brings absences into our table, as ranges of slots, and from there into the rosters.

    A record whose employee is not known, or may be any of several, is faulty and is tried again by the next run. What a source does not
    know any more is removed.

    Parameters
    ----------
    zone
        Of the practice: in which its dagdelen begin and end.
    window
        Days for which absences that recur are written out.
    """

    entity_type = "absences"

    def __init__(self, zone: ZoneInfo, window: Window) -> None:
        self.zone = zone
        self.window = window

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> dict[str, Transformed]:
        """Bring one batch into the table: by key what became of it."""
        records = {key: of_key[0] for key, of_key in entities.items()}  # the key names system and record
        texts = {str(record.raw_data.get("employee") or "") for record in records.values() if not record.gone}
        meant = await employees_meant(connection, texts)
        ids = [(record.source_system, record.external_id) for record in records.values()]
        standing: dict[RecordId, list[Range]] = {}
        for row in await connection.execute(STANDING, _columns(ids, 2), fetch_all=True):
            standing.setdefault((row[0], row[1]), []).append(tuple(row)[2:])
        done: dict[str, Transformed] = {}
        changed: dict[RecordId, list[Range]] = {}
        for key, record in records.items():
            wanted = self._ranges(record, meant)
            if isinstance(wanted, FaultyRecord):
                done[key] = Transformed(wanted, None)
                continue
            record_id = (record.source_system, record.external_id)
            stands = standing.get(record_id, [])
            if wanted != stands:
                changed[record_id] = wanted
            outcome = Outcome.UNCHANGED if wanted == stands else Outcome.UPDATED if stands else Outcome.CREATED
            done[key] = Transformed(outcome, None)
        await _replace(connection, changed)
        return done

    async def finish(self, connection: DBConnection) -> dict[str, Any]:
        """Bring all absences into the rosters; what that came to, see `apply_absences_v1`.

        Where no source has told of any absence yet, slots that were imported as absent stay so.
        """
        if not await connection.execute(ANY_KNOWN, [connection.schema, self.entity_type], fetch_val=True):
            return {"window": str(self.window)}
        applied = await _applied(connection)
        for pause in PAUSES_SECONDS:  # for whoever is changing a roster at this moment: mostly it is one slot, and done at once
            if not applied["busy"]:
                break
            await asyncio.sleep(pause)
            before, applied = applied, await _applied(connection)
            for name in ("unavailable", "opened", "gave_way"):
                applied[name] = before[name] + applied[name]
        told: dict[str, Any] = {"window": str(self.window)}
        told |= {name: applied[name] for name in ("rosters", "unavailable", "opened")}
        told["rosters_that_somebody_is_changing"] = applied["busy"]
        for name in ("gave_way", "conflicts"):
            told[name] = len(applied[name])
            told[f"{name}_where"] = [_told(slot) for slot in applied[name][:TOLD_SLOTS]]
        return {name: value for name, value in told.items() if value != []}

    def _ranges(self, record: BronzeRecord, meant: Mapping[str, str | Unmatched]) -> list[Range] | FaultyRecord:
        """What the table should hold of a record, in order."""
        if record.gone:
            return []
        place = f"absence {record.external_id} of {record.source_system}"
        employee = meant[str(record.raw_data.get("employee") or "")]
        if isinstance(employee, Unmatched):
            return FaultyRecord(place, employee.why, record.entity_key)
        reason = record.raw_data.get("reason")
        reason = str(reason)[:LONGEST_REASON] if reason else None
        try:
            found = self._absent(record.raw_data)
        except (InputError, ValueError) as exc:
            return FaultyRecord(place, str(exc), record.entity_key)
        return sorted((employee, one.first_date, one.first_dagdeel, one.last_date, one.last_dagdeel, reason) for one in found)

    def _absent(self, data: Mapping[str, Any]) -> list[AbsentRange]:
        if "calendar" in data:
            return occurrences(str(data["calendar"]), self.window.first, self.window.last, self.zone)
        first, last = _day(data, "first_date"), _day(data, "last_date")
        if last < first:
            raise ValueError(f"the last day {last} lies before the first, {first}")
        given = data.get("dagdelen") or DAGDELEN
        if not isinstance(given, Sequence) or not set(map(str, given)) <= set(DAGDELEN):
            raise ValueError(f"dagdelen is {str(given)[:80]!r}, and not a list of O, M and A")
        dagdelen = [dagdeel for dagdeel in DAGDELEN if dagdeel in given]
        if len(dagdelen) == len(DAGDELEN):
            return [AbsentRange(first, DAGDELEN[0], last, DAGDELEN[-1])]
        begin, end = max(first, self.window.first), min(last, self.window.last)
        days = [begin + dt.timedelta(days=number) for number in range((end - begin).days + 1)]
        return [AbsentRange(day, dagdeel, day, dagdeel) for day in days for dagdeel in dagdelen]


def _day(data: Mapping[str, Any], field: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(data.get(field)))
    except ValueError:
        raise ValueError(f"{field} is {str(data.get(field))[:80]!r}, and no date as 2026-01-31") from None


def _told(slot: Mapping[str, str]) -> str:
    """`EMP003 2025-12-08 O OSP (pinned)`"""
    where = " ".join(slot[part] for part in ("employee_id", "date", "dagdeel", "service_code"))
    return f"{where} ({slot['why']})" if "why" in slot else where


async def _applied(connection: DBConnection) -> dict[str, Any]:
    return dict(json.loads(await connection.execute("select apply_absences_v1()", fetch_val=True)))


async def _replace(connection: DBConnection, changed: Mapping[RecordId, Sequence[Range]]) -> None:
    if not changed:
        return
    await connection.execute(DELETE, _columns(list(changed), 2))
    rows = [(*record_id, number, *one) for record_id, ranges in changed.items() for number, one in enumerate(ranges)]
    await connection.execute(INSERT, _columns(rows, 9))


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
