"""Programs of PostgreSQL: which, and how they get their connection."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from greedy.database.sync import ProgramError, programs
from greedy.database.sync.programs import KEPT_BYTES, Program, pick_program, printable_lines, running, server_environment, with_database
from tests.timing import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        (
            "postgresql://me:p%40ss%2F@h:5433/d%20b",
            {"PGUSER": "me", "PGPASSWORD": "p@ss/", "PGHOST": "h", "PGPORT": "5433", "PGDATABASE": "d b"},
        ),
        ("postgresql://me@/d?host=/var/run/x", {"PGUSER": "me", "PGDATABASE": "d", "PGHOST": "/var/run/x"}),
        ("postgresql:///?user=me&password=p&dbname=d", {"PGUSER": "me", "PGPASSWORD": "p", "PGDATABASE": "d"}),
        (
            "postgres://[::1]/d?sslmode=verify-full&sslrootcert=/ca.pem",
            {"PGHOST": "::1", "PGDATABASE": "d", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem"},
        ),
        (
            "postgresql://h/d?role=a b&search_path=x\\y",
            {"PGHOST": "h", "PGDATABASE": "d", "PGOPTIONS": "-c role=a\\ b -c search_path=x\\\\y"},
        ),
        ("postgresql://h/path?dbname=query", {"PGHOST": "h", "PGDATABASE": "path"}),
    ],
)
def test_a_url_becomes_variables(url: str, variables: dict[str, str]) -> None:
    assert server_environment(url) == variables


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:1/old?sslmode=require", "postgresql:///old?host=/s&user=u", "postgresql://h?dbname=old"]
)
def test_another_database_of_the_same_server(url: str) -> None:
    changed = server_environment(with_database(url, 'new/"é?', role="own er"))
    assert changed == {**server_environment(url), "PGDATABASE": 'new/"é?', "PGOPTIONS": "-c role=own\\ er"}


def test_the_nearest_version_that_is_not_older(monkeypatch: pytest.MonkeyPatch) -> None:
    there = tuple(Program(Path(f"/{major}/pg_dump"), major, f"{major}.1") for major in (18, 15, 16))
    monkeypatch.setattr(programs, "found_programs", lambda name: there)
    assert [pick_program("pg_dump", at_least=major).major for major in (14, 15, 16, 17, 18)] == [15, 15, 16, 18, 18]
    with pytest.raises(ProgramError, match=r"pg_dump 19 or newer.*this machine has 18\.1 .*15\.1 .*16\.1"):
        pick_program("pg_dump", at_least=19)
    monkeypatch.setattr(programs, "found_programs", lambda name: ())
    with pytest.raises(ProgramError, match="this machine has none"):
        pick_program("pg_dump", at_least=15)


def test_the_embedded_programs_are_found() -> None:
    for name in ("pg_dump", "pg_restore"):
        assert any(program.major == 18 and "pgserver" in str(program.path) for program in programs.found_programs(name))


async def test_a_program_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ProgramError, match="sleep was ended after 0 seconds"):
        async with running(["sleep", "60"], variables={}, timeout_seconds=0.2) as sleeping:
            await sleeping.ended()
    assert sleeping.process.returncode == -9


async def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ProgramError, match="cannot start nothing-of-this-name"):
        async with running(["nothing-of-this-name"], variables={}, timeout_seconds=1):
            pass


async def test_own_secrets_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://geheim")
    monkeypatch.setenv("SUPABASE_KEY", "geheim")
    async with running(["env"], variables={"PGHOST": "h"}, timeout_seconds=PATIENCE_SECONDS) as program:
        said = await programs.all_output(program)
    assert b"PGHOST=h" in said
    assert b"geheim" not in said


def test_what_a_program_says_cannot_move_the_cursor() -> None:
    assert printable_lines(b"a\x1b[2Jb\r\n\x07\n \xffc") == ["a [2Jb", "\N{REPLACEMENT CHARACTER}c"]


async def test_of_what_a_program_says_the_end_is_kept() -> None:
    talk = "import sys; [print('x' * 99, file=sys.stderr) for _ in range(20_000)]; print('the end', file=sys.stderr)"
    async with running([sys.executable, "-c", talk], variables={}, timeout_seconds=PATIENCE_SECONDS) as program:
        await program.ended()
    assert program.lines()[-1] == "the end"
    assert len(program.said) <= KEPT_BYTES


async def test_a_program_that_ends_while_its_block_ends_is_no_mystery(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(60):
        async with running(["/bin/sh", "-c", "exec 1>&- 2>&-"], variables={}, timeout_seconds=PATIENCE_SECONDS) as program:
            assert await programs.all_output(program) == b""
    assert [record.message for record in caplog.records if record.name == "asyncio" and record.levelname == "WARNING"] == []
