"""A roster of which only what is new was read is the same as one that was read anew, whoever changed it and whatever was changed."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import get_args
from uuid import uuid4

from greedy.database.connector import DBConnector
from greedy.desk import Desk
from greedy.desk.edits import Action
from greedy.desk.opened import OpenRoster
from greedy.errors import CallerError
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Slot, SlotStatus
from tests.desk.rosters import edit
from tests.stores import store_over_rest
from tests.supabase_project import RestServer

STEPS = 30
BY_OTHERS = (  # of a roster, an employee and a number as text: by SQL, past all functions
    "update roster_assignments set status = 0, service_id = null, source = null where (roster_id, employee_id, status) = ($1, $2, 1) and $3 <> ''",
    "delete from roster_assignments where (roster_id, employee_id) = ($1, $2) and status <> 2 and extract(day from date)::text = $3",
    "insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, source, notes)"
    " select $1, $2, start_date, 'M', 3, 'x', $3 from rosters where id = $1 on conflict do nothing",
    "update roster_assignments set notes = 'ask ' || $3 where (roster_id, employee_id) = ($1, $2) and status <> 2",
    "update roster_assignments set status = 2, source = 'x', blocked_by_date = date - 1, blocked_by_dagdeel = 'O', blocked_by_service_id ="
    " (select id from service_types where code = 'DIO') where (roster_id, employee_id, status, dagdeel) = ($1, $2, 0, 'O') and $3 <> ''",
    "update employees set achternaam = $3 where id = $2 and $1 is not null",
    'update employees set structureel_nbh = \'{"wo": ["M"], "vr": ["A"]}\' where id = $2 and $1 is not null and $3 <> \'\'',
    "update roster_employee_services set aantal = $3::integer where (roster_id, employee_id) = ($1, $2)",
    "update rosters set naam = $3 where id = $1 and $2 <> ''",
)


def known_of(opened: OpenRoster) -> list[object]:
    """All that is known of a roster. Rows have other ids after an import, and rest may be kept by the program or by a trigger."""
    rest = {"id", "source", "notes"}
    rows = [row.model_dump(exclude=rest if row.status is SlotStatus.BLOCKED else {"id"}) for row in opened.tables.roster_assignments]
    known = [opened.problem, opened.roster, opened.violations, opened.grid.cells, opened.grid.days, opened.missing, opened.notes, rows]
    return [*known, opened.tables.roster, opened.tables.employees, opened.digest, opened.changed_at, opened.mark, opened.publications]


async def random_step(desk: Desk, opened: OpenRoster, chance: random.Random, db: DBConnector, planned: PracticeTables) -> None:
    """Something that planners, programs or others do; what is refused changes nothing."""
    problem, roster_id = opened.problem, opened.roster_id
    worked = chance.choice(opened.roster.assignments)
    slot = chance.choice([problem.slot_of(worked), worked_day(worked, chance.randrange(3))])
    action, sql = chance.choice(get_args(Action)), chance.choice(BY_OTHERS)
    service = chance.choice([one.code for one in problem.services if one.daypart == slot.daypart]) if action == "assign" else None
    kinds = ["edit"] * 4 + ["undo", "undo", "sql", "sql", "import", "publish"]
    with suppress(CallerError):
        match chance.choice(kinds):
            case "edit":
                await desk.change(edit(opened, slot, action, service, note=chance.choice([None, "x"])), uuid4(), "Anna")
            case "undo":
                made = [one for one in await desk.store.changes.list(roster_id) if one.kind in ("edit", "undo") and not one.undone_by]
                for one in made[:1]:
                    await desk.undo(roster_id, one.id, uuid4(), "Bea")
            case "sql":
                text = sql.replace("$1", "$1::uuid").replace("$2", "$2::text").replace("$3", "$3::text")
                await db.execute(text, (roster_id, problem.employees[slot.employee].id, str(chance.randrange(1, 28))))
            case "import":
                await desk.store.import_tables(planned, replace=True)
            case _:
                await desk.store.publications.publish(uuid4(), roster_id, "Anna", expected_state=opened.digest)
                await desk.store.publications.reopen(uuid4(), roster_id, "Anna")


def worked_day(one: Assignment, daypart: int) -> Slot:
    """A slot of the day of some work."""
    return Slot(one.employee, one.day, daypart)


async def test_what_is_new_leads_to_what_stands(
    desk: Desk, opened: OpenRoster, db: DBConnector, planned: PracticeTables, rest_server: RestServer, database_url: str
) -> None:
    chance = random.Random(8)
    async with store_over_rest(rest_server, database_url) as store:
        over_rest = Desk(store)
        for step in range(STEPS):
            await random_step(desk, await desk.open(opened.roster_id), chance, db, planned)
            held = await desk.open(opened.roster_id)
            anew = known_of(await Desk(desk.store).open(opened.roster_id))
            assert known_of(held) == anew
            if step % 3 == 0:  # what has gathered is read at once
                assert known_of(await over_rest.open(opened.roster_id)) == anew


async def test_of_a_change_only_its_employees_are_read(desk: Desk, opened: OpenRoster) -> None:
    slot = Slot(0, 3, 1)
    await desk.change(edit(opened, slot, "unavailable"), uuid4(), "Anna")
    news = await desk.store.news(opened.roster_id, opened.mark)
    assert (news.tables, {row.employee_id for row in news.rows}) == (None, {opened.problem.employees[0].id})
    then = await desk.open(opened.roster_id)
    assert then.tables.roster_period_staffing_dagdelen is opened.tables.roster_period_staffing_dagdelen
    untouched = [row for row in opened.tables.roster_assignments if row.employee_id != opened.problem.employees[0].id]
    assert {id(row) for row in untouched} <= {id(row) for row in then.tables.roster_assignments}
    assert (await desk.store.news(opened.roster_id, then.mark)).rows == []


async def test_of_whom_nothing_stands_any_more_nothing_is_shown(desk: Desk, opened: OpenRoster, db: DBConnector) -> None:
    worked = opened.roster.assignments[0]
    await db.execute("delete from roster_assignments where employee_id = $1", [opened.problem.employees[worked.employee].id])
    assert worked not in (then := await desk.open(opened.roster_id)).roster.assignments
    assert known_of(then) == known_of(await Desk(desk.store).open(opened.roster_id))
