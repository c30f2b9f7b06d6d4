"""A program does over the API what a planner does on the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from greedy.formats.tables import PracticeTables
from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from tests.web.conftest import TOKEN
from tests.web.strangers import client_of, csrf_of


@pytest.fixture
async def program(settings: Settings, sample_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the token, and the sample in the database."""
    app = create_app(settings, access=Access(token=TOKEN, host_planner="Anna"), database=sample_url)
    async with app.router.lifespan_context(app), client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        client.base_url = httpx.URL(f"{client.base_url}/api/v1/")
        yield client


async def done(answer: httpx.Response) -> Any:
    """The answer to a request that is well."""
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def roster(sample: PracticeTables) -> str:
    return f"rosters/{sample.roster.id}"


async def an_edit(program: httpx.AsyncClient, roster: str, **others: Any) -> dict[str, Any]:
    """An edit that marks somebody as unavailable on an empty slot."""
    found = await done(await program.get(roster))
    taken = {(slot["employee_id"], slot["date"], slot["dagdeel"]) for slot in found["slots"]}
    free = next(
        {"employee_id": who["id"], "date": found["start_date"], "dagdeel": dagdeel}
        for who in found["employees"]
        for dagdeel in ("O", "M", "A")
        if (who["id"], found["start_date"], dagdeel) not in taken
    )
    return {"roster_id": found["id"], "slots": [free], "action": "unavailable", "seen": [{"status": 0}]} | others


async def test_an_edit_is_looked_at_made_once_and_taken_back(program: httpx.AsyncClient, roster: str) -> None:
    edit, number = await an_edit(program, roster), str(uuid4())
    outlook = await done(await program.post("outlook", json=edit))
    assert (outlook["impossible"], len(outlook["changes"])) == ([], 1)
    order = {"id": number, "edit": edit}
    first = await done(await program.post("changes", json=order))
    again = await done(await program.post("changes", json=order))
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["change"]["actor"] == "Anna"
    assert first["change"]["slots"][0]["before"]["status"] == 0
    assert first["change"]["slots"][0]["after"]["status"] == 3
    history = await done(await program.get(f"{roster}/changes"))
    assert [line["kind"] for line in history][:1] == ["edit"]
    undone = await done(await program.post(f"{roster}/changes/{number}/undo", json={"id": str(uuid4())}))
    assert undone["change"]["undoes"] == number
    assert (await program.post(f"{roster}/changes/{number}/undo", json={"id": str(uuid4())})).status_code == 409


async def test_what_somebody_changed_meanwhile_is_not_overwritten(program: httpx.AsyncClient, roster: str) -> None:
    edit = await an_edit(program, roster)
    await done(await program.post("changes", json={"id": str(uuid4()), "edit": edit}))
    late = await program.post("changes", json={"id": str(uuid4()), "edit": edit})
    assert late.status_code == 409
    assert late.headers["content-type"] == "application/problem+json"
    assert "Anna" in " ".join(late.json()["details"])


async def test_a_copy_is_changed_and_taken_over(program: httpx.AsyncClient, roster: str) -> None:
    copy = await done(await program.post(f"{roster}/copies", json={"id": str(uuid4()), "name": "What if"}))
    edit = await an_edit(program, f"rosters/{copy['copy_id']}")
    await done(await program.post("changes", json={"id": str(uuid4()), "edit": edit}))
    await done(await program.post(f"copies/{copy['copy_id']}/take-over", json={"id": str(uuid4())}))
    states = [(await done(await program.get(path)))["slots"] for path in (roster, f"rosters/{copy['copy_id']}")]
    assert states[0] == states[1]
    assert (await program.delete(f"copies/{copy['copy_id']}")).status_code == 204
    assert (await program.get(f"rosters/{copy['copy_id']}")).status_code == 404
    assert (await program.delete(roster.replace("rosters", "copies"))).status_code == 404  # the original is none


