"""greedy doctor over REST: what is wrong with a project is named, with the next step, whatever it is."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import asyncpg
import jwt
import pytest

from greedy.cli.doctor.facts import Fact
from greedy.cli.doctor.project import LEAST_SECONDS, ProjectFacts, Remedies, key_fact, project_facts, project_settings_fact
from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrations
from greedy.database.schema.setup import SchemaSetup
from greedy.formats.tables import PracticeTables
from greedy.persist.trigger_verifier import TRIGGERS
from greedy.settings import Settings
from greedy.store.postgres import PostgresStore
from tests.cli.test_cli import ROSTER, Greedy
from tests.supabase_project import Project, RestServer, make_default_privileges
from tests.timing import PATIENCE_SECONDS

HEALTHY = ["connection", "key", "migrations", "grants", "row level security", "triggers", "clock", "time limit"]


def settings_of(project: Project, **others: str) -> Settings:
    return Settings(_env_file=None, **{"supabase_url": project.url, "supabase_key": project.secret_key, **others})


async def look(project: Project, *, now: Callable[[], dt.datetime] | None = None, **others: str) -> dict[str, Fact]:
    settings = settings_of(project, **others)
    clock = {"now": now} if now else {}
    return {fact.name: fact async for fact in project_facts(settings, None, **clock)}


def only_wrong(found: dict[str, Fact]) -> Fact:
    """The one fact that is wrong; it has a next step and an exit code."""
    (fact,) = [fact for fact in found.values() if not fact.good]
    assert fact.next_step
    assert fact.exit_code in (1, 2)
    return fact


async def execute(project: Project, sql: str) -> None:
    connection = await asyncpg.connect(project.database_url)
    await connection.execute(sql)
    await connection.close()


@pytest.fixture
async def empty(server: EmbeddedServer, rest_server: RestServer, request: pytest.FixtureRequest) -> AsyncIterator[Callable[[str], object]]:
    """Makes a project whose database holds what a script makes, and nothing else."""
    name = f"doctor_{abs(hash(request.node.name))}"
    admin = await asyncpg.connect(server.url("postgres"))
    opened = []

    async def make(sql: str) -> Project:
        await admin.execute(f"create database {name}")
        connection = await asyncpg.connect(server.url(name))
        await make_default_privileges(connection)
        await connection.execute(sql)
        await connection.close()
        opened.append(name)
        return await rest_server.open(name)

    yield make
    for database in opened:
        await rest_server.close(database)
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.close()


async def test_a_healthy_project(project: Project) -> None:
    found = await look(project)
    assert list(found) == HEALTHY
    assert {fact.good for fact in found.values()} == {True}
    host = urlsplit(project.url).netloc
    assert found["connection"].text.startswith(f"{host}, PostgreSQL 18.")
    assert "a round trip takes" in found["connection"].text
    assert found["key"].text == "accepted; it makes us service_role"
    assert found["migrations"].text == f"all {len(migrations())} applied"
    assert found["triggers"].text == f"all {len(TRIGGERS)} triggers are enabled"
    assert {fact.next_step for fact in found.values()} == {None}


async def test_a_database_that_is_not_migrated(empty: Callable[[str], object]) -> None:
    found = await look(await empty("select"))
    fact = only_wrong(found)
    assert list(found) == ["connection", "migrations"]
    assert "supabase db push --remote URL, or greedy db migrate --database URL" in fact.next_step
    assert "notify pgrst, 'reload schema'" in fact.next_step
    assert fact.exit_code == 1


async def test_a_database_of_an_older_release(empty: Callable[[str], object]) -> None:
    found = await look(await empty("".join(migration.sql for migration in migrations()[:5])))
    fact = only_wrong(found)
    assert (fact.name, fact.exit_code) == ("migrations", 1)
    assert "has older functions of this program, and lacks those of this version" in fact.text
    assert "notify pgrst, 'reload schema'" in fact.next_step


async def test_a_database_that_is_partly_migrated_or_newer(project: Project) -> None:
    await execute(project, f"delete from supabase_migrations.schema_migrations where version = '{migrations()[-1].version}'")
    found = await look(project)
    assert list(found) == ["connection", "key", "migrations"]
    assert only_wrong(found).text == "1 pending, 0 of a newer version of this program"
    assert "supabase db push" in only_wrong(found).next_step
    await execute(project, "insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
    fact = only_wrong(await look(project))
    assert (fact.text, fact.next_step) == ("1 pending, 1 of a newer version of this program", "update this program")


@pytest.mark.parametrize("role", [None, "anon", "authenticated"])
def test_a_key_that_is_not_secret_is_found_before_anything_is_sent(role: str | None) -> None:
    nobody = Project("http://127.0.0.1:1", "", "", "sb_publishable_geheim", "x" * 32)
    key = nobody.publishable_key if role is None else jwt.encode({"role": role, "iss": "supabase"}, nobody.jwt_secret)
    fact = project_settings_fact(settings_of(nobody, supabase_key=key))
    assert (fact.name, fact.good, fact.exit_code) == ("settings", False, 1)
    assert "SUPABASE_KEY is" in fact.text
    assert "sb_secret_..." in fact.next_step
    assert key not in fact.text + fact.next_step


def test_settings_say_which_project_and_what_kind_of_key(project: Project) -> None:
    fact = project_settings_fact(settings_of(project))
    assert (fact.good, fact.next_step) == (True, None)
    assert "Supabase over REST at 127.0.0.1" in fact.text
    assert "a secret key" in fact.text
    legacy = jwt.encode({"role": "service_role", "iss": "supabase"}, project.jwt_secret)
    fact = project_settings_fact(settings_of(project, supabase_key=legacy))
    assert fact.good
    assert "legacy" in fact.text
    assert "sb_secret_" in fact.next_step
    assert legacy[:20] not in fact.text


async def test_a_wrong_key(project: Project) -> None:
    found = await look(project, supabase_key="sb_secret_of_another_project")
    assert list(found) == ["connection", "key"]
    fact = only_wrong(found)
    assert (fact.name, fact.exit_code) == ("key", 1)
    assert "401" in fact.text
    assert "SUPABASE_KEY" in fact.next_step
    assert "sb_secret_of" not in fact.text + fact.next_step


@pytest.mark.parametrize(
    ("role", "bypasses", "said", "next_step"),
    [
        ("service_role", True, "accepted; it makes us service_role", None),
        ("planner", True, "accepted, but it makes us planner, and the program needs service_role", "SUPABASE_KEY"),
        ("service_role", False, "row level security hides every row", "alter role service_role bypassrls"),
    ],
)
def test_who_a_key_makes_us(role: str, bypasses: bool, said: str, next_step: str | None) -> None:
    """Servers of one's own have other keys and roles than a hosted project."""
    facts = {"server_version": "17", "now": dt.datetime.now(dt.UTC), "statement_timeout_ms": 0}
    nothing = {"migrations": [], "triggers": [], "row_level_security": {}, "access_faults": []}
    fact = key_fact(ProjectFacts(role=role, bypasses_rls=bypasses, **facts, **nothing), Remedies("public"))
    assert (fact.name, fact.good, fact.exit_code) == ("key", next_step is None, 0 if next_step is None else 1)
    assert said in fact.text
    assert (next_step or "") in (fact.next_step or "")


