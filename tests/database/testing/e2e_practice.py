"""End-to-end tests of a practice's rosters, for any database that is migrated."""

from __future__ import annotations

from greedy.database.rows.clone import clone_roster
from greedy.database.testing.e2e import E2ERegistry
from greedy.database.testing.modes import TestMode, TestSession
from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice
from greedy.persist import DatabaseOperationOrchestrator
from greedy.pipeline import verify_roster
from greedy.sample import SAMPLE_DIR
from greedy.solve.fill import fill
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace

practice_tests = E2ERegistry()
SLOTS = ("roster_assignments", "rosters", "employees", "service_types")


async def written(session: TestSession) -> PostgresStore:
    """The sample roster in the database, filled."""
    store = PostgresStore(session.connection)
    sample = read_practice(SAMPLE_DIR)
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    result = await DatabaseOperationOrchestrator(workspace, store).execute()
    assert result["success"], result["error"]
    return store


@practice_tests.add(name="load, write and verify", requires=SLOTS)
async def load_write_verify(session: TestSession) -> None:
    store = await written(session)
    roster = (await store.list_rosters())[0]
    verification = await verify_roster(store, roster.id)
    assert verification["all_passed"], verification
    assert (await store.counts(roster.id)).active_by_program > 100


@practice_tests.add(name="what-if leaves the original alone", requires=SLOTS)
async def what_if(session: TestSession) -> None:
    store = await written(session)
    original = (await store.list_rosters())[0]
    before = await store.load(original.id, include_open=True)
    copy = await clone_roster(session.connection, original.id, changes={"naam": "What if"})
    await session.operator.delete("roster_assignments", {"roster_id": copy, "status": 1})
    assert await store.load(original.id, include_open=True) == before
    assert (await store.counts(copy)).active == 0


@practice_tests.add(name="made-up rosters load", requires=SLOTS)
async def made_up(session: TestSession) -> None:
    rows = await session.generator.insert_related_rows(
        "rosters", 2, children={"roster_employee_services": 5, "roster_period_staffing_dagdelen": 5, "roster_assignments": 10}
    )
    store = PostgresStore(session.connection)
    for roster in rows["rosters"]:
        tables = await store.load(roster["id"], include_open=True)
        assert len(tables.roster_assignments) >= 10
        assert len(tables.roster_employee_services) == 5


@practice_tests.add(name="rosters can be read", modes=[TestMode.PRODUCTION, TestMode.E2E, TestMode.MOCK], requires=["rosters"])
async def rosters_are_read(session: TestSession) -> None:
    store = PostgresStore(session.connection)
    for roster in await store.list_rosters():
        assert (await store.load(roster.id)).roster.start_date <= roster.end_date
