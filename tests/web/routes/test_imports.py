"""A workbook is taken as `greedy import` takes it: looked through first, with every fault, and imported when the planner says so."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import openpyxl
import pytest
from pydantic import SecretStr

from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.importer import read_workbook
from greedy.settings import Settings
from greedy.store.postgres import PostgresStore
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.wording import words_of
from tests.supabase_project import Project
from tests.web.conftest import TOKEN
from tests.web.routes.conftest import AtWork, at_work, said

WORKBOOKS = Path(__file__).parents[2] / "data" / "workbooks"
FAULTY = "faults-everywhere.xlsx"
UNREADABLE = ("encrypted.xlsx", "cut-in-half.xlsx", "laughs-in-strings.xlsx", "web-page.xls", "empty-file.xlsx")


@pytest.fixture
def workbook() -> bytes:
    """A small roster as a workbook."""
    return (WORKBOOKS / "practice.xlsx").read_bytes()


@pytest.fixture
def practice() -> PracticeTables:
    """The same as tables."""
    tables = read_workbook(WORKBOOKS / "practice.xlsx").practice
    assert tables is not None
    return tables


def english_words(text: str) -> list[str]:
    """Words that no Dutch sentence has."""
    return re.findall(r"\b(?:the|and|not|with|which|this|row|cell|write|workbook|sheet|file|has|holds)\b", text, re.IGNORECASE)


async def upload(planner: AtWork, content: bytes, name: str = "rooster.xlsx"):  # noqa: ANN201
    return await planner.post("/imports", files={"workbook": (name, content)})


async def test_it_is_looked_through_and_then_imported(
    planner: AtWork, workbook: bytes, practice: PracticeTables, store: PostgresStore
) -> None:
    checked = await upload(planner, workbook)
    assert "This would be imported" in said(checked)
    assert f"Medewerkers {len(practice.employees)}" in said(checked)
    assert await store.list_rosters() == []
    done = await planner.post(checked.url.path, follow=False)
    assert (done.status_code, done.headers["location"]) == (303, f"/rosters/{practice.roster.id}")
    assert [one.id for one in await store.list_rosters()] == [practice.roster.id]
    assert "no longer here" in said(await planner.get(checked.url.path))
    assert [line.actor for line in await store.changes.list(practice.roster.id)] == ["Anna"]
    assert "would change nothing" in said(await upload(planner, workbook))


async def test_what_the_database_has_otherwise_is_overwritten_only_when_asked(
    planner: AtWork, workbook: bytes, practice: PracticeTables, store: PostgresStore
) -> None:
    renamed = practice.model_copy(update={"rosters": [practice.roster.model_copy(update={"naam": "an older name"})]})
    await store.import_tables(renamed)
    checked = await upload(planner, workbook)
    assert checked.status_code == 409
    assert "has something else" in said(checked)
    refused = await planner.post(checked.url.path)
    assert (refused.status_code, (await store.list_rosters())[0].naam) == (409, "an older name")
    again = await planner.get(f"{checked.url.path}?replace=true")
    assert "thrown away" in said(again)
    assert (await store.list_rosters())[0].naam == "an older name"
    await planner.post(checked.url.path, follow=False, replace="true")
    assert (await store.list_rosters())[0].naam == practice.roster.naam


async def test_over_rest_too(project: Project, workbook: bytes, practice: PracticeTables, store: PostgresStore, settings: Settings) -> None:
    hosted = settings.model_copy(update={"supabase_url": project.url, "supabase_key": SecretStr(project.secret_key)})
    async with at_work(create_app(hosted, access=Access(token=TOKEN, host_planner="Anna"))) as planner:
        checked = await upload(planner, workbook)
        assert "This would be imported" in said(checked)
        assert await store.list_rosters() == []
        await planner.post(checked.url.path, follow=False)
        assert (await upload(planner, (WORKBOOKS / FAULTY).read_bytes())).status_code == 422
    assert [one.id for one in await store.list_rosters()] == [practice.roster.id]


async def test_faults_are_those_of_greedy_import(planner: AtWork, store: PostgresStore) -> None:
    with pytest.raises(WorkbookError) as caught:
        read_workbook(WORKBOOKS / FAULTY)
    answer = await upload(planner, (WORKBOOKS / FAULTY).read_bytes())
    assert answer.status_code == 422
    told = html.unescape(said(answer))
    assert [fault for fault in caught.value.faults if " ".join(fault.message.split()) not in told] == []
    assert f"{len(caught.value.faults)} fault" in told
    marked = await planner.get(f"{answer.url.path}/marked.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(marked.content)).worksheets
    assert await store.list_rosters() == []
    dutch = await planner.get(answer.url.path, **{"Accept-Language": "nl"})
    told = html.unescape(said(dutch))
    assert [fault for fault in caught.value.faults if " ".join(words_of("nl").say(fault.message).split()) not in told] == []
    assert english_words(told) == []
    marked = await planner.get(f"{answer.url.path}/marked.xlsx", **{"Accept-Language": "nl"})
    listed = openpyxl.load_workbook(io.BytesIO(marked.content)).worksheets[0]
    assert [row[3] for row in listed.iter_rows(min_row=2, values_only=True)] == [
        words_of("nl").say(one.message) for one in caught.value.faults
    ]


async def test_what_cannot_be_read_is_told_as_by_greedy_import(planner: AtWork) -> None:
    for path in (WORKBOOKS / name for name in UNREADABLE):
        with pytest.raises(InputError) as caught:
            read_workbook(path)
        answer = await upload(planner, path.read_bytes(), path.name)
        assert answer.status_code == 422
        told = html.unescape(said(answer))
        assert " ".join(caught.value.message.replace(str(path), path.name).split(";")[0].split()) in told
        assert "/uploads/" not in told
        assert english_words(html.unescape(said(await planner.get(answer.url.path, **{"Accept-Language": "nl"})))) == []


async def test_its_name_is_text_and_nothing_else(planner: AtWork) -> None:
    for name in ("<script>alert(1)</script>.xlsx", "x" * 300 + ".xlsx", "\u202egnp.xlsx", "🗓️ rooster.xlsx"):
        checked = await upload(planner, b"no workbook", name)
        assert checked.status_code == 422
        assert "<script>alert" not in checked.text


async def test_a_form_without_a_file_is_told_so(planner: AtWork) -> None:
    assert (await planner.post("/imports")).status_code == 422
    empty = await upload(planner, b"")
    assert "is empty, a file of 0 bytes" in said(empty)


async def test_an_empty_workbook_to_fill(planner: AtWork) -> None:
    answer = await planner.get("/imports/template.xlsx")
    assert "Employees" in openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames
