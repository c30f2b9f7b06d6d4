"""Absences become UNAVAILABLE slots: what gives way, what stays, what comes back, and that the triggers and the model agree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, BlockingRule, Employee, Problem, Service, Slot
from greedy.model.roster import Roster, blocked_slots
from greedy.store.postgres import PostgresStore
from tests.build import TEAMS
from tests.conftest import TEMPLATE

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


async def test_work_of_the_program_gives_way_with_the_other_half_of_its_pair(practice: Practice) -> None:
    await practice.works("DIO", MONDAY)
    await practice.works("DIA", MONDAY)
    await practice.works("OSP", WEDNESDAY)
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "121 220 100"
    await practice.absent(MONDAY, MONDAY, begins="A", ends="A")
    answer = await practice.applied()
    assert await practice.slots(MONDAY, TUESDAY, WEDNESDAY) == "003 000 100"
    assert [(slot["dagdeel"], slot["service_code"]) for slot in answer["gave_way"]] == [("O", "DIO"), ("A", "DIA")]
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


# The model's word against the database's, for anything that may stand in the slots.
FIRST_DAY, DAYS, STAFF, DAGDELEN = date(2025, 12, 29), 4, 2, ("O", "M", "A")
ROSTER = UUID(int=1)
SERVICES = [Service(str(UUID(int=100 + n)), f"S{n}", n % 3, 60, second_half=2 if n == 0 else None) for n in range(4)]
RULES = (BlockingRule(0, 0, 1), BlockingRule(0, 1, 0), BlockingRule(3, 1, 1))
SLOTS = st.builds(Slot, st.integers(0, STAFF - 1), st.integers(0, DAYS - 1), st.integers(0, 2))
CONTENT = st.dictionaries(SLOTS, st.sampled_from(["open", "greedy", "greedy", "manual", "leave"]), max_size=14)
PLACE = st.integers(-3, DAYS * 3 + 2)  # slots from the first one on, some outside the roster
ABSENCES = st.lists(st.tuples(st.integers(0, STAFF - 1), PLACE, PLACE), max_size=4)


@pytest.fixture(scope="module")
def runner(server: EmbeddedServer) -> Iterator[tuple[asyncio.Runner, asyncpg.Connection]]:
    """An event loop with one connection; each example is a transaction that is rolled back."""
    with asyncio.Runner() as loop:
        admin = loop.run(asyncpg.connect(server.url("postgres")))
        loop.run(admin.execute(f"create database absences_agree template {TEMPLATE}"))
        connection = loop.run(asyncpg.connect(server.url("absences_agree")))
        yield loop, connection
        loop.run(connection.close())
        loop.run(admin.close())


@settings(max_examples=120, deadline=None)
@given(content=CONTENT, absences=ABSENCES, later=ABSENCES, third=st.booleans())
def test_the_model_agrees(runner: tuple[asyncio.Runner, asyncpg.Connection], content: Any, absences: Any, later: Any, third: bool) -> None:
    loop, connection = runner
    loop.run(example(connection, content, [absences, later, []], third=third))


async def example(connection: asyncpg.Connection, content: dict[Slot, str], rounds: list[Any], *, third: bool) -> None:
    staff = tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(STAFF))
    problem = Problem(str(ROSTER), FIRST_DAY, DAYS, DAGDELEN, staff, tuple(SERVICES), TEAMS, (), {}, RULES)
    # In the morning some work S0, which has a second half and blocks, and some S3, which blocks.
    service = {slot: (3 if third and slot.day % 2 and slot.daypart == 0 else slot.daypart) for slot in content}
    pinned = {slot: service[slot] for slot, what in content.items() if what == "manual"}
    planned = {slot: service[slot] for slot, what in content.items() if what == "greedy"}
    leave = {slot for slot, what in content.items() if what == "leave"}
    transaction = connection.transaction()
    await transaction.start()
    try:
        await build(connection, content, service)
        for absences in rounds:
            await connection.execute("delete from absences")
            away: set[Slot] = set()
            for number, (employee, one, other) in enumerate(absences):
                first, last = sorted((one, other))
                away |= {Slot(employee, place // 3, place % 3) for place in range(first, last + 1) if 0 <= place < DAYS * 3}
                ends = [(FIRST_DAY + timedelta(days=place // 3), DAGDELEN[place % 3]) for place in (first, last)]
                await connection.execute(
                    "insert into absences values ('hr', $1, 0, $2, $3, $4, $5, $6)", str(number), staff[employee].id, *ends[0], *ends[1]
                )
            answer = json.loads(await connection.fetchval("select apply_absences_v1()"))
            given_way = {slot for slot in planned if slot in away}
            for slot in list(given_way):  # and the other half
                halves = {0: 2, 2: 0}
                other = Slot(slot.employee, slot.day, 2 if slot.daypart == 0 else 0)
                if planned[slot] in halves and planned.get(other) == halves[planned[slot]]:
                    given_way.add(other)
            assert len(answer["gave_way"]) == len(given_way)
            assert {conflict["why"] for conflict in answer["conflicts"]} <= {"pinned"}
            assert len(answer["conflicts"]) == len(away & pinned.keys())
            planned = {slot: number for slot, number in planned.items() if slot not in given_way}
            work = pinned | planned
            unavailable = (leave | away) - work.keys()
            roster = Roster.of(Assignment(slot.employee, slot.day, number) for slot, number in work.items())
            blocked = {block.slot for block in blocked_slots(replace(problem, unavailable=frozenset(unavailable)), roster)}
            rows = await connection.fetch("select * from roster_assignments where status <> 0")
            found = {Slot(int(r["employee_id"][1:]), (r["date"] - FIRST_DAY).days, DAGDELEN.index(r["dagdeel"])): r for r in rows}
            assert {slot for slot, row in found.items() if row["status"] == 3} == unavailable
            assert {slot for slot, row in found.items() if row["status"] == 3 and row["source"] == "absence"} == unavailable - leave
            assert {slot: UUID(SERVICES[n].id) for slot, n in work.items()} == {
                slot: row["service_id"] for slot, row in found.items() if row["status"] == 1
            }
            assert {slot for slot, row in found.items() if row["status"] == 2} == blocked
    finally:
        await transaction.rollback()


async def build(connection: asyncpg.Connection, content: dict[Slot, str], service: dict[Slot, int]) -> None:
    await connection.execute(
        "insert into rosters (id, start_date, end_date) values ($1, $2, $3)", ROSTER, FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1)
    )
    await connection.execute(
        "insert into employees (id, voornaam, team) select 'E' || n, 'E', 'Groen' from generate_series(0, $1) as n", STAFF - 1
    )
    await connection.executemany(
        "insert into service_types (id, code, naam, dagdeel, begintijd, eindtijd, duur_minuten, gekoppeld_aan) values ($1, $2, $2, $3, '09:00', '10:00', 60, $4)",
        [(s.id, s.code, DAGDELEN[s.daypart], None if s.second_half is None else SERVICES[s.second_half].code) for s in SERVICES],
    )
    await connection.executemany(
        "insert into service_blocking_rules values ($1, $2, $3)",
        [(SERVICES[r.service].id, r.day_offset, DAGDELEN[r.daypart]) for r in RULES],
    )
    await connection.execute(
        "insert into roster_employee_services (roster_id, employee_id, service_id, aantal) select $1, id, $2, 1 from employees",
        ROSTER,
        SERVICES[0].id,
    )
    status = {"open": 0, "greedy": 1, "manual": 1, "leave": 3}
    # One by one, with the work that stands in the way of a block first made room for by whoever comes later, as planners do.
    for slot, what in content.items():
        await connection.execute(
            """
            insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, source, service_id) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (roster_id, employee_id, date, dagdeel) do update set status = excluded.status, source = excluded.source,
              service_id = excluded.service_id, blocked_by_date = null, blocked_by_dagdeel = null, blocked_by_service_id = null
            """,
            ROSTER, f"E{slot.employee}", FIRST_DAY + timedelta(days=slot.day), DAGDELEN[slot.daypart], status[what],
            what if what in ("greedy", "manual") else None, SERVICES[service[slot]].id if status[what] == 1 else None,
        )  # fmt: skip
