"""Dumping the real database: one state, one file, nothing half."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from greedy.database.errors import SchemaError
from greedy.database.schema.migrations import migrations
from greedy.database.sync import DatabaseSyncManager, DumpError, ProgramError, opened_dump
from greedy.database.sync.new_file import UNFINISHED
from greedy.errors import SettingsError
from tests.database.sync.conftest import Killer, content, run
from tests.timing import PATIENCE_SECONDS, until

DUMP = """
import asyncio, sys
from pathlib import Path
from greedy.database.sync import DatabaseSyncManager
print("begin", flush=True)
asyncio.run(DatabaseSyncManager(sys.argv[1], dumps_dir=Path(sys.argv[2]).parent).dump(Path(sys.argv[2]), force=True))
"""


async def test_what_a_manifest_says(manager: DatabaseSyncManager, loaded_url: str, dump_path: Path) -> None:
    with opened_dump(dump_path) as file:
        manifest = file.check()
    versions = [migration.version for migration in migrations()]
    assert (manifest.format, manifest.server_major, manifest.schema_version) == (1, 18, versions[-1])
    assert [one.version for one in manifest.migrations["public"]] == versions
    assert manifest.rows == {name: len(rows) for name, rows in (await content(loaded_url)).items()}
    assert manifest.rows["public.roster_assignments"] > 100
    assert manifest.schemas == ("bronze", "meta", "public", "supabase_migrations")
    assert manifest.definitions["triggers"].count == 15
    assert dump_path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in dump_path.parent.iterdir() if path.name.startswith(".")] == []


async def test_counts_and_rows_are_of_one_moment(manager: DatabaseSyncManager, loaded_url: str, tmp_path: Path) -> None:
    """A writer adds rows all the time; every dump's counts fit its rows, or its restore would be refused."""
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            await run(
                loaded_url, "insert into rosters (start_date, end_date) select '2026-01-01', '2026-01-07' from generate_series(1, 50)"
            )
            written += 1

    async def has_written(more_than: int) -> bool:
        return written > more_than

    writing = asyncio.create_task(write())
    try:
        counts = set()
        for number in range(3):
            await until(partial(has_written, written))  # between two dumps too
            made = await manager.dump(tmp_path / f"{number}.dump")
            counts.add(made.manifest.rows["public.rosters"])
    finally:
        stop.set()
        await writing
    assert len(counts) == 3
    restored = await manager.restore(tmp_path / "2.dump")
    assert len((await content(loaded_url))["public.rosters"]) == max(counts) == restored.manifest.rows["public.rosters"]


async def test_which_schemas(manager: DatabaseSyncManager, loaded_url: str, tmp_path: Path) -> None:
    odd = 'Praktijk "Zuid", é.*'
    quoted = '"' + odd.replace('"', '""') + '"'
    await run(
        loaded_url,
        f"create schema auth; create table auth.users (x int); create schema storage; create schema {quoted}; create table {quoted}.t (x int)",
    )
    assert (await manager.dump(tmp_path / "all.dump")).manifest.schemas == (odd, "bronze", "meta", "public", "supabase_migrations")
    assert (await manager.dump(tmp_path / "one.dump", schemas=[odd])).manifest.rows == {f"{quoted}.t": 0}
    assert (await manager.dump(tmp_path / "public.dump", schemas=["public"])).manifest.schemas == ("public", "supabase_migrations")
    for refused in ("auth", "pg_catalog", "nowhere", "public; drop table rosters", '"public"', "p*"):
        with pytest.raises(SchemaError, match="has no schema"):
            await manager.dump(tmp_path / "none.dump", schemas=[refused])
    assert not (tmp_path / "none.dump").exists()


async def test_a_database_without_tables_is_no_dump(manager: DatabaseSyncManager, loaded_url: str, tmp_path: Path) -> None:
    """It would be restored over one that has some."""
    await run(
        loaded_url,
        "drop schema public cascade; drop schema supabase_migrations, bronze, meta cascade; create schema public; create schema notes",
    )
    for schemas in ((), ("notes",)):
        with pytest.raises(DumpError, match="has no tables to dump"):
            await manager.dump(tmp_path / "new.dump", schemas=schemas)
    assert list(tmp_path.glob("*.dump")) == []


async def test_files_that_cannot_be(manager: DatabaseSyncManager, dump_path: Path, tmp_path: Path) -> None:
    before = dump_path.read_bytes()
    with pytest.raises(DumpError, match="exists already"):
        await manager.dump(dump_path)
    assert dump_path.read_bytes() == before
    with pytest.raises(DumpError, match="cannot write into .*No such file"):
        await manager.dump(tmp_path / "nowhere" / "x.dump")
    with pytest.raises(DumpError, match="is not a file"):
        await manager.dump(tmp_path, force=True)
    with pytest.raises(DumpError, match="is not a file"):
        await manager.dump(Path("/dev/null"), force=True)
    await manager.dump(dump_path, force=True)
    assert dump_path.read_bytes() != before


