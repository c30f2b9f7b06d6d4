"""greedy db schema, and every command in the schema of a practice."""

from __future__ import annotations

import inspect
from pathlib import Path

import asyncpg
import pytest

from greedy.cli import database
from greedy.cli.doctor.direct import schema_fact
from greedy.cli.main import app
from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import migrations
from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import QUICK, ROSTER, Greedy
from tests.database.sync.test_restoring import LAST_MADE

TENANT = "Praktijk Zuid"
VERSIONS = [migration.version for migration in migrations()]


@pytest.fixture
def greedy(tmp_path: Path, database_url: str) -> Greedy:
    """The command over a database with a migrated, empty public."""
    return Greedy(tmp_path, DATABASE_URL=database_url)


async def execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def test_make_list_verify(greedy: Greedy, database_url: str) -> None:
    made = greedy.json("db", "schema", "create", TENANT)
    assert (made["schema"], made["applied"]) == (TENANT, VERSIONS)
    again = greedy("db", "schema", "create", TENANT)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, f"schema '{TENANT}' was up to date")
    assert f"next: greedy load DIR --schema '{TENANT}'" in again.stdout
    listed = greedy.json("db", "schema", "list")["schemas"]
    assert [(one["name"], one["applied"], one["pending"]) for one in listed] == [(TENANT, VERSIONS, []), ("public", VERSIONS, [])]
    await execute(database_url, f'alter table "{TENANT}".rosters disable trigger keep_rows_in_roster; create table "{TENANT}".theirs ()')
    done = greedy("db", "schema", "verify", DATABASE_SCHEMA=TENANT)
    assert done.returncode == 1
    first, second, verdict = done.stdout.splitlines()
    assert first == "off trigger rosters.keep_rows_in_roster: state is off"
    assert second == "harmless: extra table theirs"
    assert verdict.startswith(f"schema '{TENANT}' of ")
    assert ": 1 divergence, looked at in " in verdict
    ill = greedy.json("db", "schema", "verify", TENANT, code=1)
    assert (ill["ok"], [(one["kind"], one["what"], one["name"], one["harmless"]) for one in ill["divergences"]]) == (
        False, [("off", "trigger", "rosters.keep_rows_in_roster", False), ("extra", "table", "theirs", True)])  # fmt: skip
    healthy = greedy.json("db", "schema", "verify")
    assert (healthy["schema"], healthy["ok"], healthy["divergences"]) == ("public", True, [])
    doctor = greedy("doctor", "--schema", TENANT)
    assert doctor.returncode == 1
    assert f"WRONG  schema: {TENANT}: off trigger rosters.keep_rows_in_roster: state is off" in doctor.stdout
    assert f"next: greedy db schema verify '{TENANT}'" in doctor.stdout


def test_the_whole_job_in_the_schema_of_a_practice(greedy: Greedy) -> None:
    greedy.environment["DATABASE_SCHEMA"] = TENANT
    assert greedy("db", "schema", "create", TENANT).returncode == 0
    assert greedy.json("load", str(SAMPLE_DIR))["imported"] is True
    assert greedy("load", str(SAMPLE_DIR), "--schema", TENANT).stdout.endswith(f"next: greedy run {ROSTER} --schema '{TENANT}'\n")
    assert greedy.json("db", "migrate") | {"server": ""} == {"server": "", "schema": TENANT, "applied": []}
    document = greedy.json("run", ROSTER, *QUICK)
    assert (document["coverage"]["assigned"], document["verification"]["all_passed"]) == (227, True)
    assert [one["id"] for one in greedy.json("rosters")["rosters"]] == [ROSTER]
    # The option goes before the setting; in public there is nothing.
    assert greedy.json("rosters", "--schema", "public")["rosters"] == []
    assert greedy.json("db", "status")["schema"] == TENANT


@pytest.mark.parametrize("command", [("load", str(SAMPLE_DIR)), ("db", "migrate"), ("db", "status")])
async def test_a_schema_that_is_not_there_is_told_and_never_made(greedy: Greedy, database_url: str, command: tuple[str, ...]) -> None:
    said = greedy.fails(1, *command, "--schema", "praktijk_zuit")
    assert "has no schema 'praktijk_zuit' of a practice" in said
    assert "next: greedy db schema list shows those it has; greedy db schema create praktijk_zuit makes it" in said
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("select to_regnamespace('praktijk_zuit') is null")
    await connection.close()


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(("rosters", "--schema", "auth"), {}), (("rosters",), {"DATABASE_SCHEMA": "auth"}), (("db", "schema", "create", "auth"), {})],
)
def test_a_name_that_cannot_be_is_told_before_anything_is_opened(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    said = Greedy(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none").fails(1, *arguments, **environment)
    assert "error: 'auth' cannot be the schema of a practice: it belongs to Supabase" in said


async def test_a_doctor_without_the_right_to_compare_says_so(db: DBConnector) -> None:
    role = "doctor_without_rights"
    async with db.transaction() as connection:
        await connection.execute(f"create role {role}; grant usage on schema supabase_migrations to {role}")
        await connection.execute(f"grant select on supabase_migrations.schema_migrations to {role}; set local role {role}")
        fact = await schema_fact(connection)
        await connection.execute(f"reset role; drop owned by {role}; drop role {role}")
    assert (fact.good, fact.exit_code) == (True, 0)
    assert f"public, not compared with its migrations: the user '{role}' may not create schemas" in fact.text


def test_every_command_over_a_database_takes_a_schema() -> None:
    named = {"load", "export", "run", "verify", "report", "rosters", "doctor", "migrate", "status"}
    commands = [*app.registered_commands, *database.app.registered_commands]
    takes = {one.callback.__name__ for one in commands if one.callback and "schema" in inspect.signature(one.callback).parameters}
    assert takes >= named


async def test_the_schema_of_an_older_program_is_brought_up_to_date(greedy: Greedy, database_url: str) -> None:
    assert greedy("db", "schema", "create", "zuid").returncode == 0
    drop = "".join(f"drop {kind} zuid.{name};" for kind, name in LAST_MADE)
    forget = f"delete from zuid.schema_migrations where version = '{VERSIONS[-1]}';"
    await execute(database_url, drop + forget)
    assert "next: greedy db migrate --schema zuid" in greedy.fails(1, "rosters", "--schema", "zuid")
    listed = greedy("db", "schema", "list")
    assert (listed.returncode, "zuid: 1 migrations are pending\nnext: greedy db migrate --schema zuid" in listed.stdout) == (1, True)
    assert greedy("db", "migrate", "--schema", "zuid").stdout.startswith("schema 'zuid' of ")


def test_schemas_of_the_embedded_database(tmp_path: Path) -> None:
    greedy = Greedy(tmp_path)
    try:
        assert "has no schema 'zuid' of a practice" in greedy.fails(1, "load", str(SAMPLE_DIR), "--schema", "zuid")
        assert greedy("db", "schema", "create", "zuid", DATABASE_SCHEMA="noord").returncode == 0
        assert greedy.json("load", str(SAMPLE_DIR), "--schema", "zuid")["imported"] is True
    finally:
        greedy("db", "stop")
