"""Absences of other systems become ranges of slots, and those become UNAVAILABLE slots."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.ingest.practice import absences
from greedy.ingest.practice.absences import TransformAbsences, Window, is_another_window, window_of
from greedy.ingest.practice.employee_names import Unmatched, employees_meant
from greedy.ingest.records.transforms import BronzeRecord, Outcome, Transformed
from greedy.ingest.sources.base import FaultyRecord
from greedy.store.postgres import PostgresStore

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WINDOW = Window(dt.date(2025, 1, 1), dt.date(2026, 12, 31))
TODAY = dt.date(2026, 1, 15)
LEAVE = {"employee": "EMP003", "reason": "leave", "first_date": "2025-12-08", "last_date": "2025-12-10", "dagdelen": None}
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//x//NL
BEGIN:VEVENT
UID:1
DTSTAMP:20250101T000000Z
DTSTART;TZID=Europe/Amsterdam:20251208T090000
DTEND;TZID=Europe/Amsterdam:20251208T130000
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


def record(external_id: str = "1", *, gone: bool = False, **fields: Any) -> BronzeRecord:
    return BronzeRecord("hr", external_id, f"hr:{external_id}", LEAVE | fields, change_no=1, gone=gone)


def of_calendar(text: str = EVENT, **fields: Any) -> BronzeRecord:
    data = {"employee": "anna@praktijk.example", "reason": None, "calendar": text.replace("\n", "\r\n")} | fields
    return BronzeRecord("ics", "1", "ics:1", data, change_no=1)


class Silver:
    """The table of absences, and a transform into it."""

    def __init__(self, db: DBConnector) -> None:
        self.db = db
        self.window = WINDOW

    async def write(self, *records: BronzeRecord) -> dict[str, Transformed]:
        async with self.db.transaction() as connection:
            entities = {one.entity_key: [one] for one in records}
            return await TransformAbsences(AMSTERDAM, self.window).write(connection, entities)

    async def outcome(self, one: BronzeRecord) -> Outcome | FaultyRecord:
        (done,) = (await self.write(one)).values()
        return done.outcome

    async def ranges(self) -> list[str]:
        rows = await self.db.execute("select * from absences order by source_system, external_id, number", fetch_all=True)
        return [f"{r['employee_id']} {r['first_date']} {r['first_dagdeel']} - {r['last_date']} {r['last_dagdeel']}" for r in rows]


@pytest.fixture
async def silver(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> Silver:
    await store.import_tables(sample)
    return Silver(db)


async def test_a_range_comes_changes_and_goes(silver: Silver) -> None:
    assert await silver.outcome(record()) is Outcome.CREATED
    assert await silver.ranges() == ["EMP003 2025-12-08 O - 2025-12-10 A"]
    version = "select array_agg(xmin::text) from absences"
    before = await silver.db.execute(version, fetch_val=True)
    assert await silver.outcome(record()) is Outcome.UNCHANGED
    assert await silver.db.execute(version, fetch_val=True) == before
    assert await silver.outcome(record(last_date="2025-12-09", reason=None)) is Outcome.UPDATED
    assert await silver.ranges() == ["EMP003 2025-12-08 O - 2025-12-09 A"]
    assert await silver.outcome(record(gone=True)) is Outcome.UPDATED
    assert await silver.ranges() == []
    assert await silver.outcome(record(gone=True)) is Outcome.UNCHANGED


async def test_parts_of_days(silver: Silver) -> None:
    await silver.write(
        record(dagdelen=["M", "O"], last_date="2025-12-08"), record("2", dagdelen=["A", "M", "O"]), record("3", dagdelen=["O"])
    )
    assert await silver.ranges() == [
        "EMP003 2025-12-08 M - 2025-12-08 M",
        "EMP003 2025-12-08 O - 2025-12-08 O",
        "EMP003 2025-12-08 O - 2025-12-10 A",
        *(f"EMP003 2025-12-{day} O - 2025-12-{day} O" for day in ("08", "09", "10")),
    ]


async def test_a_very_long_absence_of_parts_of_days_stays_within_the_window(silver: Silver) -> None:
    await silver.write(record(dagdelen=["O"], first_date="0001-01-01", last_date="9999-12-31"))
    assert len(await silver.ranges()) == 730
    await silver.write(record("2", first_date="0001-01-01", last_date="9999-12-31"))
    assert (await silver.ranges())[-1] == "EMP003 0001-01-01 O - 9999-12-31 A"


async def test_a_recurring_event_is_written_out_within_the_window(silver: Silver) -> None:
    silver.window = Window(dt.date(2025, 1, 1), dt.date(2025, 12, 31))
    assert await silver.outcome(of_calendar()) is Outcome.CREATED
    days = ["08", "15", "22", "29"]
    mornings = [f"EMP001 2025-12-{day} O - 2025-12-{day} M" for day in days]
    assert await silver.ranges() == mornings
    assert await silver.outcome(of_calendar()) is Outcome.UNCHANGED
    silver.window = Window(dt.date(2025, 1, 1), dt.date(2026, 12, 31))
    assert await silver.outcome(of_calendar()) is Outcome.UPDATED
    assert len(await silver.ranges()) == 4 + 52


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (record(employee="Nobody"), "no employee has the number, e-mail address or full name 'Nobody'"),
        (record(employee=""), "it names no employee"),
        (record(employee=None), "it names no employee"),
        (record(first_date="2025-13-08"), "first_date is '2025-13-08', and no date as 2026-01-31"),
        (record(first_date=None), "first_date is 'None', and no date as 2026-01-31"),
        (record(last_date="2025-12-07"), "the last day 2025-12-07 lies before the first, 2025-12-08"),
        (record(dagdelen=["X"]), "dagdelen is \"['X']\", and not a list of O, M and A"),
        (record(dagdelen=5), "dagdelen is '5', and not a list of O, M and A"),
        (of_calendar("BEGIN:VCALENDAR"), ""),
    ],
)
async def test_a_faulty_record_says_why_the_others_pass_and_what_is_known_stays(silver: Silver, one: BronzeRecord, why: str) -> None:
    known = BronzeRecord(one.source_system, one.external_id, one.entity_key, LEAVE, change_no=1)
    await silver.write(known)
    done = await silver.write(one, record("other"))
    fault = done[one.entity_key].outcome
    assert isinstance(fault, FaultyRecord)
    assert fault.message.startswith(why)
    assert (fault.place, fault.external_id) == (f"absence 1 of {one.source_system}", one.entity_key)
    assert done["hr:other"].outcome is Outcome.CREATED
    assert len(await silver.ranges()) == 2


async def test_an_employee_is_known_by_number_address_or_full_name(silver: Silver) -> None:
    await silver.db.execute(
        "insert into employees (id, voornaam, achternaam, email, team, actief) values "
        "('A1', 'Jo', 'Bos', 'jo@x.nl', 'Groen', true), ('A2', 'Jo', 'Bos', 'jb@x.nl', 'Groen', false), "
        "('A3', 'An', 'Vos', 'same@x.nl', 'Groen', true), ('A4', 'An', 'Vos', 'same@x.nl', 'Groen', true), "
        "('jo@x.nl', 'Ed', 'van  der Ree', null, 'Groen', true)"
    )
    asked = ["A2", " a1", "JO@X.NL", "jo@x.nl", "jo  bos", "Bos, Jo", "same@x.nl", "An Vos", "Ree", "VAN DER REE,  ed", "a' or true --"]
    found = await employees_meant(silver.db, asked)
    assert {text: one for text, one in found.items() if isinstance(one, str)} == {
        "A2": "A2",
        " a1": "A1",
        "JO@X.NL": "jo@x.nl",
        "jo@x.nl": "jo@x.nl",
        "jo  bos": "A1",
        "Bos, Jo": "A1",
        "VAN DER REE,  ed": "jo@x.nl",
    }
    assert found["An Vos"] == Unmatched("'An Vos' may be any of the employees A3, A4: give a number or an e-mail address")
    assert isinstance(found["same@x.nl"], Unmatched)


async def test_the_window_reaches_as_far_as_the_rosters_in_whole_years(silver: Silver) -> None:
    assert await window_of(silver.db, TODAY) == Window(dt.date(2025, 1, 1), dt.date(2027, 12, 31))
    await silver.db.execute("insert into rosters (start_date, end_date) values ('2028-12-20', '2029-01-05'), ('1999-01-01', '1999-02-01')")
    assert await window_of(silver.db, TODAY) == Window(dt.date(2022, 1, 1), dt.date(2029, 12, 31))
    await silver.db.execute("update rosters set status = 'final'")
    assert await window_of(silver.db, TODAY) == Window(dt.date(2026, 1, 1), dt.date(2027, 12, 31))


async def test_another_window_than_that_of_the_last_completed_run_is_noticed(silver: Silver) -> None:
    assert not await is_another_window(silver.db, WINDOW)
    run = "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type, started_at, completed_at, status, " \
          "error_message, metadata) values ($1, 'public', 'transform', '*', 'absences', now() - $2 * interval '1 s', now(), $3, 'x', $4)"  # fmt: skip
    await silver.db.execute(run, [uuid4(), 9, "completed", '{"window": "2025-01-01/2026-12-31"}'])
    await silver.db.execute(run, [uuid4(), 5, "failed", "{}"])
    assert not await is_another_window(silver.db, WINDOW)
    assert await is_another_window(silver.db, Window(dt.date(2025, 1, 1), dt.date(2027, 12, 31)))


async def test_finish_brings_absences_into_the_rosters(silver: Silver) -> None:
    await silver.write(record(employee="EMP005", first_date="2025-12-03", last_date="2025-12-04"))
    async with silver.db.transaction() as connection:
        done = await TransformAbsences(AMSTERDAM, WINDOW).finish(connection)
    marked = await silver.db.execute("select count(*) from roster_assignments where source = 'absence'", fetch_val=True)
    assert done == {
        "window": "2025-01-01/2026-12-31",
        "rosters": 1,
        "unavailable": marked,
        "opened": 0,
        "gave_way": 0,
        "conflicts": 1,
        "conflicts_where": ["EMP005 2025-12-04 M MSP (pinned)"],
    }
    assert marked > 0


async def test_who_is_changing_a_roster_for_a_moment_is_waited_for(silver: Silver, monkeypatch: pytest.MonkeyPatch) -> None:
    await silver.write(record(employee="EMP005", first_date="2025-12-03", last_date="2025-12-04"))
    roster_id = await silver.db.execute("select id::text from rosters", fetch_val=True)
    monkeypatch.setattr(absences, "PAUSES_SECONDS", ())
    async with silver.db.transaction() as planner, silver.db.transaction() as connection:
        await planner.execute("select from roster_assignments where employee_id = 'EMP007' for update")
        done = await TransformAbsences(AMSTERDAM, WINDOW).finish(connection)
        assert (done["unavailable"], done["rosters_that_somebody_is_changing"]) == (0, [roster_id])
    monkeypatch.setattr(absences, "PAUSES_SECONDS", (0.01,) * 1000)
    async with silver.db.transaction() as connection:
        async with silver.db.transaction() as planner:
            await planner.execute("select from roster_assignments where employee_id = 'EMP007' for update")
            finishing = asyncio.create_task(TransformAbsences(AMSTERDAM, WINDOW).finish(connection))
            await asyncio.sleep(0.2)
            assert not finishing.done()
        done = await finishing
    assert "rosters_that_somebody_is_changing" not in done
    assert (done["rosters"], done["unavailable"] > 0, done["conflicts"]) == (1, True, 1)


async def test_slots_that_were_imported_as_absent_stay_so_until_a_source_tells_of_absences(silver: Silver) -> None:
    await silver.db.execute("update roster_assignments set status = 3, source = 'absence' where employee_id = 'EMP003' and status = 0")
    absent = await silver.db.execute("select count(*) from roster_assignments where source = 'absence'", fetch_val=True)
    assert absent > 0
    async with silver.db.transaction() as connection:
        assert await TransformAbsences(AMSTERDAM, WINDOW).finish(connection) == {"window": str(WINDOW)}
        await silver.write(record(first_date="2025-12-08", last_date="2025-12-08"))
        assert (await TransformAbsences(AMSTERDAM, WINDOW).finish(connection))["opened"] == absent - 3
