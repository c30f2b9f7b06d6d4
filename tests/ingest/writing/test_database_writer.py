"""DatabaseWriter over PostgreSQL and SQLite: what stands in the tables afterwards, and what it says of rows that are not taken."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, SchemaError
from greedy.errors import InputError
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.ingest.writing.violations import (
    CheckViolation,
    ForeignKeyViolation,
    NotNullViolation,
    UniqueViolation,
    ValueViolation,
    Violation,
)
from greedy.ingest.writing.writer import DatabaseWriter

LEVELS = ["clients", "programs", "projects", "usecases", "user_stories", "tasks", "subtasks"]
PARENTS = ["client_id", "program_id", "project_id", "usecase_id", "user_story_id", "task_id"]


async def rows_of(database: DBConnector | str, table: str, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
    """What others see in a table."""
    async with open_session(database) as session:
        return [tuple(row) for row in await session.execute(sa.text(f"select {columns} from {table} order by {order}"))]


async def test_a_hierarchy_is_written_from_the_top_down(writer: DatabaseWriter, database: DBConnector | str) -> None:
    parent: object = await writer.insert_entity("clients", {"name": "Acme"})
    made = [parent]
    for level, column in zip(LEVELS[1:], PARENTS, strict=True):
        ids = await writer.batch_insert_entities(level, [{column: parent, "name": f"{level} {n}"} for n in range(3)])
        parent = ids[-1]
        made.append(parent)
    assert [str(one).split("-")[0] for one in made] == ["client", "program", "project", "usecase", "story", "task", "3"]
    assert re.fullmatch("client-[0-9a-f]{32}", str(made[0]))
    assert writer.get_summary() == {"clients": 1, **dict.fromkeys(LEVELS[1:], 3)}
    await writer.commit_transaction()
    assert [len(await rows_of(database, level)) for level in LEVELS] == [1, 3, 3, 3, 3, 3, 3]


async def test_nothing_stands_before_the_commit_nor_after_a_rollback(projects: EntityTypes, database: DBConnector | str) -> None:
    async with open_session(database) as session:
        writer = DatabaseWriter(session, projects)
        await writer.insert_entity("clients", {"name": "kept"})
        await writer.commit_transaction()
        await writer.batch_insert_entities("clients", [{"name": f"{n}"} for n in range(250)])
        await writer.rollback_transaction()
        assert writer.get_summary()["clients"] == 1
        await writer.batch_insert_entities("clients", [{"name": f"{n}"} for n in range(250)])
    assert await rows_of(database, "clients", "name") == [("kept",)]


async def test_counts_are_a_copy_and_can_be_reset(writer: DatabaseWriter) -> None:
    writer.get_summary()["clients"] = 99
    assert set(writer.get_summary().values()) == {0}
    await writer.insert_entity("clients", {"name": "a"})
    writer.reset_counts()
    assert writer.get_summary()["clients"] == 0
    await writer.rollback_transaction()
    assert writer.get_summary()["clients"] == 0


async def test_times_are_added_where_they_are_absent(session: AsyncSession, projects: EntityTypes, database: DBConnector | str) -> None:
    times = iter(dt.datetime(2026, 3, day, 12, tzinfo=dt.timezone(dt.timedelta(hours=2))) for day in (1, 2))
    writer = DatabaseWriter(session, projects, clock=lambda: next(times))
    own = dt.datetime(2020, 1, 1, 9, tzinfo=dt.UTC)
    await writer.batch_insert_entities("clients", [{"name": "a"}, {"name": "b", "created_at": own}, {"name": "c", "updatedAt": own}])
    await writer.insert_entity("clients", {"name": "d"})
    await writer.commit_transaction()
    await writer.insert_entity("clients", {"name": "e"})
    await writer.commit_transaction()
    stored = [
        tuple(str(value.astimezone(dt.UTC)) if isinstance(value, dt.datetime) else value.replace("T", " ") for value in row)
        for row in await rows_of(database, "clients", "name, created_at, updated_at")
    ]
    now, early, later = "2026-03-01 10", "2020-01-01 09", "2026-03-02 10"
    assert [(name, created[:13], updated[:13]) for name, created, updated in stored] == [
        ("a", now, now),
        ("b", early, now),
        ("c", now, early),
        ("d", now, now),
        ("e", later, later),
    ]


async def test_rows_may_have_different_columns_and_keep_their_order(writer: DatabaseWriter, session: AsyncSession) -> None:
    shapes: list[dict[str, object]] = [{}, {"contact_email": "a@b"}, {"id": None}, {"ID": "own {}"}]
    rows = [{"name": f"{n}", **{key: value and str(value).format(n) for key, value in shapes[n % 4].items()}} for n in range(500)]
    ids = await writer.batch_insert_entities("clients", rows)
    names = {row.id: row.name for row in await session.execute(sa.text("select id, name from clients"))}
    assert [names[one] for one in ids] == [f"{n}" for n in range(500)]
    assert ids[3] == "own 3"


async def test_ids_that_the_database_makes_come_in_the_order_of_the_rows(writer: DatabaseWriter, session: AsyncSession) -> None:
    client = await writer.insert_entity("clients", {"name": "a"})
    program = await writer.insert_entity("programs", {"client_id": client, "name": "a"})
    project = await writer.insert_entity("projects", {"program_id": program, "name": "a"})
    usecase = await writer.insert_entity("usecases", {"project_id": project, "name": "a"})
    story = await writer.insert_entity("user_stories", {"usecase_id": usecase, "name": "a"})
    task = await writer.insert_entity("tasks", {"user_story_id": story, "name": "a", "details": {"hours": [1, 2.5], "who": None}})
    rows = [{"task_id": task, "name": f"{n:04}"} for n in range(250)]
    ids = await writer.batch_insert_entities("subtasks", rows)
    names = {row.id: row.name for row in await session.execute(sa.text("select id, name from subtasks"))}
    assert [names[one] for one in ids] == [f"{n:04}" for n in range(250)]


async def test_a_row_may_belong_to_an_earlier_one_of_the_same_call(writer: DatabaseWriter, session: AsyncSession) -> None:
    await chain(writer)
    await writer.insert_entity("tasks", {"id": "t-1", "name": "first", "user_story_id": "s"})
    rows = [{"id": f"t{n}", "name": f"{n}", "user_story_id": "s", **({} if n % 3 else {"depends_on": f"t{n - 1}"})} for n in range(20)]
    await writer.batch_insert_entities("tasks", rows)
    with pytest.raises(ForeignKeyViolation) as caught:
        await writer.batch_insert_entities("tasks", [{"id": "x", "name": "x", "user_story_id": "s", "depends_on": "nobody"}])
    assert caught.value.columns == ("depends_on",)


async def chain(writer: DatabaseWriter) -> None:
    """One row of each level down to a story, each with a short id."""
    for level, (column, parent), own in zip(
        LEVELS[:5], [("", ""), *zip(PARENTS, "cpqu", strict=False)], ["c", "p", "q", "u", "s"], strict=True
    ):
        await writer.insert_entity(level, {"id": own, "name": own, **({column: parent} if column else {})})


FAULTS: list[tuple[type[Violation], str, dict[str, object], tuple[str, ...], str]] = [
    (ForeignKeyViolation, "programs", {"client_id": "nobody", "name": "x"}, ("client_id",), "clients has no row for client_id nobody"),
    (NotNullViolation, "programs", {"client_id": "c", "name": None}, ("name",), "name needs a value"),
    (NotNullViolation, "programs", {"name": "x"}, ("client_id",), "client_id needs a value"),
    (UniqueViolation, "programs", {"client_id": "c", "name": "p"}, ("client_id", "name"), "another row has client_id c, name p"),
    (UniqueViolation, "programs", {"id": "p", "client_id": "c", "name": "x"}, ("id",), "another row has id p"),
    (CheckViolation, "programs", {"client_id": "c", "name": "x", "budget": -1}, ("budget",), "budget -1 cannot be"),
    (
        CheckViolation,
        "projects",
        {"program_id": "p", "name": "x", "first_day": "2026-02-02", "last_day": dt.date(2026, 1, 1)},
        ("first_day", "last_day"),
        "days_in_order",
    ),
    (
        ValueViolation,
        "projects",
        {"program_id": "p", "name": "x", "first_day": "02-02-2026"},
        ("first_day",),
        "first_day 02-02-2026 is not a date",
    ),
    (ValueViolation, "projects", {"program_id": "p", "name": 12}, ("name",), "name 12 is not text"),
]


PLACES = [0, 1, 57, 99, 100, 150, 198, 199, 42]


async def test_a_row_that_is_not_taken_is_named_and_the_whole_call_undone(writer: DatabaseWriter, session: AsyncSession) -> None:
    for (kind, level, wrong, columns, text), place in zip(FAULTS, PLACES, strict=True):
        await chain(writer)
        parent = {"programs": {"client_id": "c"}, "projects": {"program_id": "p"}}[level]
        rows: list[dict[str, object]] = [{**parent, "name": f"row {n}"} for n in range(200)]
        rows[place] = wrong
        with pytest.raises(kind) as caught:
            await writer.batch_insert_entities(level, rows)
        error = caught.value
        assert type(error) is kind
        assert (error.entity_type, error.row, set(error.columns)) == (level, place, set(columns))
        assert f"{level}, row {place + 1} of 200: " in error.message
        assert text in error.message
        assert error.values == {column: wrong.get(column) for column in columns if column in wrong}
        assert error.next_step
        # Nothing of the call, and all of what went before; then the transaction goes on.
        assert (await session.execute(sa.text(f"select count(*) from {level}"))).scalar_one() == 1
        rows.pop(place)
        await writer.batch_insert_entities(level, rows)
        assert writer.get_summary()[level] == 200
        await writer.rollback_transaction()


async def test_the_first_of_several_faulty_rows_is_told(writer: DatabaseWriter) -> None:
    rows: list[dict[str, object]] = [{"name": f"{n}"} for n in range(300)]
    for place in (131, 132, 190, 299):
        rows[place] = {"name": "0"}
    with pytest.raises(UniqueViolation) as caught:
        await writer.batch_insert_entities("clients", rows)
    assert caught.value.row == 131


async def test_a_deferred_constraint_is_told_at_the_commit(writer: DatabaseWriter, database: DBConnector | str) -> None:
    await writer.insert_entity("clients", {"name": "a"})
    await writer.insert_entity("subtasks", {"task_id": "nobody", "name": "x"})
    with pytest.raises(ForeignKeyViolation) as caught:
        await writer.commit_transaction()
    assert caught.value.row is None
    if isinstance(database, DBConnector):
        assert (caught.value.entity_type, caught.value.constraint, caught.value.columns) == (
            "subtasks",
            "subtasks_task_id_fkey",
            ("task_id",),
        )
        assert "(nobody)" in caught.value.message
    assert writer.get_summary()["clients"] == 0
    assert await rows_of(database, "clients") == []
    await writer.insert_entity("clients", {"name": "b"})
    await writer.commit_transaction()
    assert await rows_of(database, "clients", "name") == [("b",)]


async def test_rows_are_changed_by_what_tells_them_apart(writer: DatabaseWriter, session: AsyncSession) -> None:
    await chain(writer)
    await writer.batch_insert_entities("clients", [{"id": f"c{n}", "name": f"{n}"} for n in range(150)])
    changes = [({"id": f"c{n}"}, {"name": f"new {n}"} if n % 2 else {"contact_email": "a@b"}) for n in range(150)]
    await writer.batch_update_entities("clients", changes)
    stored = {row.id: (row.name, row.contact_email) for row in await session.execute(sa.text("select * from clients"))}
    assert stored["c7"] == ("new 7", None)
    assert stored["c8"] == ("8", "a@b")
    changes[140] = ({"id": "c140"}, {"name": "new 1"})
    with pytest.raises(UniqueViolation) as caught:
        await writer.batch_update_entities("clients", changes)
    assert (caught.value.row, caught.value.values) == (140, {"name": "new 1"})


async def test_names_that_are_none_are_refused_with_the_nearest(writer: DatabaseWriter) -> None:
    with pytest.raises(ColumnMatchError, match="Did you mean: contact_email"):
        await writer.insert_entity("clients", {"name": "a", "contact_mail": "a@b"})
    with pytest.raises(InputError, match="there is no entity type 'client'. Did you mean: clients"):
        await writer.insert_entity("client", {"name": "a"})
    with pytest.raises(InputError, match="name and Name are both the column name"):
        await writer.insert_entity("clients", {"name": "a", "Name": "b"})
    with pytest.raises(InputError, match="no mapping"):
        await writer.batch_insert_entities("clients", ["a"])  # type: ignore[list-item]
    assert await writer.batch_insert_entities("clients", []) == []
    with pytest.raises(InputError, match="a batch of 0 rows"):
        DatabaseWriter(writer.session, writer.types, batch_size=0)


async def test_tables_that_are_not_there_are_told(session: AsyncSession) -> None:
    writer = DatabaseWriter(
        session, EntityTypes([EntityType("client", "clint"), EntityType("odd", "clients", parents={"boss_id": "client"}, key=("nam",))])
    )
    with pytest.raises(SchemaError, match="no table 'clint', .* Did you mean: clients"):
        await writer.insert_entity("client", {"name": "a"})
    with pytest.raises(SchemaError, match="clients has no column boss_id, nam, which entity type odd names"):
        await writer.insert_entity("odd", {"name": "a"})


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_the_size_of_batches_changes_nothing_else(session: AsyncSession, projects: EntityTypes, size: int) -> None:
    writer = DatabaseWriter(session, projects, batch_size=size)
    rows: list[dict[str, object]] = [{"name": f"{n}"} for n in range(20)]
    ids = await writer.batch_insert_entities("clients", rows)
    assert len(set(ids)) == 20
    with pytest.raises(NotNullViolation) as caught:
        await writer.batch_insert_entities("programs", [{"client_id": ids[0], "name": "x"}, {"client_id": None, "name": "y"}])
    assert caught.value.row == 1


async def test_any_session_of_sqlite_does(projects: EntityTypes, tmp_path: Any) -> None:
    """Whose engine nobody prepared: foreign keys off, and a transaction that Python's module begins when it likes."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'plain.db'}")
    async with engine.begin() as connection:
        await connection.exec_driver_sql("create table clients (id text primary key, name text not null)")
        await connection.exec_driver_sql("create table programs (id text primary key, client_id text references clients, name text)")
    types = EntityTypes([EntityType("clients", "clients"), EntityType("programs", "programs", parents={"client_id": "clients"})])
    async with AsyncSession(engine) as session:
        writer = DatabaseWriter(session, types)
        with pytest.raises(ForeignKeyViolation, match="client_id nobody"):
            await writer.insert_entity("programs", {"client_id": "nobody"})
        await writer.insert_entity("clients", {"name": "a"})
        await writer.rollback_transaction()
        assert (await session.execute(sa.text("select count(*) from clients"))).scalar_one() == 0
    await engine.dispose()  # whose connection has foreign keys on by now
    async with AsyncSession(engine) as session:
        await session.execute(sa.text("insert into clients values ('c', 'begun before the writer')"))
        with pytest.raises(InputError, match="foreign keys are off"):
            await DatabaseWriter(session, types).insert_entity("programs", {"client_id": "nobody"})
        await session.commit()
        assert await DatabaseWriter(session, types).insert_entity("programs", {"client_id": "c"})
    await engine.dispose()
