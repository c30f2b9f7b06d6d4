"""A roster is published as the planner saw it, reopened, and planned again with few changes; it can be taken along in every format."""

from __future__ import annotations

import io
import json
import re
import zipfile
from uuid import UUID

import openpyxl
import pypdf
import pytest

from greedy.database.connector import DBConnector
from greedy.desk.worker import work_off
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.importer import read_workbook
from greedy.model.problem import SlotStatus
from greedy.store.postgres import PostgresStore
from tests.web.routes.conftest import AtWork, said


@pytest.fixture
async def planned(planner: AtWork, store: PostgresStore, roster: str) -> str:
    """The sample, planned; its id."""
    await planner.post(f"/rosters/{roster}/plans", solver="greedy")
    await work_off(store, once=True)
    return roster


async def state_on(planner: AtWork, roster: str) -> str:
    """The state that the page of publishing was made of."""
    found = re.search(r'name="state" value="([^"]+)"', (await planner.get(f"/rosters/{roster}/publishing")).text)
    assert found is not None
    return found[1]


async def test_published_reopened_and_planned_again(planner: AtWork, store: PostgresStore, planned: str) -> None:
    done = await planner.post(f"/rosters/{planned}/publish", state=await state_on(planner, planned), note="voor <december>")
    assert "This roster is published" in said(done)
    assert f'href="/rosters/{planned}/downloads">To the downloads' in done.text
    assert "voor &lt;december&gt;" in done.text
    assert "the roster is what colleagues were told" in said(done)
    assert "This roster is final" in said(await planner.get(f"/rosters/{planned}/plans"))
    page = await planner.get(f"/rosters/{planned}/publishing")
    reopening = re.search(r'name="reopening" value="([^"]+)"', page.text)
    assert reopening is not None
    asked = await planner.post(f"/rosters/{planned}/replan", reopening=reopening[1], seconds=1)
    await work_off(store, once=True)
    assert "close to the publication" in said(await planner.get(asked.url.path))
    told = await planner.get(f"/rosters/{planned}/history")
    assert [word in said(told) for word in ("Published", "Reopened", "Planned by the program")] == [True] * 3


async def test_the_latest_publication_stands_first(planner: AtWork, store: PostgresStore, roster: str) -> None:
    for note in ("the first word", "the last word"):
        await planner.post(f"/rosters/{roster}/publish", state=await state_on(planner, roster), note=note)
        await planner.post(f"/rosters/{roster}/reopen")
    told = said(await planner.get(f"/rosters/{roster}/publishing"))
    assert 0 < told.index("the last word") < told.index("the first word")


async def test_who_left_has_a_calendar_as_long_as_her_work_was_published(
    planner: AtWork, db: DBConnector, roster: str, sample: PracticeTables
) -> None:
    await planner.post(f"/rosters/{roster}/publish", state=await state_on(planner, roster))
    gone = next(row.employee_id for row in sample.roster_assignments if row.status == SlotStatus.ACTIVE)
    await db.execute("update rosters set status = 'in_progress'")
    for table in ("roster_assignments", "roster_employee_services"):
        await db.execute(f"delete from {table} where employee_id = $1", [gone])
    base = f"/rosters/{roster}/downloads"
    assert f'<option value="{gone}">' in (await planner.get(base)).text
    own = await planner.get(f"{base}/calendar.ics?employee={gone}")
    assert own.text.count("STATUS:CANCELLED") == own.text.count("BEGIN:VEVENT") > 0


async def test_what_somebody_changed_meanwhile_is_not_published(planner: AtWork, store: PostgresStore, roster: str) -> None:
    seen = await state_on(planner, roster)
    await planner.post(f"/rosters/{roster}/plans", solver="greedy")
    under_way = await planner.post(f"/rosters/{roster}/publish", state=seen)
    assert "/plans/" in under_way.url.path
    assert "Nothing was published:" in said(under_way)
    assert "has asked for a plan. Publish the roster when it has ended" in said(await planner.get(f"/rosters/{roster}/publishing"))
    await work_off(store, once=True)
    refused = await planner.post(f"/rosters/{roster}/publish", state=seen)
    assert refused.status_code == 409
    assert await store.publications.list(UUID(roster)) == []


async def test_every_format(planner: AtWork, planned: str, sample: PracticeTables, tmp_path) -> None:  # noqa: ANN001
    base = f"/rosters/{planned}/downloads"
    page = await planner.get(base)
    found: dict[str, bytes] = {}
    for path in re.findall(rf'href="({base}/[^"]+)"', page.text):
        answer = await planner.get(path.replace("&amp;", "&"))
        assert answer.status_code == 200, path
        assert answer.headers["content-disposition"].startswith("attachment; ")
        found[path.rpartition("/")[2]] = answer.content
    assert all(len(pypdf.PdfReader(io.BytesIO(found[f"roster.pdf?paper={paper}"])).pages) for paper in ("a3", "a4"))
    sizes = [pypdf.PdfReader(io.BytesIO(found[f"roster.pdf?paper={paper}"])).pages[0].mediabox for paper in ("a3", "a4")]
    assert sizes[0].width > sizes[1].width
    assert b"<html" in found["roster.html"]
    assert openpyxl.load_workbook(io.BytesIO(found["roster.xlsx"])).sheetnames
    assert found["roster.ics"].startswith(b"BEGIN:VCALENDAR")
    assert json.loads(found["roster.json"])["roster_id"] == planned
    assert b"Anna Mulder" in found["roster.txt"]
    assert len(zipfile.ZipFile(io.BytesIO(found["calendars.zip"])).namelist()) == len(sample.employees) + 1
    (tmp_path / "again.xlsx").write_bytes(found["workbook.xlsx"])
    assert read_workbook(tmp_path / "again.xlsx").practice is not None
    own = await planner.get(f"{base}/calendar.ics?employee={sample.employees[0].id}")
    assert own.content.startswith(b"BEGIN:VCALENDAR")
    assert (await planner.get(f"{base}/calendar.ics?employee=nobody")).status_code == 422
    assert (await planner.get(f"{base}/roster.exe")).status_code in (404, 422)


async def test_what_is_taken_along_is_in_the_readers_language(planner: AtWork, planned: str, sample: PracticeTables) -> None:
    base = f"/rosters/{planned}/downloads"

    async def found(path: str, language: str) -> bytes:
        return (await planner.get(f"{base}/{path}", **{"Accept-Language": language})).content

    sheets = [openpyxl.load_workbook(io.BytesIO(await found("workbook.xlsx", language))).sheetnames for language in ("en", "nl")]
    assert not set(sheets[0]) & set(sheets[1])
    for language, provisional in (("en", b"(provisional)"), ("nl", b"(voorlopig)")):
        assert provisional in await found("roster.ics", language)
        assert provisional in await found(f"calendar.ics?employee={sample.employees[0].id}", language)
        archive = zipfile.ZipFile(io.BytesIO(await found("calendars.zip", language)))
        assert provisional in archive.read("all.ics")
