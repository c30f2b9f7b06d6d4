"""A workbook of entity types that a file declares, into PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import Workbook
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.ingest.rows.importing import RowsOutcome, Tally, import_rows, known_names, layouts_of
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.importer import read_workbook
from greedy.ingest.workbook.layout import Kind
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session

Sheets = Mapping[str, Sequence[Sequence[object]]]

PROJECTS: Sheets = {
    "Tasks": [
        ["User story", "Name", "Depends on", "Details"],
        ["Log in", "Test", "Build", None],
        ["Log in", "Build", "Design", '{"hours": [1, 2.5]}'],
        ["Log in", "Design", None, None],
    ],
    "Clients": [["Name", "Contact email"], ["Acme", "a@acme.example"], ["Bolt", None]],
    "Programs": [["Client", "Name", "Budget"], ["acme", "Web", 1200.5], ["Bolt", "App", None]],
    "Projects": [["Program", "Name", "First day", "Last day", "Active"], ["Web", "Shop", "2026-01-01", "2026-06-30", "ja"]],
    "Usecases": [["Project", "Name"], ["Shop", "Account"]],
    "User stories": [["Usecase", "Name", "Points"], ["Account", "Log in", 3]],
    "Subtasks": [["Task", "Name", "Done on"], ["Build", "Form", None], ["Build", "Session", "2026-02-01"]],
}


def workbook(path: Path, sheets: Sheets) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


async def bring(database: DBConnector | str, types: EntityTypes, path: Path, *, sheets: Sequence[str] = (), **options: Any) -> RowsOutcome:
    """As the command does."""
    async with open_session(database) as session:
        layouts, known = await layouts_of(types, session), await known_names(session, types)
        content = read_workbook(path, layouts=layouts, known=known, sheets=sheets)
        everything = [row for rows in content.rows.values() for row in rows]
        return await import_rows(session, types, content.chosen_rows(), context=everything, path=path, **options)


async def rows_of(session: AsyncSession, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(sa.text(query))]


COUNTS = {"clients": 2, "programs": 2, "projects": 1, "usecases": 1, "user_stories": 1, "tasks": 3, "subtasks": 2}


async def test_seven_levels_by_name_and_again(
    database: DBConnector | str, session: AsyncSession, projects: EntityTypes, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "projects.xlsx", PROJECTS)
    dry = await bring(database, projects, path, dry_run=True)
    assert await rows_of(session, "select count(*) from clients") == [(0,)]
    await session.rollback()
    assert await bring(database, projects, path) == dry
    assert dry.entities == {name: Tally(new=count) for name, count in COUNTS.items()}
    joined = """
        select c.name, p.name, q.name, u.name, s.name, t.name, d.name from subtasks x join tasks t on t.id = x.task_id
        left join tasks d on d.id = t.depends_on join user_stories s on s.id = t.user_story_id join usecases u on u.id = s.usecase_id
        join projects q on q.id = u.project_id join programs p on p.id = q.program_id join clients c on c.id = p.client_id"""
    assert await rows_of(session, joined) == [("Acme", "Web", "Shop", "Account", "Log in", "Build", "Design")] * 2
    await session.rollback()
    assert (await bring(database, projects, path)).entities == {name: Tally(same=count) for name, count in COUNTS.items()}


async def test_a_changed_cell_is_refused_and_replaced(
    database: DBConnector | str, session: AsyncSession, projects: EntityTypes, tmp_path: Path
) -> None:
    await bring(database, projects, workbook(tmp_path / "projects.xlsx", PROJECTS))
    changed = {**PROJECTS, "Programs": [["Client", "Name", "Budget"], ["acme", "Web", 99], ["Bolt", "App", 5]]}
    path = workbook(tmp_path / "changed.xlsx", changed)
    with pytest.raises(WorkbookError) as caught:
        await bring(database, projects, path)
    assert [str(fault).partition(": ")[0] for fault in caught.value.faults] == ["Programs!C2 (Budget)", "Programs!C3 (Budget)"]
    assert "99 here, 1200.5" in str(caught.value.faults[0])
    assert "5 here, empty in the database" in str(caught.value.faults[1])
    assert caught.value.next_step is not None
    assert "--replace" in caught.value.next_step
    outcome = await bring(database, projects, path, replace=True)
    assert outcome.entities["programs"] == Tally(changed=2)
    assert await rows_of(session, "select budget from programs order by budget") == [(5,), (99,)]


async def test_one_sheet_whose_names_are_in_the_database(
    database: DBConnector | str, session: AsyncSession, projects: EntityTypes, tmp_path: Path
) -> None:
    await bring(database, projects, workbook(tmp_path / "projects.xlsx", PROJECTS))
    alone = {"Subtasks": [["Task", "Name"], ["Test", "Click"], ["build", "Form"]]}
    outcome = await bring(database, projects, workbook(tmp_path / "alone.xlsx", alone))
    assert outcome.entities == {"subtasks": Tally(new=1, same=1)}
    more = {**PROJECTS, "Tasks": [*PROJECTS["Tasks"], ["Log in", "Ship", "Test", None]]}
    path = workbook(tmp_path / "more.xlsx", more)
    assert (await bring(database, projects, path, sheets=["Tasks"])).entities == {"tasks": Tally(new=1, same=3)}


async def test_a_sheet_whose_parents_are_not_imported_is_refused(
    database: DBConnector | str, session: AsyncSession, projects: EntityTypes, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "projects.xlsx", PROJECTS)
    with pytest.raises(WorkbookError) as caught:
        await bring(database, projects, path, sheets=["Programs"])
    assert [str(fault) for fault in caught.value.faults] == [
        "Programs!A2 (Client): row 2 of Clients is not in the database; import that sheet too",
        "Programs!A3 (Client): row 3 of Clients is not in the database; import that sheet too",
    ]


async def test_faults_of_parents_are_not_told_again_of_their_children(
    database: DBConnector | str, session: AsyncSession, projects: EntityTypes, tmp_path: Path
) -> None:
    bad = {**PROJECTS, "Clients": [["Name", "Contact email"], ["Acme", "nobody"], ["Bolt", "b@bolt.example"]]}
    bad["Projects"] = [["Program", "Name", "First day", "Last day"], ["App", "x", "2026-06-30", "2026-01-01"]]
    bad["Usecases"] = [["Project", "Name"], ["x", "Account"]]
    with pytest.raises(WorkbookError) as caught:
        await bring(database, projects, workbook(tmp_path / "bad.xlsx", bad))
    assert [str(fault).partition(": ")[0] for fault in caught.value.faults] == [
        "Clients!B2 (Contact email)",
        "Projects!D2 (Last day)",
    ]
    assert await rows_of(session, "select count(*) from clients") == [(0,)]


async def test_a_tree_whose_keys_the_database_makes(database: DBConnector | str, session: AsyncSession) -> None:
    """The key of a folder holds the key of the one that it lies in."""
    made = "generated by default as identity" if isinstance(database, DBConnector) else ""
    ddl = f"create table folders (id integer primary key {made}, inside integer references folders, name varchar(50) not null)"
    await session.execute(sa.text(ddl))
    await session.commit()
    types = EntityTypes([EntityType("folders", "folders", parents={"inside": "folders"}, key=("inside", "name"), known_by=(("name",),))])
    top = PlacedRow("folders", "Folders", 2, {"name": "top"})
    rows = [top]
    for number in range(20):
        rows.append(PlacedRow("folders", "Folders", 3 + number, {"inside": rows[number // 2], "name": f"f{number}"}))
    assert (await import_rows(session, types, rows)).entities == {"folders": Tally(new=21)}
    assert (await import_rows(session, types, rows)).entities == {"folders": Tally(same=21)}
    found = await rows_of(session, "select f.name, i.name from folders f join folders i on i.id = f.inside order by f.id")
    assert sorted(found) == sorted((f"f{n}", "top" if n < 2 else f"f{n // 2 - 1}") for n in range(20))


async def test_sheets_follow_the_tables(session: AsyncSession, projects: EntityTypes) -> None:
    layouts = {layout.entity: layout for layout in await layouts_of(projects, session)}
    assert list(layouts) == list(projects)
    columns = {column.field: column for column in layouts["projects"].columns}
    assert {field: (column.kind, column.required) for field, column in columns.items()} == {
        "id": (Kind.TEXT, False),
        "program_id": (Kind.REFERENCE, True),
        "name": (Kind.TEXT, True),
        "first_day": (Kind.DATE, False),
        "last_day": (Kind.DATE, False),
        "active": (Kind.YES_NO, False),
    }
    assert columns["program_id"].refers_to == "programs"
    assert columns["program_id"].labels[0] == "Program"
    assert layouts["user_stories"].labels == ("User stories", "user_stories")


async def test_a_row_of_no_entity_type_is_refused(session: AsyncSession, projects: EntityTypes) -> None:
    with pytest.raises(InputError, match="there is no entity type 'client'"):
        await import_rows(session, projects, [PlacedRow("client", "Clients", 2, {"name": "a"})])
