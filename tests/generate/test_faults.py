"""What can go wrong while files are written: a clear error, and nothing half-written."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from structlog.testing import capture_logs

from greedy.errors import GreedyError, InputError, OutsideError
from greedy.generate.generator import MasterDataGenerator
from greedy.generate.people import chunk_ranges
from greedy.generate.sinks import running
from greedy.generate.sinks.base import Sink
from greedy.generate.sinks.csv_folder import CsvFolder
from greedy.generate.sinks.sqlite import SqliteFile
from tests.generate.small import SMALL, counts_in, counts_of, files_in
from tests.rights import as_nobody

Make = Callable[[Path], Sink]
BOTH = pytest.mark.parametrize("make", [SqliteFile, CsvFolder])


async def refused(*sinks: Sink) -> GreedyError:
    """The error of a generation that is refused."""
    with pytest.raises(GreedyError) as error:
        await MasterDataGenerator(SMALL).generate(sinks, parallel=False)
    assert error.value.next_step
    return error.value


@pytest.fixture(autouse=True)
def one_practice_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_ranges, "LARGEST_CHUNK_SLOTS", 1)


@BOTH
async def test_no_such_folder(make: Make, tmp_path: Path) -> None:
    error = await refused(make(tmp_path / "missing" / "x"))
    assert isinstance(error, InputError)
    assert f"{tmp_path / 'missing'} does not exist" in error.message
    assert list(tmp_path.iterdir()) == []


@BOTH
async def test_a_file_where_the_folder_should_be(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    error = await refused(make(tmp_path / "file" / "x"))
    assert isinstance(error, InputError)
    assert f"{tmp_path / 'file'} is no folder" in error.message


@BOTH
async def test_something_else_lies_there(make: Make, tmp_path: Path) -> None:
    place = tmp_path / "x"
    place.mkdir()
    (place / "mine").write_text("mine")
    assert isinstance(await refused(make(place)), InputError)
    assert files_in(tmp_path) == {"x/mine": b"mine"}
    (tmp_path / "file").write_text("mine")
    assert isinstance(await refused(make(tmp_path / "file")), InputError)
    assert (tmp_path / "file").read_text() == "mine"


@BOTH
async def test_a_link_that_leads_nowhere(make: Make, tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("x")
    assert isinstance(error := await refused(make(tmp_path / "x")), InputError)
    assert error.message.endswith(f"{tmp_path / 'x'} is a link that leads to itself")
    (tmp_path / "y").symlink_to(tmp_path / "missing" / "y")
    assert f"{tmp_path / 'missing'} does not exist" in (await refused(make(tmp_path / "y"))).message
    assert {path.name for path in tmp_path.iterdir()} == {"x", "y"}


@BOTH
async def test_it_came_to_be_there_meanwhile(make: Make, tmp_path: Path) -> None:
    place = tmp_path / "x"

    def tell(*_: object) -> None:
        place.mkdir(exist_ok=True)
        (place / "mine").write_text("mine")

    with pytest.raises(InputError):
        await MasterDataGenerator(SMALL).generate([make(place)], parallel=False, tell=tell)
    assert files_in(tmp_path) == {"x/mine": b"mine"}


@BOTH
async def test_a_folder_that_is_read_only(make: Make) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o555)
        with as_nobody():
            error = await refused(make(folder / "x"))
        assert isinstance(error, InputError)
        assert f"{folder / 'x'} cannot be written: Permission denied" in error.message
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("make", "limit"), [("SqliteFile", 100_000), ("CsvFolder", 3_000)])
def test_a_disk_that_takes_no_more(make: str, limit: int, tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from greedy.generate.config import GeneratorConfig\n"
        "from greedy.generate.generator import MasterDataGenerator\n"
        "from greedy.generate.sinks.csv_folder import CsvFolder\n"
        "from greedy.generate.sinks.sqlite import SqliteFile\n"
        f"sink = {make}(Path(sys.argv[1]))\n"
        "asyncio.run(MasterDataGenerator(GeneratorConfig(practices=3, employees=40)).generate([sink], parallel=False))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("greedy.errors.OutsideError"), done.stderr
    assert "nothing was written" in last
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_another_program_has_locked(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 0})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        async with AsyncSession(engine) as session:
            with pytest.raises(OutsideError, match=f"SQLite {path} is locked by another program") as error:
                await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
        other.execute("rollback")
        assert error.value.retryable
        async with AsyncSession(engine) as session:
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    await engine.dispose()
    assert counts_in(path) == counts_of()


async def test_a_file_that_another_program_uses_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await MasterDataGenerator(SMALL).generate([SqliteFile(path)], parallel=False)
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        assert "is locked by another program" in (await refused(SqliteFile(path, replace=True))).message
    assert files_in(tmp_path) == {"x.db": before}


async def test_a_journal_that_was_left_is_not_taken_for_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "x.db-journal").write_bytes(b"left")
    error = await refused(SqliteFile(tmp_path / "x.db"))
    assert error.message == f"{tmp_path / 'x.db-journal'} is left of an earlier database"


async def test_a_session_that_may_only_read(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    sqlite3.connect(path).executescript("create table mine (x)").connection.close()
    engine = create_async_engine(f"sqlite+aiosqlite:///file:{path}?mode=ro&uri=true")
    async with AsyncSession(engine) as session:
        with pytest.raises(InputError, match="it is read-only"):
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session, True, tmp_path / "out")
    await engine.dispose()
    assert [file.name for file in tmp_path.iterdir()] == ["x.db"]


async def test_a_session_that_has_failed_or_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the session: This session is not bound"):
        await MasterDataGenerator(SMALL).generate_all_master_data_async(AsyncSession())
    path = tmp_path / "x.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine, close_resets_only=False) as session:
        await session.close()
        with pytest.raises(InputError, match="permanently closed") as error:
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session, True, tmp_path / "out")
    await engine.dispose()
    assert error.value.message.startswith(f"SQLite {path}: ")
    assert list(tmp_path.iterdir()) == []


async def test_a_session_over_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database" * 100)
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with AsyncSession(engine) as session:
        with pytest.raises(InputError, match="is no sound SQLite database"):
            await MasterDataGenerator(SMALL).generate_all_master_data_async(session)
    await engine.dispose()
    assert files_in(tmp_path) == {"x.db": b"no database" * 100}


async def test_when_the_database_fails_the_folder_goes_on_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) as session:
        connection = await session.connection()
        await connection.exec_driver_sql("pragma max_page_count = 40")
        with capture_logs() as logs:
            summary = await MasterDataGenerator(SMALL).generate_all_master_data_async(session, True, tmp_path / "out", parallel=False)
    await engine.dispose()
    database, folder = summary.sinks
    assert not summary.complete
    assert database.failed == f"SQLite {path}: the disk is full; nothing was written"
    assert "another place" in str(database.next_step)
    assert folder.failed is None
    assert folder.rows == sum(summary.rows.values()) > database.rows > 0
    assert summary.rows == counts_of()
    assert [(event["event"], event["sink"], event["log_level"]) for event in logs] == [("generate.sink_failed", database.name, "warning")]
    await MasterDataGenerator(SMALL).generate([CsvFolder(tmp_path / "alone")], parallel=False)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "alone")
    with closing(sqlite3.connect(path)) as connection_after:
        assert connection_after.execute("select count(*) from sqlite_master").fetchone() == (0,)


async def test_when_the_folder_fails_the_database_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 1)
    out = tmp_path / "out"

    def tell(*_: object) -> None:
        if not out.exists():  # at the database's first rows, when the folder waits for more
            out.write_text("mine")

    summary = await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "x.db"), CsvFolder(out)], parallel=False, tell=tell)
    database, folder = summary.sinks
    assert database.failed is None
    assert folder.failed == f"{out} is a file, and a folder is to be made there"
    assert counts_in(tmp_path / "x.db") == counts_of()
    assert {file.name for file in tmp_path.iterdir()} == {"x.db", "out"}


async def test_when_all_fail_the_first_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 1)

    def tell(*_: object) -> None:
        for name in ("x.db", "out"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "mine").touch()

    with pytest.raises(InputError, match="x.db exists already"):
        await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "x.db"), CsvFolder(tmp_path / "out")], parallel=False, tell=tell)
    assert set(files_in(tmp_path)) == {"x.db/mine", "out/mine"}


async def test_a_place_that_cannot_be_written_to_is_told_before_any_is_written_to(tmp_path: Path) -> None:
    told: list[object] = []
    sinks = [SqliteFile(tmp_path / "x.db"), CsvFolder(tmp_path / "missing" / "out")]
    with pytest.raises(InputError, match="does not exist"):
        await MasterDataGenerator(SMALL).generate(sinks, tell=lambda *step: told.append(step))
    assert told == []
    assert list(tmp_path.iterdir()) == []
