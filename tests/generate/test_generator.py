from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from greedy.errors import InputError, OutsideError
from greedy.generate import generator
from greedy.generate.config import GeneratorConfig
from greedy.generate.generator import MasterDataGenerator
from greedy.generate.making.chunks import chunk_of
from greedy.generate.making.workers import made_ahead
from greedy.generate.people import chunk_ranges
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.sinks.csv_folder import CsvFolder
from greedy.generate.sinks.sqlite import SqliteFile
from greedy.generate.tables import TABLES
from tests.generate.small import SMALL, counts_in, counts_of, files_in
from tests.timing import PATIENCE_SECONDS

MANY = SMALL.model_copy(update={"practices": 9, "employees": 50})
ENDLESS = GeneratorConfig(practices=2000, employees=60_000)  # its processes are not done before a test is


def workers() -> list[psutil.Process]:
    """Processes that this one has started to make rows, and that have not ended."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has just ended, or is dead and nobody has looked yet
            if "greedy.generate.making.worker" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.fixture
def one_practice_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few practices are worth processes of their own."""
    monkeypatch.setattr(chunk_ranges, "LARGEST_CHUNK_SLOTS", 1)
    monkeypatch.setattr(generator, "FEWEST_CHUNKS", 2)


def test_chunks_are_all_practices_in_turn_and_no_larger_than_memory_allows() -> None:
    config = GeneratorConfig(practices=400, employees=8000, weeks=5)
    found = chunks_of(config)
    assert [number for practices in found for number in practices] == list(range(400))
    sizes = chunk_ranges.practice_sizes(config)
    assert len(found) > 3
    for practices in found:
        assert len(practices) * sizes[practices.start : practices.stop].max() * 35 * 3 <= chunk_ranges.LARGEST_CHUNK_SLOTS


def test_a_practice_that_is_larger_comes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_ranges, "LARGEST_CHUNK_SLOTS", 1)
    assert chunks_of(SMALL) == [range(1), range(1, 2), range(2, 3)]


def test_a_chunk_has_one_batch_a_table_parents_first() -> None:
    names = [batch.table.name for batch in chunk_of(SMALL, range(3))]
    assert names == [name for name in TABLES if name in names]
    assert [batch.table.name for batch in chunk_of(SMALL, range(1, 3))] == [
        name for name in names if name not in {"regions", "service_types", "service_blocking_rules"}
    ]


async def test_chunks_and_processes_do_not_change_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    monkeypatch.setattr(generator, "FEWEST_CHUNKS", 2)
    monkeypatch.setattr(generator, "made_ahead", lambda *args: (used.append(len(args[1])), made_ahead(*args, count=2))[1])
    for name, slots in (("large", 10**9), ("small", 4000), ("least", 1)):
        monkeypatch.setattr(chunk_ranges, "LARGEST_CHUNK_SLOTS", slots)
        for parallel in (False, True):
            await MasterDataGenerator(MANY).generate([CsvFolder(tmp_path / f"{name} {parallel}")], parallel=parallel)
    whole = files_in(tmp_path / "large False")
    assert all(files_in(folder) == whole for folder in tmp_path.iterdir())
    assert used == [len(chunks_of(MANY))] * len(used) != []
    assert workers() == []


async def test_several_sinks_at_once_hold_what_each_holds_alone(tmp_path: Path) -> None:
    for name in ("alone", "together"):
        (tmp_path / name).mkdir()
    await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "alone" / "x.db")])
    await MasterDataGenerator(SMALL).generate([CsvFolder(tmp_path / "alone" / "csv")])
    both = [SqliteFile(tmp_path / "together" / "x.db"), CsvFolder(tmp_path / "together" / "csv")]
    summary = await MasterDataGenerator(SMALL).generate(both)
    assert files_in(tmp_path / "together") == files_in(tmp_path / "alone")
    assert [(sink.rows, sink.failed) for sink in summary.sinks] == [(sum(summary.rows.values()), None)] * 2
    assert summary.complete


async def test_the_summary_tells_what_is_known(tmp_path: Path) -> None:
    config = SMALL.model_copy(update={"shortage": 0.2})
    summary = await MasterDataGenerator(config).generate([SqliteFile(tmp_path / "x.db")])
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        required, best = connection.execute("select sum(required), sum(best) from planted_rosters").fetchone()
        asked = connection.execute("select sum(aantal) from roster_period_staffing_dagdelen").fetchone()[0]
    assert (summary.required, summary.best, summary.shortage) == (required, best, required - best)
    assert summary.required == asked > summary.best
    assert (summary.practices, summary.employees, summary.rosters) == (3, 24, 3)
    assert summary.rows == counts_of(config)
    assert summary.seconds > 0