async def test_the_schema_of_a_practice(project: Project, db: DBConnector, rest_server: RestServer) -> None:
    await SchemaSetup(db).ensure_project_schema("zuid")
    # The REST server of the tests, unlike PostgREST, wants some right to every table of a schema that it serves.
    await db.execute("grant references on zuid.schema_migrations to authenticator")
    database = urlsplit(project.database_url).path.lstrip("/")
    await rest_server.close(database)
    served = await rest_server.open(database, schemas=["public", "zuid"])
    assert {name: fact.good for name, fact in (await look(served, database_schema="zuid")).items()} == dict.fromkeys(HEALTHY, True)
    await db.execute("alter table zuid.employees disable row level security")
    await db.execute("revoke select on zuid.employees from service_role")
    found = await look(served, database_schema="zuid")
    wrong = {name: fact.next_step.removeprefix("in the SQL editor: ") for name, fact in found.items() if not fact.good}
    assert list(wrong) == ["grants", "row level security"]
    for sql in wrong.values():
        await db.execute(sql)
    assert all(fact.good for fact in (await look(served, database_schema="zuid")).values())
    await db.execute(f"delete from zuid.schema_migrations where version = '{migrations()[-1].version}'")
    assert only_wrong(await look(served, database_schema="zuid")).next_step == "greedy db migrate --schema zuid --database URL"