async def test_a_full_disk_leaves_the_old_file_and_nothing_else(dump_path: Path, loaded_url: str) -> None:
    before = dump_path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", DUMP, loaded_url, str(dump_path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.stderr.splitlines()[-1].startswith("greedy.database.sync.errors.ProgramError: cannot write")
    assert "File too large" in done.stderr.splitlines()[-1]
    assert dump_path.read_bytes() == before
    assert list(dump_path.parent.glob(UNFINISHED.format("*"))) == []


def test_killed_at_any_moment_the_old_file_stays_and_the_rest_is_cleaned_up(dump_path: Path, loaded_url: str) -> None:
    left = killed = 0
    with Killer("dump", loaded_url, dump_path) as kill:
        for number, seconds in enumerate(kill.moments(24)):
            if number >= 24 and left and killed > 5:
                break
            killed += kill(seconds)
            left += len(list(dump_path.parent.glob(UNFINISHED.format("*"))))
            with opened_dump(dump_path) as file:
                file.check()
        assert left
        assert killed > 5
        assert not kill(PATIENCE_SECONDS)
    assert list(dump_path.parent.glob(UNFINISHED.format("*"))) == []


async def test_a_file_that_somebody_still_writes_is_not_cleaned_up(manager: DatabaseSyncManager, tmp_path: Path) -> None:
    both = await asyncio.gather(*(manager.dump(tmp_path / f"{number}.dump") for number in range(3)))
    assert len({made.path for made in both}) == 3


async def test_several_dated_dumps_at_once_are_several_files(manager: DatabaseSyncManager) -> None:
    made = await asyncio.gather(*(manager.dump() for _ in range(3)))
    assert {dump.path for dump in made} == set(manager.dumps())
    assert len(manager.dumps()) == 3


async def test_dated_dumps_and_how_many_are_kept(manager: DatabaseSyncManager) -> None:
    first = (await manager.dump()).path
    assert first.parent == manager.dumps_dir
    assert manager.dumps_dir.stat().st_mode & 0o777 == 0o700
    for year in (2020, 2021, 2022):
        first.with_name(first.name.replace("-20", f"-{year}")[: len(first.name)]).write_bytes(b"")
    other = manager.dumps_dir / "other-20200101T000000Z.dump"
    other.write_bytes(b"")
    older = manager.dumps()
    assert older[-1] == first
    assert manager.keep_last(2) == older[:-2]
    assert manager.dumps() == older[-2:]
    assert manager.keep_last(0) == older[-2:-1]  # the newest stays, whatever was asked
    assert other.exists()


async def test_no_program_for_a_newer_server(manager: DatabaseSyncManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from greedy.database.sync import programs

    old = programs.Program(Path("/usr/bin/pg_dump"), 15, "15.7")
    monkeypatch.setattr(programs, "found_programs", lambda name: (old,))
    with pytest.raises(ProgramError, match=r"pg_dump 18 or newer is needed for PostgreSQL 18; this machine has 15\.7 \(/usr/bin/pg_dump\)"):
        await manager.dump(tmp_path / "x.dump")
    assert list(tmp_path.iterdir()) == []


async def test_what_pg_dump_says_is_told(manager: DatabaseSyncManager, loaded_url: str, tmp_path: Path) -> None:
    """A table that this user may not read."""
    await run(loaded_url, "create role dump_nobody; grant usage on schema public to dump_nobody")
    try:
        limited = DatabaseSyncManager(f"{loaded_url}&role=dump_nobody", dumps_dir=tmp_path)
        with pytest.raises(Exception, match="permission denied|refused") as caught:
            await limited.dump(tmp_path / "x.dump")
        assert getattr(caught.value, "next_step", None)
        assert list(tmp_path.glob("*.dump")) == []
    finally:
        await run(loaded_url, "drop owned by dump_nobody; drop role dump_nobody")


async def test_a_pooler_in_transaction_mode_is_refused(tmp_path: Path) -> None:
    manager = DatabaseSyncManager("postgresql://postgres:geheim@db.example:6543/postgres", dumps_dir=tmp_path)
    with pytest.raises(SettingsError, match="pooler in transaction mode") as caught:
        await manager.dump(tmp_path / "x.dump")
    assert "geheim" not in str(caught.value)


async def test_the_password_is_in_no_list_of_processes(loaded_url: str, tmp_path: Path) -> None:
    """Every argument of every process is looked at while a dump runs."""
    secret = uuid4().hex  # which nobody else on this machine has
    url = loaded_url.replace("@/", f":{secret}%20im@/")
    seen: set[str] = set()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", DUMP.replace("sys.argv[1]", "__import__('os').environ['URL']"), "x", str(tmp_path / "x.dump"), env={**os.environ, "URL": url})  # fmt: skip
    while process.returncode is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(path.read_text(errors="replace"))
            except OSError:
                continue
        await asyncio.sleep(0)
    assert process.returncode == 0
    assert any("pg_dump" in line for line in seen)
    assert not any(secret in line for line in seen)
