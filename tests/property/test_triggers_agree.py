"""The triggers and the model agree on any sequence of inserts, updates and deletes, in any batches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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

FIRST_DAY, DAYS, STAFF, DAGDELEN = date(2025, 12, 29), 5, 2, ("O", "M", "A")
ROSTER = UUID(int=1)
SERVICES = [Service(str(UUID(int=100 + n)), f"S{n}", n % 3, 60) for n in range(4)]
SLOTS = st.builds(Slot, st.integers(0, STAFF - 1), st.integers(0, DAYS - 1), st.integers(0, 2))
# What a slot is set to: None deletes the row, otherwise 0 OPEN, 1 ACTIVE, 3 UNAVAILABLE. A service that does not fit makes it OPEN.
CONTENT = st.sampled_from([None, 0, 1, 1, 1, 3])
BATCHES = st.lists(st.dictionaries(SLOTS, st.tuples(CONTENT, st.integers(0, 3)), min_size=1, max_size=4), min_size=1, max_size=6)
RULES = st.sets(st.tuples(st.integers(0, 3), st.integers(-2, 2), st.integers(0, 2)), min_size=1, max_size=6)
ABSENCE = st.dictionaries(st.sampled_from(["ma", "di", "vr"]), st.lists(st.sampled_from(DAGDELEN), unique=True), max_size=2)
WEEKDAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")


@dataclass
class Planner:
    """What people and programs put into slots, without what the triggers make of it."""

    problem: Problem
    work: dict[Slot, int] = field(default_factory=dict)
    unavailable: set[Slot] = field(default_factory=set)
    absent: frozenset[Slot] = frozenset()

    def set(self, slot: Slot, content: int | None, service: int) -> None:
        self.work.pop(slot, None)
        self.unavailable.discard(slot)
        if content == 1:
            self.work[slot] = service
        elif content == 3:
            self.unavailable.add(slot)

    def expected(self) -> dict[Slot, set[tuple[int, int]]]:
        """Slots that must be BLOCKED -> the duties (day, service) that block them."""
        roster = Roster.of(Assignment(slot.employee, slot.day, service) for slot, service in self.work.items())
        unavailable = frozenset((self.unavailable | self.absent) - self.work.keys())
        problem = replace(self.problem, unavailable=unavailable)
        blockers: dict[Slot, set[tuple[int, int]]] = {block.slot: set() for block in blocked_slots(problem, roster)}
        for duty in roster.assignments:
            for slot in problem.blocked_by(duty):
                if slot in blockers:
                    blockers[slot].add((duty.day, duty.service))
        return blockers


@pytest.fixture(scope="module")
def runner(server: EmbeddedServer) -> Iterator[tuple[asyncio.Runner, asyncpg.Connection]]:
    """An event loop with one connection; each example is a transaction that is rolled back."""
    with asyncio.Runner() as loop:
        admin = loop.run(asyncpg.connect(server.url("postgres")))
        loop.run(admin.execute(f"create database triggers_agree template {MIGRATED}"))
        connection = loop.run(asyncpg.connect(server.url("triggers_agree")))
        yield loop, connection
        loop.run(connection.close())
        loop.run(admin.close())


@settings(max_examples=150, deadline=None)
@given(batches=BATCHES, rules=RULES, absence=ABSENCE)
def test_triggers_agree(
    runner: tuple[asyncio.Runner, asyncpg.Connection],
    batches: list[dict[Slot, tuple[int | None, int]]],
    rules: set[tuple[int, int, int]],
    absence: dict[str, list[str]],
) -> None:
    loop, connection = runner
    loop.run(example(connection, batches, rules, absence))


async def example(
    connection: asyncpg.Connection, batches: list[dict[Slot, tuple[int | None, int]]], rules: set[tuple[int, int, int]], absence: Any
) -> None:
    import json

    blocking = tuple(BlockingRule(*rule) for rule in sorted(rules) if not (rule[1] == 0 and SERVICES[rule[0]].daypart == rule[2]))
    staff = tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(STAFF))
    problem = Problem(str(ROSTER), FIRST_DAY, DAYS, DAGDELEN, staff, tuple(SERVICES), TEAMS, (), {}, blocking)
    absent = frozenset(
        Slot(0, day, DAGDELEN.index(dagdeel))
        for day in range(DAYS)
        for dagdeel in absence.get(WEEKDAYS[problem.date_of(day).weekday()], ())
    )
    planner = Planner(problem, absent=absent)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(
            "insert into rosters (id, start_date, end_date) values ($1, $2, $3)", ROSTER, FIRST_DAY, problem.date_of(DAYS - 1)
        )
        await connection.executemany(
            "insert into employees (id, voornaam, team, structureel_nbh) values ($1, $2, 'Groen', $3)",
            [(e.id, e.name, json.dumps(absence if n == 0 else {})) for n, e in enumerate(staff)],
        )
        await connection.executemany(
            "insert into service_types (id, code, naam, dagdeel, begintijd, eindtijd, duur_minuten) values ($1, $2, $2, $3, '09:00', '10:00', 60)",
            [(s.id, s.code, DAGDELEN[s.daypart]) for s in SERVICES],
        )
        await connection.executemany(
            "insert into service_blocking_rules values ($1, $2, $3)",
            [(SERVICES[r.service].id, r.day_offset, DAGDELEN[r.daypart]) for r in blocking],
        )
        for batch in batches:
            await apply(connection, planner, batch)
            await compare(connection, planner)
        await connection.execute("delete from roster_assignments where roster_id = $1 and status <> 2", ROSTER)
        assert await connection.fetchval("select count(*) from roster_assignments where roster_id = $1 and status = 2", ROSTER) == 0
    finally:
        await transaction.rollback()


async def apply(connection: asyncpg.Connection, planner: Planner, batch: dict[Slot, tuple[int | None, int]]) -> None:
    """One delete statement and one upsert statement for the whole batch."""
    gone, rows = [], []
    for slot, (content, service) in batch.items():
        fits = SERVICES[service].daypart == slot.daypart
        status = 0 if content == 1 and not fits else content
        planner.set(slot, status, service)
        key = (f"E{slot.employee}", FIRST_DAY + timedelta(days=slot.day), DAGDELEN[slot.daypart])
        if status is None:
            gone.append(key)
        else:
            rows.append((*key, SERVICES[service].id if status == 1 else None, status))
    await connection.execute(
        "delete from roster_assignments where (employee_id, date, dagdeel) in (select * from unnest($1::text[], $2::date[], $3::text[]))",
        *(list(column) for column in zip(*gone, strict=True)) if gone else ([], [], []),
    )
    await connection.execute(
        """
        insert into roster_assignments (roster_id, employee_id, date, dagdeel, service_id, status)
        select $1, * from unnest($2::text[], $3::date[], $4::text[], $5::uuid[], $6::smallint[])
        on conflict (roster_id, employee_id, date, dagdeel) do update
        set service_id = excluded.service_id, status = excluded.status,
            blocked_by_date = null, blocked_by_dagdeel = null, blocked_by_service_id = null
        """,
        ROSTER,
        *(list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [], []),
    )


async def compare(connection: asyncpg.Connection, planner: Planner) -> None:
    rows = await connection.fetch("select * from roster_assignments where roster_id = $1", ROSTER)
    expected = planner.expected()
    found: dict[Slot, tuple[int, int]] = {}
    for row in rows:
        slot = Slot(int(row["employee_id"][1:]), (row["date"] - FIRST_DAY).days, DAGDELEN.index(row["dagdeel"]))
        assert 0 <= slot.day < DAYS
        if row["status"] == 2:
            service = next(n for n, s in enumerate(SERVICES) if UUID(s.id) == row["blocked_by_service_id"])
            found[slot] = ((row["blocked_by_date"] - FIRST_DAY).days, service)
        elif row["status"] == 1:
            assert UUID(SERVICES[planner.work[slot]].id) == row["service_id"]
        elif row["status"] == 3:
            assert slot in planner.unavailable
    assert found.keys() == expected.keys()
    assert all(found[slot] in expected[slot] for slot in found)
    assert set(planner.work) == {
        Slot(int(r["employee_id"][1:]), (r["date"] - FIRST_DAY).days, DAGDELEN.index(r["dagdeel"])) for r in rows if r["status"] == 1
    }