async def test_a_schema_that_no_practice_can_have(project: Project) -> None:
    """What a REST server would say of it, to expose it, is bad advice."""
    fact = only_wrong(await look(project, database_schema="auth"))
    assert (fact.exit_code, "'auth' cannot be the schema of a practice" in fact.text) == (1, True)
    fact = only_wrong(await look(project, database_schema="zuid"))
    assert (fact.name, fact.exit_code) == ("migrations", 1)
    assert "does not serve this schema" in fact.text
    assert "Exposed schemas" in fact.next_step


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://nowhere.invalid"])
async def test_a_server_that_does_not_answer(project: Project, url: str) -> None:
    found = await look(project, supabase_url=url)
    assert list(found) == ["connection"]
    assert only_wrong(found).exit_code == 2
    assert urlsplit(url).netloc in only_wrong(found).text


async def test_a_database_that_is_gone_behind_its_server(project: Project, server: EmbeddedServer) -> None:
    database = urlsplit(project.database_url).path.lstrip("/")
    assert all(fact.good for fact in (await look(project)).values())
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = '{database}'")
    await admin.execute(f"alter database {database} rename to {database}_away")
    found = await look(project)
    await admin.execute(f"alter database {database}_away rename to {database}")
    await admin.close()
    assert (list(found), only_wrong(found).exit_code) == (["connection"], 2)


async def test_triggers_that_are_off_or_gone(project: Project) -> None:
    await execute(
        project,
        "alter table roster_assignments disable trigger keep_blocking_true_after_update; drop trigger keep_rows_in_roster on rosters",
    )
    found = await look(project)
    assert list(found) == HEALTHY
    assert (only_wrong(found).name, only_wrong(found).exit_code) == ("triggers", 1)
    assert "trigger keep_blocking_true_after_update on roster_assignments is disabled" in only_wrong(found).text
    assert "trigger keep_rows_in_roster is missing on rosters" in only_wrong(found).text


async def test_grants_that_were_taken_away(project: Project) -> None:
    await execute(
        project,
        "revoke insert, update on roster_assignments from service_role; revoke execute on function write_roster_v1 from service_role",
    )
    found = await look(project)
    assert list(found) == HEALTHY
    fact = only_wrong(found)
    assert (fact.name, fact.exit_code) == ("grants", 1)
    assert "roster_assignments" in fact.text
    assert "write_roster_v1" in fact.text
    await execute(project, "revoke execute on function database_facts_v1 from service_role")
    fact = only_wrong(await look(project))
    assert (fact.name, fact.exit_code) == ("grants", 1)
    assert "database_facts_v1" in fact.text
    await execute(project, fact.next_step.partition("in the SQL editor: ")[2])
    assert all(fact.good for fact in (await look(project)).values())


async def test_grants_that_are_too_many(project: Project) -> None:
    await execute(project, "grant select on employees to anon; grant execute on function write_roster_v1 to authenticated")
    fact = only_wrong(await look(project))
    assert (fact.name, fact.exit_code) == ("grants", 1)
    assert fact.text == "anon has SELECT on table employees, authenticated has EXECUTE on function write_roster_v1"
    await execute(project, fact.next_step.partition("in the SQL editor: ")[2])
    assert all(fact.good for fact in (await look(project)).values())


async def test_row_level_security_that_is_off(project: Project) -> None:
    await execute(project, "alter table employees disable row level security; alter table rosters disable row level security")
    fact = only_wrong(await look(project))
    assert (fact.name, fact.exit_code) == ("row level security", 1)
    assert "employees" in fact.text
    assert "rosters" in fact.text
    await execute(project, fact.next_step.removeprefix("in the SQL editor: "))
    assert all(fact.good for fact in (await look(project)).values())


