"""Absences become UNAVAILABLE slots: what gives way, what stays, what comes back, and that the triggers and the model agree."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore

STATE = "select jsonb_agg(to_jsonb(a) || jsonb_build_object('version', a.xmin::text, 'locked', a.xmax::text) order by id)::text from roster_assignments a"
SLOT = "select status, source, s.code, blocked_by_date from roster_assignments as a left join service_types as s on s.id = a.service_id " \
       "where employee_id = $1 and date = $2 and a.dagdeel = $3"  # fmt: skip
WORK = """
insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, source, service_id)
select r.id, $1, $2, s.dagdeel, 1, $4, s.id from rosters as r cross join service_types as s where s.code = $3
on conflict (roster_id, employee_id, date, dagdeel) do update set status = 1, source = excluded.source, service_id = excluded.service_id
"""
# Nobody has a weekly absence on these days, and EMP003 has nothing at all.
WHO = "EMP003"
MONDAY = date(2025, 12, 8)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


class Practice:
    """The sample roster, and a word for each thing that is done to it."""

    def __init__(self, db: DBConnector) -> None:
        self.db = db

    async def absent(self, first: date, last: date, *, begins: str = "O", ends: str = "A", who: str = WHO, record: str = "1") -> None:
        await self.db.execute(
            "insert into absences values ('hr', $1, 0, $2, $3, $4, $5, $6, 'leave')", [record, who, first, begins, last, ends]
        )

    async def back(self) -> None:
        await self.db.execute("delete from absences")

    async def works(self, code: str, day: date, *, source: str = "greedy") -> None:
        await self.db.execute(WORK, [WHO, day, code, source])

    async def applied(self) -> dict[str, Any]:
        return json.loads(await self.db.execute("select apply_absences_v1()", fetch_val=True))

    async def slot(self, day: date, dagdeel: str) -> tuple[Any, ...]:
        """Status and source, or the service; of a blocked one the duty's date."""
        status, source, code, blocked_by = await self.db.execute(SLOT, [WHO, day, dagdeel], fetch_row=True) or (None, None, None, None)
        return (status, code or blocked_by or source)

    async def slots(self, *days: date) -> str:
        """The statuses of some days, O M A; a dash where there is no row."""
        shown = {(day, dagdeel): (await self.slot(day, dagdeel))[0] for day in days for dagdeel in "OMA"}
        return " ".join("".join("-" if shown[day, dagdeel] is None else str(shown[day, dagdeel]) for dagdeel in "OMA") for day in days)


