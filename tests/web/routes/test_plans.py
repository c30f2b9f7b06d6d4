"""A plan is asked for, watched, cancelled, looked at and taken back; over pages alone, without JavaScript."""

from __future__ import annotations

import datetime as dt
import re
from uuid import UUID, uuid4

from greedy.database.connector import DBConnector
from greedy.desk.worker import work_off
from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.settings import Settings
from greedy.store.plans import PlanPoint, PlanProgress, PlanState
from greedy.store.postgres import PostgresStore
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.wording.kept import documents_of
from tests.web.conftest import TOKEN
from tests.web.routes.conftest import AtWork, at_work, said

QUICK = {"solver": "greedy", "time_limit_seconds": 10}


async def planned(planner: AtWork, store: PostgresStore, roster: str, **fields: object) -> str:
    """The path of a plan that is done."""
    asked = await planner.post(f"/rosters/{roster}/plans", **(QUICK | fields))
    await work_off(store, once=True)
    return asked.url.path


async def test_a_plan_is_made_and_taken_back(planner: AtWork, store: PostgresStore, roster: str, sample: PracticeTables) -> None:
    path = await planned(planner, store, roster)
    done = said(await planner.get(path))
    filled = int(re.search(r"Filled (\d+) of \d+ shifts", done)[1])  # type: ignore[index]
    assert filled == (await store.counts(UUID(roster))).active
    assert "What changed, for whom" in done
    assert all(row.name in done for row in sample.employees if row.actief)
    undo = re.search(r'action="(/rosters/[^"]+/undo)"', (await planner.get(path)).text)
    assert undo is not None
    assert "Taken back" in said(await planner.post(undo[1]))
    assert (await store.counts(UUID(roster))).active_by_program == 0
    assert "taken back" in said(await planner.get(path))


async def test_broken_rules_are_told_in_the_language_of_who_looks(planner: AtWork, store: PostgresStore, sample: PracticeTables) -> None:
    services = {service.code: service.id for service in sample.service_types}
    pinned = next(row for row in sample.roster_assignments if row.service_id == services["OSP"] and row.source == "manual")
    duty = {"date": pinned.date - dt.timedelta(days=1)}
    pair = [
        pinned.model_copy(update=duty | {"id": uuid4(), "dagdeel": part, "service_id": services[code]})
        for part, code in zip("OA", ("DIO", "DIA"), strict=True)
    ]
    slots = {(row.employee_id, row.date, row.dagdeel) for row in pair}
    rows = [row for row in sample.roster_assignments if (row.employee_id, row.date, row.dagdeel) not in slots] + pair
    await store.import_tables(sample.model_copy(update={"roster_assignments": rows}))
    path = await planned(planner, store, str(sample.roster.id))
    for language, broken, stands in (
        ("en", "Broken rules Anna Mulder DIO 2025-11-24 blocks Anna Mulder OSP 2025-11-25", "Anna Mulder DIO 2025-11-24 is pinned"),
        (
            "nl",
            "Overtreden regels Anna Mulder DIO ma 24-11-2025 blokkeert Anna Mulder OSP di 25-11-2025",
            "Anna Mulder DIO ma 24-11-2025 is vastgezet",
        ),
    ):
        page = said(await planner.get(path, **{"Accept-Language": language}))
        assert broken in page
        assert stands in page
    await store.import_tables(sample, replace=True)  # and nothing is broken any more; the plan is told of as it was
    assert broken in said(await planner.get(path, **{"Accept-Language": "nl"}))


async def test_while_it_waits_a_second_one_leads_to_the_first(planner: AtWork, store: PostgresStore, roster: str) -> None:
    first = await planner.post(f"/rosters/{roster}/plans", **QUICK)
    assert "waits for its turn" in said(first)
    page = await planner.get(f"/rosters/{roster}/plans")
    assert "Anna has asked for a plan already" in said(page)
    assert first.url.path in page.text
    second = await planner.post(f"/rosters/{roster}/plans", **QUICK)
    assert second.url.path == first.url.path
    assert len(await store.plans.list(UUID(roster))) == 1