@pytest.mark.parametrize(("seconds", "said"), [(-3600, "ahead of"), (3600, "behind"), (-4, None), (4, None)])
async def test_clocks_that_differ(project: Project, seconds: int, said: str | None) -> None:
    found = await look(project, now=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))
    if said is None:
        assert found["clock"].good
    else:
        fact = only_wrong(found)
        assert (fact.name, fact.exit_code) == ("clock", 1)
        told = re.fullmatch(f"the server's is (\\d+) s {said} that of this machine", fact.text)
        assert told is not None, fact.text
        assert int(told[1]) == pytest.approx(3600, abs=PATIENCE_SECONDS)  # half of a round trip is not known


async def test_a_time_limit_that_is_too_short(project: Project) -> None:
    database = urlsplit(project.database_url).path.lstrip("/")
    for limit, good, said in (
        ("0", True, "none"),
        ("8s", True, "8 s for a statement"),
        (f"{LEAST_SECONDS - 1:.0f}s", False, "4 s for a statement"),
    ):
        await execute(project, f"alter role authenticator in database {database} set statement_timeout = '{limit}'")
        await execute(
            project,
            f"select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = '{database}' and pid <> pg_backend_pid()",
        )
        found = await look(project)
        assert (found["time limit"].good, said in found["time limit"].text) == (good, True), found
    assert "alter role service_role set statement_timeout" in only_wrong(found).next_step


async def test_the_roster_that_a_run_would_plan(project: Project, db: DBConnector, sample: PracticeTables) -> None:
    fact = only_wrong(await look(project, rooster_id=ROSTER))
    assert (fact.name, fact.exit_code) == ("roster", 1)
    assert f"no roster has the id {ROSTER}" in fact.text
    await PostgresStore(db).import_tables(sample)
    fact = (await look(project, rooster_id=ROSTER))["roster"]
    assert fact.good
    assert "2025-11-24 to 2025-12-28, draft: 14 employees, 227 shifts asked for" in fact.text
    await db.execute("update rosters set status = 'final'")
    fact = only_wrong(await look(project, rooster_id=ROSTER))
    assert "final" in fact.text
    assert "in_progress" in fact.next_step
    fact = only_wrong(await look(project, rooster_id="not-an-id"))
    assert "'not-an-id' is not a roster id" in fact.text


async def test_an_answer_of_somebody_else(empty: Callable[[str], object]) -> None:
    """A server that has a function of this name, of another program or release."""
    found = await look(await empty("create function database_facts_v1() returns jsonb language sql as $$ select '{}'::jsonb $$"))
    assert only_wrong(found).exit_code == 1


async def test_the_command(tmp_path: object, project: Project) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key)
    done = greedy("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [f"ok     {name}" for name in ["python", "settings", "solver", *HEALTHY]]
    document = greedy.json("doctor")
    assert document["healthy"] is True
    assert [fact["name"] for fact in document["facts"]] == ["python", "settings", "solver", *HEALTHY]
    await execute(project, "alter table employees disable row level security")
    assert greedy.json("doctor", code=1)["healthy"] is False
    assert greedy("doctor", SUPABASE_URL="http://127.0.0.1:1").returncode == 2
    wrong = greedy("doctor", "--debug", SUPABASE_KEY="sb_secret_of_another_project", LOG_LEVEL="DEBUG")
    assert wrong.returncode == 1
    said = done.stdout + wrong.stdout + wrong.stderr + json.dumps(document)
    assert project.secret_key not in said
    assert "sb_secret_of" not in said


@pytest.mark.parametrize(("missing", "said"), [("SUPABASE_URL", "SUPABASE_URL is not"), ("SUPABASE_KEY", "SUPABASE_KEY is not")])
def test_half_of_the_settings(tmp_path: object, missing: str, said: str) -> None:
    both = {"SUPABASE_URL": "https://abcdefghijklmnopqrst.supabase.co", "SUPABASE_KEY": "sb_secret_geheim"}
    done = Greedy(tmp_path, **{name: value for name, value in both.items() if name != missing})("doctor")
    assert done.returncode == 1
    assert f"WRONG  settings: {both.keys() - {missing}}".replace("{'", "").replace("'}", "") in done.stdout
    assert said in done.stdout
    assert "geheim" not in done.stdout + done.stderr
