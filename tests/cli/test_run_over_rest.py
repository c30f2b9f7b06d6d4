"""The job with nothing but SUPABASE_URL, SUPABASE_KEY and ROOSTER_ID gives the same roster as the job over a direct connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from greedy.database.embedded.server import EmbeddedServer
from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import QUICK, ROSTER, Greedy
from tests.databases import MIGRATED
from tests.supabase_project import Project

OTHER = "run_directly"
ROWS = """
select employee_id, date, a.dagdeel, status, s.code, source, notes, blocked_by_date, blocked_by_dagdeel, b.code as blocked_by
from roster_assignments as a left join service_types as s on s.id = service_id left join service_types as b on b.id = blocked_by_service_id
order by employee_id, date, a.dagdeel
"""
# What differs between two runs of the same plan
OF_THE_RUN = {"run_id", "phases_ms", "seconds", "seconds_to_best", "duration_ms"}


@pytest.fixture
async def other_url(server: EmbeddedServer) -> AsyncIterator[str]:
    """A second migrated, empty database."""
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"create database {OTHER} template {MIGRATED}")
    yield server.url(OTHER)
    await admin.execute(f"drop database {OTHER} with (force)")
    await admin.close()


async def rows(url: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    found = await connection.fetch(ROWS)
    await connection.close()
    return [tuple(row) for row in found]


def lasting(document: Any) -> Any:
    """A document without what belongs to the run and not to the roster."""
    if isinstance(document, dict):
        return {key: lasting(value) for key, value in document.items() if key not in OF_THE_RUN}
    return [lasting(item) for item in document] if isinstance(document, list) else document


async def test_the_same_roster_row_for_row(project: Project, other_url: str, tmp_path: Path) -> None:
    rest = Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key, ROOSTER_ID=ROSTER)
    direct = Greedy(tmp_path, DATABASE_URL=other_url, ROOSTER_ID=ROSTER)
    documents = []
    for greedy in (rest, direct):
        assert greedy("load", str(SAMPLE_DIR)).returncode == 0
        documents.append(greedy.json("run", *QUICK, "--seed", "3"))
    over_rest, directly = documents
    assert (over_rest["success"], over_rest["verification"]["all_passed"], over_rest["coverage"]["assigned"]) == (True, True, 227)
    assert lasting(over_rest) == lasting(directly)
    written = await rows(project.database_url)
    assert written == await rows(other_url)
    assert sum(row[5] == "greedy" for row in written) == 221
    again = rest.json("run", *QUICK, "--seed", "3", "--run-id", over_rest["run_id"])
    assert (again["success"], await rows(project.database_url) == written) == (True, True)


async def test_logs_over_rest_name_run_and_roster_and_never_the_key(project: Project, tmp_path: Path) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key, LOG_LEVEL="DEBUG")
    assert greedy("load", str(SAMPLE_DIR)).returncode == 0
    done = greedy("run", ROSTER, *QUICK, "--json", "--debug")
    assert json.loads(done.stdout)["success"] is True
    assert project.secret_key not in done.stdout + done.stderr
