"""Absences become UNAVAILABLE slots as the model says they should, for anything that may stand in the slots."""

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

from greedy.database.embedded.server import EmbeddedServer
from greedy.model.problem import Assignment, BlockingRule, Employee, Problem, Service, Slot
from greedy.model.roster import Roster, blocked_slots
from tests.build import TEAMS
from tests.databases import MIGRATED

WEEK = tuple(enumerate(("ma", "di", "wo", "do")))
FIRST_DAY, DAYS, STAFF, DAGDELEN = date(2025, 12, 29), 4, 2, ("O", "M", "A")
ROSTER = UUID(int=1)
SERVICES = [Service(str(UUID(int=100 + n)), f"S{n}", n % 3, 60, second_half=2 if n == 0 else None) for n in range(4)]
RULES = (BlockingRule(0, 0, 1), BlockingRule(0, 1, 0), BlockingRule(3, 1, 1))
SLOTS = st.builds(Slot, st.integers(0, STAFF - 1), st.integers(0, DAYS - 1), st.integers(0, 2))
CONTENT = st.dictionaries(SLOTS, st.sampled_from(["open", "greedy", "greedy", "manual", "leave", "rest"]), max_size=14)
PLACE = st.integers(-3, DAYS * 3 + 2)  # slots from the first one on, some outside the roster
ABSENCES = st.lists(st.tuples(st.integers(0, STAFF - 1), PLACE, PLACE), max_size=4)


@pytest.fixture(scope="module")
def runner(server: EmbeddedServer) -> Iterator[tuple[asyncio.Runner, asyncpg.Connection]]:
    """An event loop with one connection; each example is a transaction that is rolled back."""
    with asyncio.Runner() as loop:
        admin = loop.run(asyncpg.connect(server.url("postgres")))
        loop.run(admin.execute(f"create database absences_agree template {MIGRATED}"))
        connection = loop.run(asyncpg.connect(server.url("absences_agree")))
        yield loop, connection
        loop.run(connection.close())
        loop.run(admin.close())


@settings(max_examples=120, deadline=None)
@given(content=CONTENT, absences=ABSENCES, later=ABSENCES, weekly=st.sets(SLOTS, max_size=4), third=st.booleans())
def test_the_model_agrees(
    runner: tuple[asyncio.Runner, asyncpg.Connection], content: Any, absences: Any, later: Any, weekly: Any, third: bool
) -> None:
    loop, connection = runner
    loop.run(example(connection, content, [absences, later, []], weekly, third=third))


async def example(connection: asyncpg.Connection, content: dict[Slot, str], rounds: list[Any], weekly: set[Slot], *, third: bool) -> None:
    staff = tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(STAFF))
    problem = Problem(str(ROSTER), FIRST_DAY, DAYS, DAGDELEN, staff, tuple(SERVICES), TEAMS, (), {}, RULES)
    # In the morning some work S0, which has a second half and blocks, and some S3, which blocks.
    service = {slot: (3 if third and slot.day % 2 and slot.daypart == 0 else slot.daypart) for slot in content}
    pinned = {slot: service[slot] for slot, what in content.items() if what == "manual"}
    planned = {slot: service[slot] for slot, what in content.items() if what == "greedy"}
    leave = {slot for slot, what in content.items() if what == "leave"}
    rest = {slot for slot, what in content.items() if what == "rest"}  # from the roster before
    transaction = connection.transaction()
    await transaction.start()
    try:
        await build(connection, content, service, weekly)
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
            unavailable = (leave | away) - work.keys() - rest
            roster = Roster.of(Assignment(slot.employee, slot.day, number) for slot, number in work.items())
            blocked = {block.slot for block in blocked_slots(replace(problem, unavailable=frozenset(unavailable | weekly)), roster)}
            rows = await connection.fetch("select * from roster_assignments where status <> 0")
            found = {Slot(int(r["employee_id"][1:]), (r["date"] - FIRST_DAY).days, DAGDELEN.index(r["dagdeel"])): r for r in rows}
            assert {slot for slot, row in found.items() if row["status"] == 3} == unavailable
            assert {slot for slot, row in found.items() if row["status"] == 3 and row["source"] == "absence"} == unavailable - leave
            assert {slot: UUID(SERVICES[n].id) for slot, n in work.items()} == {
                slot: row["service_id"] for slot, row in found.items() if row["status"] == 1
            }
            assert {slot for slot, row in found.items() if row["status"] == 2} == blocked | rest
    finally:
        await transaction.rollback()


async def build(connection: asyncpg.Connection, content: dict[Slot, str], service: dict[Slot, int], weekly: set[Slot]) -> None:
    await connection.execute(
        "insert into rosters (id, start_date, end_date) values ($1, $2, $3)", ROSTER, FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1)
    )
    await connection.execute(
        "insert into employees (id, voornaam, team) select 'E' || n, 'E', 'Groen' from generate_series(0, $1) as n", STAFF - 1
    )
    for employee in {slot.employee for slot in weekly}:
        week = {key: [DAGDELEN[slot.daypart] for slot in weekly if (slot.employee, slot.day) == (employee, day)] for day, key in WEEK}
        await connection.execute("update employees set structureel_nbh = $2 where id = $1", f"E{employee}", json.dumps(week))
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
    status = {"open": 0, "greedy": 1, "manual": 1, "leave": 3, "rest": 2}
    # One by one, with the work that stands in the way of a block first made room for by whoever comes later, as planners do.
    for slot, what in content.items():
        await connection.execute(
            """
            insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, source, service_id,
              blocked_by_date, blocked_by_dagdeel, blocked_by_service_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (roster_id, employee_id, date, dagdeel) do update set status = excluded.status, source = excluded.source,
              service_id = excluded.service_id, blocked_by_date = excluded.blocked_by_date, blocked_by_dagdeel = excluded.blocked_by_dagdeel,
              blocked_by_service_id = excluded.blocked_by_service_id
            """,
            ROSTER, f"E{slot.employee}", FIRST_DAY + timedelta(days=slot.day), DAGDELEN[slot.daypart], status[what],
            what if what in ("greedy", "manual") else None, SERVICES[service[slot]].id if status[what] == 1 else None,
            *((FIRST_DAY - timedelta(days=1), "O", SERVICES[0].id) if what == "rest" else (None, None, None)),
        )  # fmt: skip