async def test_the_one_call_writes_to_a_session_and_a_folder(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with AsyncSession(engine) as session:
        summary = await MasterDataGenerator(SMALL).generate_all_master_data_async(session, True, tmp_path / "out", parallel=False)
    await engine.dispose()
    assert [sink.name.split()[0] for sink in summary.sinks] == ["SQLite", "CSV"]
    assert counts_in(tmp_path / "x.db") == counts_of()
    assert len(list((tmp_path / "out" / "rosters").iterdir())) == 3


@pytest.mark.parametrize(("export", "folder"), [(True, None), (False, "out")])
async def test_a_folder_without_export_and_the_other_way_round_are_refused(tmp_path: Path, export: bool, folder: str | None) -> None:
    with pytest.raises(InputError, match="output_dir with export_csv"):
        await MasterDataGenerator(SMALL).generate_all_master_data_async(export_csv=export, output_dir=folder and tmp_path / folder)
    assert list(tmp_path.iterdir()) == []


async def test_nowhere_to_write_to_is_refused() -> None:
    with pytest.raises(InputError, match="nowhere to write to") as refused:
        await MasterDataGenerator(SMALL).generate_all_master_data_async()
    assert all(word in str(refused.value.next_step) for word in ("session", "export_csv", "database"))


def test_callers_without_a_loop_have_a_call_of_their_own(tmp_path: Path) -> None:
    summary = MasterDataGenerator(SMALL).generate_all_master_data(tmp_path / "out")
    assert summary.sinks[0].name == f"CSV folder {tmp_path / 'out'}"
    assert summary.rows == counts_of()


async def test_within_a_loop_that_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="within an event loop") as refused:
        MasterDataGenerator(SMALL).generate_all_master_data(tmp_path / "out")
    assert "generate_all_master_data_async" in str(refused.value.next_step)
    assert list(tmp_path.iterdir()) == []


async def test_progress_is_told_each_ten_thousand_rows_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_practice_a_chunk: None
) -> None:
    monkeypatch.setattr("greedy.generate.sinks.running.BATCH_ROWS", 20)
    told: list[tuple[str, int, int | None]] = []
    await MasterDataGenerator(MANY).generate(
        [SqliteFile(tmp_path / "x.db"), CsvFolder(tmp_path / "out")], parallel=False, tell=lambda *step: told.append(step)
    )
    of_employees = [step for step in told if step[0] == "employees"]
    assert of_employees[-1] == ("employees", 50, 50)
    assert [rows // 20 for _, rows, _ in of_employees] == [1, 2, 2]
    assert all(total is None for name, _, total in told if name == "planted_assignments")
    assert [step for step in told if step[0] == "rosters"] == [("rosters", 9, 9)]


async def test_an_impossible_demand_is_refused_by_whoever_makes_the_rows(tmp_path: Path, one_practice_a_chunk: None) -> None:
    config = GeneratorConfig(practices=8, employees=16, weeks=1, demand=10)
    for parallel in (True, False):
        with pytest.raises(InputError, match="asks for") as refused:
            await MasterDataGenerator(config).generate([SqliteFile(tmp_path / "x.db"), CsvFolder(tmp_path / "out")], parallel=parallel)
        assert "demand" in str(refused.value.next_step)
        assert list(tmp_path.iterdir()) == []
    assert workers() == []


async def test_cancelled_it_leaves_nothing(tmp_path: Path) -> None:
    sinks = [SqliteFile(tmp_path / "x.db"), CsvFolder(tmp_path / "out")]
    started = asyncio.Event()
    task = asyncio.create_task(MasterDataGenerator(ENDLESS).generate(sinks, tell=lambda *_: started.set()))
    await started.wait()
    assert workers()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []
    assert workers() == []


async def test_a_worker_that_is_killed_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    def kill(*_: object) -> None:
        for worker in workers():
            worker.kill()

    with pytest.raises(OutsideError, match="a process that makes rows ended by signal 9.*perhaps memory ran out") as failed:
        await MasterDataGenerator(ENDLESS).generate([SqliteFile(tmp_path / "x.db")], tell=kill)
    assert "--no-parallel" in str(failed.value.next_step)
    assert list(tmp_path.iterdir()) == []


async def test_a_process_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_practice_a_chunk: None
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(OutsideError, match="a process that makes rows could not be started: .*No such file"):
        await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "x.db")])
    assert list(tmp_path.iterdir()) == []


async def test_memory_that_runs_out_is_told(tmp_path: Path) -> None:
    def tell(*_: object) -> None:
        raise MemoryError

    with pytest.raises(OutsideError, match="memory ran out"):
        await MasterDataGenerator(SMALL).generate([SqliteFile(tmp_path / "x.db")], tell=tell)
    assert list(tmp_path.iterdir()) == []


def test_workers_end_with_whoever_started_them(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from greedy.generate.people.chunk_ranges import chunks_of\n"
        "from greedy.generate.config import GeneratorConfig\n"
        "from greedy.generate.making.workers import made_ahead\n"
        "async def main():\n"
        "    config = GeneratorConfig(practices=2000, employees=60_000)\n"  # more than the pipes hold
        "    parts = made_ahead(config, chunks_of(config), (), count=2)\n"
        "    await anext(parts)\n"
        "    print('made', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        started = psutil.Process(process.pid).children()
        process.kill()
    assert said == b"made\n"
    assert len(started) == 2
    _, alive = psutil.wait_procs(started, timeout=PATIENCE_SECONDS)
    assert alive == []