async def test_what_is_published_is_what_was_looked_at(program: httpx.AsyncClient, roster: str) -> None:
    seen = (await done(await program.get(roster)))["digest"]
    await done(await program.post("changes", json={"id": str(uuid4()), "edit": await an_edit(program, roster)}))
    order = {"id": str(uuid4()), "expected_state": seen}
    assert (await program.post(f"{roster}/publications", json=order)).status_code == 409
    order["expected_state"] = (await done(await program.get(roster)))["digest"]
    assert (await done(await program.post(f"{roster}/publications", json=order)))["number"] == 1
    edit = await an_edit(program, roster)
    assert (await program.post("changes", json={"id": str(uuid4()), "edit": edit})).status_code == 409  # it is final
    await done(await program.post(f"{roster}/reopen", json={"id": str(uuid4())}))
    assert (await done(await program.get(roster)))["status"] == "in_progress"


async def test_a_plan_is_asked_for_once_and_cancelled(program: httpx.AsyncClient, roster: str) -> None:
    order = {"id": str(uuid4()), "options": {"solver": "greedy"}}
    plan = await done(await program.post(f"{roster}/plans", json=order))
    assert plan["state"] == "waiting"
    assert await done(await program.post(f"{roster}/plans", json=order)) == plan
    assert (await program.post(f"{roster}/plans", json={"id": str(uuid4())})).status_code == 409
    assert (await done(await program.post(f"plans/{plan['id']}/cancel")))["state"] == "cancelled"
    assert [one["id"] for one in await done(await program.get("plans"))] == [plan["id"]]


async def test_reasons_and_candidates_come_in_the_readers_language(program: httpx.AsyncClient, roster: str) -> None:
    opened = (await done(await program.get(roster)))["open"][0]
    asked = {"date": opened["date"], "service_code": opened["service_code"], "team": opened["team"]}
    english = await done(await program.get(f"{roster}/candidates", params=asked))
    dutch = await done(await program.get(f"{roster}/candidates", params=asked, headers={"Accept-Language": "nl"}))
    assert [one["employee_id"] for one in english] == [one["employee_id"] for one in dutch]
    assert english != dutch
    assert (await done(await program.get(f"{roster}/report")))["coverage"]["open"] > 0


async def test_the_pages_own_scripts_need_the_forms_token(program: httpx.AsyncClient, roster: str) -> None:
    del program.headers["Authorization"]
    program.base_url = httpx.URL("http://127.0.0.1:8765/")
    await program.get("/enter", params={"token": TOKEN})
    order = {"id": str(uuid4()), "options": {"solver": "greedy"}}
    assert (await program.post(f"/api/v1/{roster}/plans", json=order)).status_code == 403
    csrf = await csrf_of(program, "/no-such-page")
    assert (await program.post(f"/api/v1/{roster}/plans", json=order, headers={"X-CSRF-Token": csrf})).status_code == 200


async def test_it_is_described(program: httpx.AsyncClient) -> None:
    program.base_url = httpx.URL("http://127.0.0.1:8765/")
    described = await done(await program.get("/api/openapi.json"))
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    assert all("summary" in operation for path in described["paths"].values() for operation in path.values())


async def test_a_workbook_comes_in_all_or_nothing_with_every_fault_told(program: httpx.AsyncClient, roster: str) -> None:
    exported = await program.get(f"http://127.0.0.1:8765/{roster}/downloads/workbook.xlsx")
    assert exported.status_code == 200, exported.text
    whole = {"workbook": ("roster.xlsx", exported.content)}
    same = await done(await program.post("imports", files=whole, params={"dry_run": True}))
    assert (same["is_new"], same["roster_id"]) == (False, roster.removeprefix("rosters/"))
    for content in (b"", b"no workbook", b"PK\x03\x04" + b"x" * 1000):
        answer = await program.post("imports", files={"workbook": ("../../<b>.xlsx", content)})
        assert answer.status_code == 422
        assert "/" not in answer.json()["detail"].replace("</b>", "")  # no path of the server
    statuses = [(await program.post("imports", files={"workbook": ("a.xlsx", b"")})).status_code for _ in range(10)]
    assert statuses[-1] == 429
