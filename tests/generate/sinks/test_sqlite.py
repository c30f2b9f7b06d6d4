from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from greedy.errors import InputError, OutsideError
from greedy.generate.generator import MasterDataGenerator
from greedy.generate.people import chunk_ranges
from greedy.generate.sinks.base import BATCH_ROWS
from greedy.generate.sinks.sqlite import SqliteFile
from greedy.generate.sinks.sqlite_rows import make_tables
from greedy.generate.tables import TABLES
from tests.generate.small import SMALL, counts_in, counts_of, generated_rows

OTHER = SMALL.model_copy(update={"practices": 2, "employees": 9, "seed": 8})


@asynccontextmanager
async def session_over(path: Path) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


def engine_of(session: AsyncSession) -> AsyncEngine:
    assert isinstance(session.bind, AsyncEngine)
    return session.bind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


def asked(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_the_file_holds_what_was_generated_as_text_that_tells_it(path: Path) -> None:
    summary = await MasterDataGenerator(SMALL).generate([SqliteFile(path)])
    assert counts_in(path) == summary.rows == counts_of()
    assert summary.sinks[0].rows == sum(summary.rows.values())
    made = generated_rows()
    contract = asked(path, "select hours_per_week, typeof(hours_per_week), start_date, end_date from contracts order by employee_id")[0]
    assert contract == (str(made["contracts"][0]["hours_per_week"]), "text", made["contracts"][0]["start_date"].isoformat(), None)
    kinds = asked(path, "select distinct typeof(actief), typeof(structureel_nbh), typeof(aantalwerkdagen) from employees")
    assert kinds == [("integer", "text", "integer")]
    assert asked(path, "select distinct actief from employees") == [(1,)]
    assert {len(id_) for (id_,) in asked(path, "select id from roster_period_staffing_dagdelen")} == {36}
    assert asked(path, "select begintijd from service_types where code = 'DIO'")[0][0].startswith("09:00")
    assert asked(path, "select distinct date from planted_assignments order by 1")[0] == (SMALL.first_day.isoformat(),)


async def test_foreign_keys_hold_and_are_declared(path: Path) -> None:
    await MasterDataGenerator(SMALL).generate([SqliteFile(path)])
    assert asked(path, "pragma foreign_key_check") == []
    assert asked(path, "pragma integrity_check") == [("ok",)]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma foreign_keys = on")
        for name, table in TABLES.items():
            declared = {row[2] for row in connection.execute(f"pragma foreign_key_list({name})")}
            assert declared == {reference.table for reference in table.references}
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            connection.execute("update contracts set team_id = 'nowhere'")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute("update roster_assignments set id = (select min(id) from roster_assignments)")


async def test_the_same_configuration_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.db", "two.db"):
        await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / name)])
    await MasterDataGenerator(SMALL.model_copy(update={"seed": 8})).generate([SqliteFile(tmp_path / "other.db")])
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes() != (tmp_path / "other.db").read_bytes()


async def test_the_file_appears_at_the_end_and_nothing_lies_beside_it(path: Path) -> None:
    seen: list[bool] = []
    await MasterDataGenerator(SMALL).generate([SqliteFile(path)], tell=lambda *_: seen.append(path.exists()))
    assert seen
    assert not any(seen)
    assert [file.name for file in path.parent.iterdir()] == ["x.db"]


async def test_rows_go_in_batches_of_ten_thousand(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greedy.generate.sinks.sqlite_rows.BATCH_ROWS", 100)
    assert BATCH_ROWS == 10_000
    sizes: list[int] = []
    async with session_over(path) as session:

        @event.listens_for(engine_of(session).sync_engine, "before_cursor_execute")
        def _count(*args: Any) -> None:
            if args[-1]:
                sizes.append(len(args[3]))

        await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert max(sizes) == 100
    assert sum(sizes) == sum(counts_of().values())


async def test_a_session_is_committed_once_and_at_the_end(path: Path) -> None:
    steps: list[str] = []
    async with session_over(path) as session:
        engine = engine_of(session).sync_engine
        event.listen(engine, "commit", lambda _: steps.append("commit"))
        event.listen(engine, "before_cursor_execute", lambda *args: steps.append("insert") if args[-1] else None)
        summary = await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert steps.count("commit") == 1
    assert steps[-1] == "commit"
    assert summary.sinks[0].name == f"SQLite {path}"
    assert counts_in(path) == counts_of()


async def test_a_second_generation_in_the_same_database_is_refused_and_changes_nothing(path: Path) -> None:
    async with session_over(path) as session:
        await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
        before = path.read_bytes()
        with pytest.raises(InputError, match="holds rows of a generation already.*UNIQUE constraint failed") as refused:
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert refused.value.next_step == "give another database"
    assert path.read_bytes() == before


async def test_what_the_session_held_before_is_rolled_back_too_and_no_table_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_ranges, "LARGEST_CHUNK_SLOTS", 1)  # a chunk for each practice
    async with session_over(path) as session:
        connection = await session.connection()
        await connection.exec_driver_sql("pragma max_page_count = 40")
        with pytest.raises(OutsideError, match="the disk is full; nothing was written"):
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session, parallel=False)
        assert not session.in_transaction()
    assert asked(path, "select name from sqlite_master") == []


