"""Each role as its key or token makes it, through REST: every table, view and function."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from postgrest.exceptions import APIError

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from tests.roles.rights import CALLED, FORBIDDEN, PRIVATE, SHARED_TABLES, TABLES, TRIGGERS, VIEWS
from tests.supabase_project import ROLES, Project
from tests.timing import PATIENCE_SECONDS

ALL_TABLES = (*TABLES, *(name.rpartition(".")[2] for name in SHARED_TABLES))
NOT_SHOWN = ("PGRST202", FORBIDDEN)  # a function that a role may not see is not there for it, or forbidden


@asynccontextmanager
async def client_of(project: Project, role: str) -> AsyncIterator[AsyncClient]:
    """A client as each role has it: the secret key, the publishable one, or that and the token of somebody who has signed in."""
    headers = {}
    if role == "authenticated":
        # No `sub`: the server of the tests would look for that user, and there is no service of users beside it.
        token = jwt.encode({"role": role, "aud": role}, project.jwt_secret, algorithm="HS256")
        headers["Authorization"] = f"Bearer {token}"
    key = project.secret_key if role == "service_role" else project.publishable_key
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        yield await acreate_client(project.url, key, AsyncClientOptions(httpx_client=http, headers=headers))


async def outcome(request: Any) -> Any:
    """What a request answers, or the code of its refusal."""
    try:
        return (await request.execute()).data
    except APIError as exc:
        return exc.code


@pytest.mark.parametrize("role", ROLES)
async def test_every_table_and_view(project: Project, db: DBConnector, filled: PracticeTables, role: str) -> None:
    found, expected = {}, {}
    async with client_of(project, role) as client:
        for name in (*TABLES, *VIEWS):
            column = await db.execute(
                "select attname::text from pg_attribute where attrelid = $1::text::regclass and attnum = 1", [name], fetch_val=True
            )
            row = dict(await db.execute(f"select * from {name} limit 1", fetch_row=True))
            row = {key: value if isinstance(value, (int, type(None), dict)) else str(value) for key, value in row.items()}
            read = await outcome(client.table(name).select("*").limit(5))
            found[name, "select"] = read if read == FORBIDDEN else len(read)
            expected[name, "select"] = (
                FORBIDDEN
                if role == "anon" or (role == "authenticated" and name in PRIVATE)
                else await db.execute(f"select least(count(*), 5) from {name}", fetch_val=True)
            )
            if name in VIEWS:
                continue
            nobody = str(uuid4()) if row[column] and len(str(row[column])) == 36 else "nobody"
            found[name, "insert"] = await outcome(client.table(name).insert(row, returning="minimal"))
            found[name, "update"] = await outcome(client.table(name).update({column: row[column]}, returning="minimal").eq(column, nobody))
            found[name, "delete"] = await outcome(client.table(name).delete(returning="minimal").eq(column, nobody))
            # The row is there already: who may write is told so.
            expected |= {(name, verb): [] if role == "service_role" else FORBIDDEN for verb in ("insert", "update", "delete")}
            if role == "service_role":
                expected[name, "insert"] = "23505"
    assert found == expected


@pytest.mark.parametrize("role", ROLES)
async def test_every_function(project: Project, filled: PracticeTables, role: str) -> None:
    async with client_of(project, role) as client:
        for name, arguments in CALLED.items():
            given = {key: str(filled.roster.id) if key == "p_roster_id" else value for key, value in arguments.items()}
            answer = await outcome(client.rpc(name, given))
            if role == "service_role":
                assert answer not in NOT_SHOWN, name
            else:
                assert answer in NOT_SHOWN, name
        assert await outcome(client.rpc("apply_access_v1", {})) in NOT_SHOWN
        for name in TRIGGERS:
            answer = await outcome(client.rpc(name, {}))
            assert isinstance(answer, str), (name, answer)  # refused, here for its type, by PostgREST as unknown


async def test_a_wrong_key_or_token_is_nobody(project: Project, filled: PracticeTables) -> None:
    """No key, a key of another project, a token that this project did not sign."""
    token = jwt.encode({"role": "service_role"}, "x" * 32, algorithm="HS256")
    for headers in (
        {},
        {"apikey": "sb_secret_of_another_project"},
        {"apikey": project.publishable_key, "Authorization": f"Bearer {token}"},
    ):
        async with httpx.AsyncClient(base_url=f"{project.url}/rest/v1", headers=headers, timeout=PATIENCE_SECONDS) as http:
            for request in (http.get("/rosters"), http.post("/rpc/list_rosters_v1", json={})):
                answer = await request
                assert answer.status_code in (401, 403), answer.text
                assert str(filled.roster.id) not in answer.text


async def test_the_job_has_facts_that_a_roster_needs(project: Project, db: DBConnector, filled: PracticeTables) -> None:
    async with client_of(project, "service_role") as client:
        facts = (await client.rpc("database_facts_v1", {}).execute()).data
        assert (facts["role"], facts["bypasses_rls"], facts["access_faults"]) == ("service_role", True, [])
        assert facts["row_level_security"] == dict.fromkeys(ALL_TABLES, True)
        assert facts["migrations"] == (await client.rpc("applied_migrations_v1", {}).execute()).data
        counts = (await client.rpc("count_slots_v1", {"p_roster_id": str(filled.roster.id)}).execute()).data
        assert counts["open_rows"] == 1274
        assert (await client.rpc("count_slots_v1", {"p_roster_id": str(uuid4())}).execute()).data is None
        await db.execute("revoke update on rosters from service_role; revoke execute on function lock_roster from service_role;"
                         "alter table rosters disable row level security")  # fmt: skip
        facts = (await client.rpc("database_facts_v1", {}).execute()).data
        assert [f"{one['role']} {one['fault']}" for one in facts["access_faults"]] == [
            "service_role lacks EXECUTE on function lock_roster",
            "service_role lacks UPDATE on table rosters",
        ]
        assert facts["row_level_security"] == {**dict.fromkeys(ALL_TABLES, True), "rosters": False}