@pytest.fixture
async def practice(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> Practice:
    await store.import_tables(sample)
    await db.execute("update employees set structureel_nbh = '{}'")
    await db.execute(
        "update roster_assignments set status = 0, source = null, service_id = null where employee_id = $1 or source = 'manual'", [WHO]
    )
    return Practice(db)


async def test_open_slots_become_unavailable_and_open_again(practice: Practice) -> None:
    await practice.absent(MONDAY, WEDNESDAY, begins="M", ends="O")
    first = await practice.applied()
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "033 333 300"
    assert await practice.slot(TUESDAY, "O") == (3, "absence")
    assert (first["rosters"], first["unavailable"], first["opened"], first["conflicts"], first["busy"]) == (1, 6, 0, [], [])
    before = await practice.db.execute(STATE, fetch_val=True)
    again = await practice.applied()
    assert (again["unavailable"], again["opened"]) == (0, 0)
    assert await practice.db.execute(STATE, fetch_val=True) == before
    await practice.back()
    assert (await practice.applied())["opened"] == 6
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "000 000 000"
    assert await practice.slot(TUESDAY, "O") == (0, None)


async def test_slots_without_a_row_and_days_outside_the_roster(practice: Practice) -> None:
    await practice.db.execute("delete from roster_assignments where employee_id = $1", [WHO])
    await practice.absent(date(2025, 12, 27), date(2026, 3, 1), begins="A")
    assert (await practice.applied())["unavailable"] == 4
    assert await practice.slots(date(2025, 12, 27), date(2025, 12, 28), date(2025, 12, 29)) == "--3 333 ---"


async def test_work_of_the_program_gives_way_with_the_other_half_of_its_pair(
    practice: Practice, store: PostgresStore, sample: PracticeTables
) -> None:
    await practice.works("DIO", MONDAY)
    await practice.works("DIA", MONDAY)
    await practice.works("OSP", WEDNESDAY)
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "121 220 100"
    await practice.absent(MONDAY, MONDAY, begins="A", ends="A")
    answer = await practice.applied()
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "003 000 100"
    assert [(slot["dagdeel"], slot["service_code"]) for slot in answer["gave_way"]] == [("O", "DIO"), ("A", "DIA")]
    (line, *_) = await store.changes.list(sample.roster.id)
    assert (line.kind, line.actor) == ("absences", "greedy")
    assert [(one.dagdeel, one.before.status, one.after.status) for one in line.slots] == [("O", 1, 0), ("A", 1, 3)]
    await practice.back()
    await practice.works("DDO", MONDAY)
    await practice.works("DDA", MONDAY)
    await practice.absent(MONDAY, WEDNESDAY, ends="O")
    await practice.applied()
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "333 333 300"


async def test_rest_under_an_absence_comes_back_with_it(practice: Practice) -> None:
    await practice.works("DIO", MONDAY, source="manual")
    await practice.absent(TUESDAY, TUESDAY)
    assert (await practice.applied())["conflicts"] == []
    assert await practice.slots(MONDAY, TUESDAY) == "120 333"
    await practice.back()
    await practice.applied()
    assert await practice.slots(MONDAY, TUESDAY) == "120 220"
    assert await practice.slot(TUESDAY, "O") == (2, MONDAY)


async def test_rest_from_the_roster_before_is_not_lost(practice: Practice) -> None:
    await practice.db.execute(
        "update roster_assignments set status = 2, source = 'manual', blocked_by_date = '2025-11-23', blocked_by_dagdeel = 'O', "
        "blocked_by_service_id = (select id from service_types where code = 'DIO') where employee_id = $1 and date = $2 and dagdeel = 'O'",
        [WHO, MONDAY],
    )
    await practice.absent(MONDAY, MONDAY)
    assert (await practice.applied())["unavailable"] == 2
    assert await practice.slot(MONDAY, "O") == (2, date(2025, 11, 23))
    await practice.back()
    await practice.applied()
    assert await practice.slots(MONDAY) == "200"


async def test_what_the_planner_did_stays_and_is_told_each_time(practice: Practice) -> None:
    await practice.works("OSP", MONDAY, source="manual")
    await practice.db.execute(
        "update roster_assignments set status = 3, source = null where employee_id = $1 and date = $2 and dagdeel = 'A'", [WHO, MONDAY]
    )
    await practice.absent(MONDAY, MONDAY)
    await practice.absent(MONDAY, TUESDAY, record="2")
    for _ in range(2):
        (conflict,) = (await practice.applied())["conflicts"]
        assert (conflict["date"], conflict["dagdeel"], conflict["service_code"], conflict["why"]) == (str(MONDAY), "O", "OSP", "pinned")
        assert await practice.slots(MONDAY) == "133"
    await practice.back()
    await practice.applied()
    assert await practice.slots(MONDAY) == "103"


async def test_a_final_roster_stays_as_it_is_and_its_work_is_told(practice: Practice) -> None:
    await practice.works("OSP", MONDAY)
    await practice.db.execute("update rosters set status = 'final'")
    before = await practice.db.execute(STATE, fetch_val=True)
    await practice.absent(MONDAY, TUESDAY)
    answer = await practice.applied()
    assert [conflict["why"] for conflict in answer["conflicts"]] == ["final"]
    assert (answer["rosters"], answer["unavailable"]) == (0, 0)
    assert await practice.db.execute(STATE, fetch_val=True) == before


async def test_only_rosters_to_which_the_employee_belongs(practice: Practice, sample: PracticeTables) -> None:
    await practice.db.execute("insert into employees (id, voornaam, team) values ('NEW', 'New', 'Groen')")
    await practice.absent(MONDAY, TUESDAY, who="NEW")
    assert (await practice.applied())["unavailable"] == 0
    await practice.db.execute(
        "insert into roster_employee_services (roster_id, employee_id, service_id, aantal) values ($1, 'NEW', $2, 1)",
        [sample.roster.id, sample.service_types[0].id],
    )
    assert (await practice.applied())["unavailable"] == 6


async def test_a_roster_that_somebody_is_changing_is_left_alone_and_told(practice: Practice, database_url: str) -> None:
    await practice.absent(MONDAY, MONDAY)
    roster_id = await practice.db.execute("select id::text from rosters", fetch_val=True)
    await practice.db.execute("alter function apply_absences_v1 set lock_timeout = '100ms'")
    holds = {
        "a slot": "select from roster_assignments where employee_id = 'EMP007' limit 1 for update",
        "the roster": "update rosters set status = 'final'",
        "its lock": f"select lock_roster('{roster_id}')",
    }
    before = await practice.db.execute("select count(*) from roster_assignments where status = 3", fetch_val=True)
    planner = await asyncpg.connect(database_url)
    for what, statement in holds.items():
        transaction = planner.transaction()
        await transaction.start()
        await planner.execute(statement)
        assert (await practice.applied())["busy"] == [roster_id], what
        await transaction.rollback()
        assert await practice.db.execute("select count(*) from roster_assignments where status = 3", fetch_val=True) == before, what
    await planner.close()
    assert (await practice.applied())["unavailable"] == 3


async def test_one_roster_alone(practice: Practice, store: PostgresStore, sample: PracticeTables) -> None:
    other = UUID(int=7)
    tables = {name: [row.model_dump() for row in getattr(sample, name)] for name in type(sample).model_fields if name != "input_digest"}
    tables["rosters"][0]["id"] = other
    for name in ("roster_employee_services", "roster_period_staffing_dagdelen", "roster_assignments"):
        tables[name] = [{**row, "roster_id": other} for row in tables[name]]
    await store.import_tables(PracticeTables.model_validate(tables), replace=True)
    await practice.absent(MONDAY, MONDAY)
    done = json.loads(await practice.db.execute("select apply_absences_v1($1)", [other], fetch_val=True))
    assert (done["rosters"], done["unavailable"]) == (1, 3)
    done = await practice.applied()
    assert (done["rosters"], done["unavailable"]) == (2, 3)
    await practice.absent(TUESDAY, TUESDAY, record="2")
    await practice.works("OSP", TUESDAY, source="manual")
    await practice.db.execute("update rosters set status = 'final' where id = $1", [other])
    assert [conflict["why"] for conflict in (await practice.applied())["conflicts"]] == ["pinned", "final"]