async def test_a_form_sent_twice_is_one_plan(planner: AtWork, store: PostgresStore, roster: str) -> None:
    number = uuid4()
    paths = {(await planner.post(f"/rosters/{roster}/plans", id=number, **QUICK)).url.path for _ in range(2)}
    assert paths == {f"/rosters/{roster}/plans/{number}"}
    assert [plan.id for plan in await store.plans.list(UUID(roster))] == [number]


async def test_a_cancelled_plan_writes_nothing(planner: AtWork, store: PostgresStore, roster: str) -> None:
    asked = await planner.post(f"/rosters/{roster}/plans", **QUICK)
    cancelled = await planner.post(f"{asked.url.path}/cancel")
    assert "Cancelled by Anna. Nothing was written." in said(cancelled)
    await work_off(store, once=True)
    assert (await store.counts(UUID(roster))).active_by_program == 0


async def test_progress_is_drawn_until_the_plan_ends(
    planner: AtWork, store: PostgresStore, roster: str, settings: Settings, database_url: str
) -> None:
    asked = await planner.post(f"/rosters/{roster}/plans", **QUICK)
    worker, plan = uuid4(), UUID(asked.url.path.rpartition("/")[2])
    await store.plans.claim(worker)
    points = [PlanPoint(seconds=0.5, cost=3020, bound=None), PlanPoint(seconds=2, cost=2010, bound=1000)]
    await store.plans.beat(plan, worker, PlanProgress(phase="FASE 2 SOLVE", points=points))
    whole = await planner.get(asked.url.path)
    assert "Best roster 2010, no roster below 1000" in whole.text
    async with at_work(create_app(settings, access=Access(token=TOKEN, host_planner="Anna"), database=database_url)) as restarted:
        assert "Best roster 2010, no roster below 1000" in (await restarted.get(asked.url.path)).text
    part = await planner.get(f"{asked.url.path}/progress?step=1", **{"HX-Request": "true"})
    assert "HX-Refresh" not in part.headers
    assert "<html" not in part.text
    assert 'hx-trigger="every 1s"' in part.text
    assert "The roster is being planned." in part.text  # said once, as the step is another
    again = await planner.get(f"{asked.url.path}/progress?step=2", **{"HX-Request": "true"})
    assert "The roster is being planned." not in again.text
    advice = Message("use one of these ids")
    error = {"message": "<b>broken</b>", "details": [], "next_step": advice, "said": documents_of({advice: advice})}
    await store.plans.end(plan, worker, PlanState.FAILED, error=error)
    assert (await planner.get(f"{asked.url.path}/progress", **{"HX-Request": "true"})).headers["HX-Refresh"] == "true"
    failed = await planner.get(asked.url.path)
    assert "&lt;b&gt;broken&lt;/b&gt;" in failed.text
    assert "gebruik een van deze id" in (await planner.get(asked.url.path, **{"Accept-Language": "nl"})).text


async def test_what_is_not_there_is_told(planner: AtWork, roster: str) -> None:
    for path in (f"/rosters/{roster}/plans/{uuid4()}", f"/rosters/{uuid4()}/plans", "/rosters/no-roster/plans"):
        assert (await planner.get(path)).status_code == 404, path
    asked = await planner.post(f"/rosters/{roster}/plans", **(QUICK | {"time_limit_seconds": 99999}))
    assert asked.status_code == 422


async def test_a_plan_of_another_roster_is_not_shown_or_cancelled_as_one_of_this(
    planner: AtWork, store: PostgresStore, roster: str
) -> None:
    copied = await planner.post(f"/rosters/{roster}/copies", name="what if")
    asked = await planner.post(f"/rosters/{roster}/plans", **QUICK)
    plan = asked.url.path.rpartition("/")[2]
    for path in ("", "/progress", "/planning.toml"):
        assert (await planner.get(f"{copied.url.path}/plans/{plan}{path}")).status_code == 404
    assert (await planner.post(f"{copied.url.path}/plans/{plan}/cancel")).status_code == 404
    assert (await store.plans.get(UUID(plan))).state is PlanState.WAITING


async def test_what_the_database_says_is_for_the_log(planner: AtWork, db: DBConnector, roster: str) -> None:
    await db.execute("drop function roster_state_v1")
    answer = await planner.client.get(f"/rosters/{roster}")
    assert answer.status_code == 503
    assert "The database does not answer at the moment" in answer.text
    assert "roster_state_v1" not in answer.text