async def test_tables_of_the_same_name_with_other_columns_are_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table practices (id text primary key, name text)")
    async with session_over(path) as session:
        with pytest.raises(InputError, match="table practices .* has no column region_id, number, place"):
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert asked(path, "select name from sqlite_master where type = 'table'") == [("practices",)]


async def test_a_session_over_postgresql_is_refused_before_it_connects() -> None:
    engine = create_async_engine("postgresql+asyncpg://nobody:secret@nowhere/x")
    async with AsyncSession(engine) as session:
        with pytest.raises(InputError, match="the session leads to postgresql") as refused:
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert "database=" in str(refused.value.next_step)
    assert "secret" not in str(refused.value)
    await engine.dispose()


async def test_a_session_in_memory_is_used_as_it_is() -> None:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with AsyncSession(engine) as session:
        summary = await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
        connection = await session.connection()
        assert (await connection.exec_driver_sql("select count(*) from employees")).scalar_one() == 24
    assert summary.sinks[0].name == "SQLite in memory"
    await engine.dispose()


async def test_tables_one_by_one_give_what_all_at_once_give(tmp_path: Path) -> None:
    generator = MasterDataGenerator(SMALL)
    async with session_over(tmp_path / "one.db") as session:
        counts = {name: await getattr(generator, f"generate_{name}_async")(session) for name in TABLES}
        await session.commit()
    await generator.generate([SqliteFile(tmp_path / "all.db")])
    assert counts == counts_of()
    for name, table in TABLES.items():
        query = f"select * from {name} order by {', '.join(table.key)}"
        assert asked(tmp_path / "one.db", query) == asked(tmp_path / "all.db", query)


@pytest.mark.parametrize("checked_by_sqlite", [True, False])
async def test_a_table_before_its_parents_is_refused(path: Path, checked_by_sqlite: bool) -> None:
    generator = MasterDataGenerator(SMALL)
    async with session_over(path) as session:
        if checked_by_sqlite:
            connection = await session.connection()
            await connection.exec_driver_sql("pragma foreign_keys = on")
        await generator.generate_regions_async(session)
        await session.commit()
        with pytest.raises(InputError, match="refer"):
            await generator.generate_teams_async(session)
        assert not session.in_transaction()
        assert await generator.generate_practices_async(session) == 3
        assert await generator.generate_teams_async(session) == 9
        await session.rollback()  # nothing was committed without the caller
    assert asked(path, "select count(*) from regions") != [(0,)]
    assert asked(path, "select name from sqlite_master where name = 'teams'") == []


async def test_rows_that_refer_to_nothing_are_found_where_sqlite_does_not_look(path: Path) -> None:
    async with session_over(path) as session:
        connection = await session.connection()
        await make_tables(connection, TABLES)
        await connection.exec_driver_sql("insert into teams values ('a', 'nowhere', 'Groen', 'x')")
        await session.commit()
        with pytest.raises(InputError, match="a row of teams refers to one of practices that is not there"):
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    assert asked(path, "select count(*) from practices") == [(0,)]


async def test_a_file_that_the_generator_made_is_replaced_when_asked(path: Path) -> None:
    await MasterDataGenerator(SMALL).generate([SqliteFile(path)])
    path.chmod(0o600)
    with pytest.raises(InputError, match="exists already") as refused:
        await MasterDataGenerator(OTHER).generate([SqliteFile(path)])
    assert "--force" in str(refused.value.next_step)
    assert counts_in(path) == counts_of()
    await MasterDataGenerator(OTHER).generate([SqliteFile(path, replace=True)])
    assert counts_in(path) == counts_of(OTHER)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_file_of_others_is_never_replaced(path: Path) -> None:
    for content in (b"", b"diary", b"SQLite format 3\x00" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises(InputError, match="was not made by the generator"):
            await MasterDataGenerator(SMALL).generate([SqliteFile(path, replace=True)])
        assert path.read_bytes() == content


async def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "x.db")
    await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "link.db")])
    assert counts_in(tmp_path / "real" / "x.db") == counts_of()
    assert (tmp_path / "link.db").is_symlink()


async def test_names_of_files_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "é x?mode=ro#1 %20.db"
    await MasterDataGenerator(SMALL).generate([SqliteFile(path)])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert counts_in(path) == counts_of()
