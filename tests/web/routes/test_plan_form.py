"""Planning settings come with the form that asks for a plan; every fault of them is told beside them, and nothing is lost."""

from __future__ import annotations

import html
import re
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.desk.worker import work_off
from greedy.store.postgres import PostgresStore
from tests.web.routes.conftest import AtWork, said

QUICK = {"solver": "greedy", "time_limit_seconds": 300, "keep": "standing", "seed": 7}
SETTINGS = '# Anna first\n[[limits]]\nname = "one day"\nquantity = "days"\nmaximum = 1\nemployees = ["Anna Mulder"]\n'
SETTINGS += '[[limits]]\nname = "little work"\nquantity = "shifts"\nmaximum = 0\nemployees = ["Anna Mulder"]\npriority = 6\n'
FAULTY = SETTINGS.replace("Anna Mulder", "Anna Muller").replace("maximum", "maximun")


def text_in(page: str) -> str:
    """What the field of the settings holds, as a browser reads it."""
    found = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def chosen_in(page: str) -> set[str]:
    """The values that are selected or checked."""
    return set(re.findall(r'value="([^"]*)"[^>]* (?:selected|checked)', page))


async def test_settings_are_kept_shown_and_offered_again(planner: AtWork, store: PostgresStore, roster: str) -> None:
    path = f"/rosters/{roster}/plans"
    first = (await planner.get(path)).text
    assert (text_in(first), "as last time" in first) == ("", False)
    asked = await planner.post(path, **QUICK, planning=SETTINGS.replace("\n", "\r\n"))
    plan = await store.plans.get(UUID(asked.url.path.rpartition("/")[2]))
    assert (plan.options.planning, plan.options.wishes, plan.options.seed) == (SETTINGS, False, 7)
    await work_off(store, once=True)
    done = await planner.get(asked.url.path)
    assert "quick fill, at most 300 s, with settings, close to what stood" in said(done)
    assert "# Anna first" in done.text
    assert "Wishes that gave way priority 6 · little work · cost" in said(done)
    in_dutch = said(await planner.get(asked.url.path, **{"Accept-Language": "nl"})).partition("Wensen die moesten wijken")[2]
    assert re.search(r"prioriteit 6 · little work · kosten \d+ [^·]*Anna Mulder werkt", in_dutch), in_dutch[:200]
    file = await planner.get(f"{asked.url.path}/planning.toml")
    assert (file.text, file.headers["Content-Type"]) == (SETTINGS, "application/toml")
    again = (await planner.get(path)).text
    assert (text_in(again), "as last time" in again) == (SETTINGS, True)
    assert chosen_in(again) == {"60", "nothing", "true", "auto"}
    assert chosen_in((await planner.get(f"{path}?like={plan.id}")).text) == {"300", "standing", "greedy"}

    copied = await planner.post(f"/rosters/{roster}/copies", name="what if")
    assert text_in((await planner.get(f"{copied.url.path}/plans")).text) == SETTINGS
    without = await planner.post(path, **QUICK, planning=" \r\n")
    assert (await store.plans.get(UUID(without.url.path.rpartition("/")[2]))).options.planning is None
    assert (await planner.get(f"{without.url.path}/planning.toml")).status_code == 404


@pytest.mark.parametrize("as_file", [False, True])
async def test_every_fault_is_told_beside_its_field_and_nothing_is_lost(
    planner: AtWork, store: PostgresStore, roster: str, as_file: bool
) -> None:
    sent = {"planning": "# not this"} if as_file else {"planning": FAULTY}
    files = {"planning_file": ("mine.toml", FAULTY.encode())} if as_file else None
    answer = await planner.post(f"/rosters/{roster}/plans", files=files, **QUICK | {"seed": "x", "time_limit_seconds": 0}, **sent)
    assert answer.status_code == 422
    told = html.unescape(said(answer))
    assert "limits[0].maximun: this key is not known; did you mean maximum?" in told
    assert "A seed is a whole number" in told
    assert "Choose a time of 1 second to 1 hour." in told
    assert text_in(answer.text) == FAULTY
    assert chosen_in(answer.text) == {"60", "standing", "greedy"}
    unknown = await planner.post(f"/rosters/{roster}/plans", **QUICK, planning=FAULTY.replace("maximun", "maximum"))
    assert "limits[0].employees[0]: there is no employee" in html.unescape(said(unknown))
    assert await store.plans.list(UUID(roster)) == []


async def test_a_file_that_is_no_planning_file_is_told(planner: AtWork, store: PostgresStore, roster: str) -> None:
    bearer = {"Authorization": "Bearer " + planner.app.state.access.token}
    for content, fault in (
        (b"\xff\xfe[", "This file is no text"),
        (b"\x00", "This file is no text"),
        (b"# " + b"x" * 70_000, "more than 64 kB"),
        (b"[[", "planning.toml is not TOML"),
        (b'[history]\nrosters = ["/etc/passwd"]', "cannot name other files"),
    ):
        file = {"planning_file": ("evil<b>.toml", content)}
        answer = await planner.post(f"/rosters/{roster}/plans", files=file, planning="# typed", **QUICK)
        assert (answer.status_code, fault in html.unescape(said(answer))) == (422, True), said(answer)
        order = {"id": str(uuid4()), "options": {"planning": content.decode("latin-1")}}
        program = await planner.client.post(f"/api/v1/rosters/{roster}/plans", json=order, headers=bearer)
        assert program.status_code == 422, program.text
    assert await store.plans.list(UUID(roster)) == []


async def test_the_plan_after_a_publication_keeps_to_the_settings(planner: AtWork, store: PostgresStore, roster: str) -> None:
    await planner.post(f"/rosters/{roster}/plans", **QUICK, planning=SETTINGS)
    await work_off(store, once=True)
    state = re.search(r'name="state" value="([^"]+)"', (await planner.get(f"/rosters/{roster}/publishing")).text)
    assert state is not None
    await planner.post(f"/rosters/{roster}/publish", state=state[1])
    assert "settings of the last plan hold here too" in said(await planner.get(f"/rosters/{roster}/publishing"))
    await planner.post(f"/rosters/{roster}/replan", reopening=uuid4(), seconds=10)
    newest = (await store.plans.list(UUID(roster)))[0]
    assert (newest.options.planning, newest.options.keep) == (SETTINGS, "publication")


async def test_a_published_roster_stays_so_when_the_settings_do_not_fit_it_any_more(
    planner: AtWork, store: PostgresStore, db: DBConnector, roster: str
) -> None:
    await planner.post(f"/rosters/{roster}/plans", **QUICK, planning=SETTINGS)
    await work_off(store, once=True)
    seen = (await store.state(UUID(roster))).digest
    await planner.post(f"/rosters/{roster}/publish", state=seen)
    await db.execute("update employees set achternaam = 'Bakker' where achternaam = 'Mulder'")
    refused = await planner.post(f"/rosters/{roster}/replan", reopening=uuid4(), seconds=10)
    assert refused.status_code == 422
    assert (await store.state(UUID(roster))).status == "final"
